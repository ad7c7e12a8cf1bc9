//! How a call fails: a negative errno, a text, and never a panic.

use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;

/// Why a call failed. The caller owns it; every call that takes one takes NULL
/// as well, and writes it on failure only.
#[repr(C)]
pub struct podnet_error {
    /// What the call returned: a negative errno value.
    pub code: c_int,
    /// One line, "path: what: why", UTF-8, cut to fit.
    pub text: [c_char; 1020],
}

const _: () = assert!(size_of::<podnet_error>() == 1024);

/// An errno value and the text that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub errno: c_int,
    pub text: String,
}

impl Failure {
    pub fn new(errno: c_int, text: impl Into<String>) -> Failure {
        Failure { errno, text: text.into() }
    }

    pub fn invalid(what: &str, why: &str) -> Failure {
        Failure::new(libc::EINVAL, format!("{what}: {why}"))
    }

    fn panic(payload: &(dyn std::any::Any + Send)) -> Failure {
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = message.unwrap_or("no message");
        Failure::new(libc::ENOTRECOVERABLE, format!("podnet: internal error: {message}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(error.errno(), error.to_string())
    }
}

/// Runs the body of an export: 0, or the negative errno of what went wrong.
pub(crate) fn guard(err: *mut podnet_error, body: impl FnOnce() -> Result<(), Failure>) -> c_int {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return 0,
        Ok(Err(failure)) => failure,
        Err(payload) => Failure::panic(payload.as_ref()),
    };
    let code = -failure.errno;
    if !err.is_null() {
        // SAFETY: the caller says that `err` is NULL or a podnet_error to write to.
        unsafe { err.write(podnet_error { code, text: cut(&failure.text) }) };
    }
    code
}

/// As much of `text` as fits before the final NUL, cut between characters.
fn cut(text: &str) -> [c_char; 1020] {
    let mut cut = [0; 1020];
    let mut end = text.len().min(cut.len() - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for (to, from) in cut.iter_mut().zip(&text.as_bytes()[..end]) {
        // A NUL would hide the rest.
        *to = if *from == 0 { b'?' } else { *from } as c_char;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn text(error: &podnet_error) -> &str {
        // SAFETY: `cut` leaves a NUL at the end at least.
        unsafe { CStr::from_ptr(error.text.as_ptr()) }.to_str().unwrap()
    }

    fn empty() -> podnet_error {
        podnet_error { code: 7, text: [1; 1020] }
    }

    #[test]
    fn success_writes_nothing() {
        let mut error = empty();
        assert_eq!(guard(&mut error, || Ok(())), 0);
        assert_eq!((error.code, error.text[1019]), (7, 1));
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let mut error = empty();
        let code = guard(&mut error, || panic!("seven {}", 7));
        assert_eq!((code, error.code), (-libc::ENOTRECOVERABLE, -libc::ENOTRECOVERABLE));
        assert_eq!(text(&error), "podnet: internal error: seven 7");
        assert_eq!(guard(std::ptr::null_mut(), || panic!("seven")), -libc::ENOTRECOVERABLE);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut error = empty();
        let long = format!("x{}", "é".repeat(1000));
        assert_eq!(guard(&mut error, || Err(Failure::new(libc::EIO, long.clone()))), -libc::EIO);
        assert_eq!(text(&error), &long[..1019]);
        let longer = format!("xy{}", "é".repeat(1000));
        guard(&mut error, || Err(Failure::new(libc::EIO, longer.clone())));
        assert_eq!(text(&error), &longer[..1018]);
    }

    #[test]
    fn a_nul_does_not_hide_the_rest() {
        let mut error = empty();
        guard(&mut error, || Err(Failure::invalid("a\0b", "c")));
        assert_eq!(text(&error), "a?b: c");
    }
}
