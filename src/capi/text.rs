//! Strings for C.

use std::borrow::Cow;
use std::ffi::c_char;

/// `text` without NUL characters, which would hide what follows them: each is shown as U+FFFD,
/// so that a path or name with one is never taken for another.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A copy that `free()` takes back; `None` without memory.
pub(crate) fn malloc(text: &str) -> Option<*mut c_char> {
    let text = without_nul(text);
    // SAFETY: malloc takes any size.
    let copy = unsafe { libc::malloc(text.len() + 1) }.cast::<u8>();
    if copy.is_null() {
        return None;
    }
    // SAFETY: the new block has room for the text and the NUL after it.
    unsafe {
        copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
        copy.add(text.len()).write(0);
    }
    Some(copy.cast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn copies_text_and_shows_nul() {
        for (text, copied) in [("", ""), ("net1", "net1"), ("a\0b", "a\u{fffd}b")] {
            let copy = malloc(text).unwrap();
            // SAFETY: `copy` is a string from malloc, and freed once.
            unsafe {
                assert_eq!(CStr::from_ptr(copy).to_str().unwrap(), copied);
                libc::free(copy.cast());
            }
        }
    }
}
