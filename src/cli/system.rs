//! The few system calls that the standard library does not wrap, or wraps in another way.

#![allow(unsafe_code, reason = "system calls")]

use std::ffi::{CStr, CString, c_char};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// What SIGPIPE does to this process, and to the program it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sigpipe {
    Default,
    Ignore,
}

/// Sets it. The Rust runtime starts with SIGPIPE ignored, which an `execve` would hand on.
pub fn set_sigpipe(to: Sigpipe) {
    let handler = match to {
        Sigpipe::Default => libc::SIG_DFL,
        Sigpipe::Ignore => libc::SIG_IGN,
    };
    // SAFETY: neither disposition runs code of ours, and both are valid for SIGPIPE.
    unsafe { libc::signal(libc::SIGPIPE, handler) };
}

/// Whether the permissions, read-only mounts and capabilities let us read and write `path`.
pub fn check_read_write(path: &Path) -> io::Result<()> {
    check_access(path, libc::R_OK | libc::W_OK)
}

/// Whether a file can be made in the directory `path`.
pub fn check_make_in(path: &Path) -> io::Result<()> {
    check_access(path, libc::W_OK | libc::X_OK)
}

/// Whether `path` can be run.
pub fn check_execute(path: &Path) -> io::Result<()> {
    check_access(path, libc::X_OK)
}

fn check_access(path: &Path, mode: libc::c_int) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `path` is a terminated string that outlives the call. The effective user counts, as
    // it will for DPDK's own open(2).
    let result = unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Connects to a Unix socket of packets, of which std knows only streams and datagrams. A read of what
/// comes out takes one packet.
pub fn connect_packets(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes no pointers.
    let socket = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `socket` is open, and nobody else's.
    let stream = UnixStream::from(unsafe { OwnedFd::from_raw_fd(socket) });
    // Of a full queue of connections, too.
    stream.set_write_timeout(Some(patience))?;
    // SAFETY: all zeros is a valid sockaddr_un.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() >= address.sun_path.len() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as c_char;
    }
    let length = size_of::<libc::sockaddr_un>() as libc::socklen_t;
    // SAFETY: `address` is a sockaddr_un of that length, terminated, that outlives the call.
    let result = unsafe { libc::connect(socket, (&raw const address).cast(), length) };
    if result == 0 { Ok(stream) } else { Err(io::Error::last_os_error()) }
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Becomes `program` with the command line `words`: the same process, descriptors, signal mask and
/// environment, names without `=` included, plus `added`. Returns only what went wrong.
///
/// `std::process::Command::exec` is no help: it sets SIGPIPE back to its default.
pub fn exec(program: &Path, words: &[String], added: Option<(&str, &Path)>) -> io::Error {
    match try_exec(program, words, added) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn try_exec(
    program: &Path,
    words: &[String],
    added: Option<(&str, &Path)>,
) -> io::Result<std::convert::Infallible> {
    let words =
        words.iter().map(|word| CString::new(word.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    let program = CString::new(program.as_os_str().as_bytes())?;
    let added = added
        .map(|(name, value)| {
            CString::new([name.as_bytes(), b"=", value.as_os_str().as_bytes()].concat())
        })
        .transpose()?;
    let argv = pointers(words.iter().map(CString::as_c_str));
    // SAFETY: `environ` is a NULL-terminated array of terminated strings, and nothing in this
    // single-threaded process changes it.
    let inherited = unsafe { entries(environ) };
    let envp = pointers(inherited.into_iter().chain(added.as_deref()));
    // SAFETY: both arrays end in NULL and point to terminated strings that outlive the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    Err(io::Error::last_os_error())
}

/// The array that `execve` takes: it ends in NULL.
fn pointers<'a>(strings: impl Iterator<Item = &'a CStr>) -> Vec<*const c_char> {
    strings.map(CStr::as_ptr).chain([std::ptr::null()]).collect()
}

/// # Safety
///
/// `array` is NULL or an array of terminated strings that ends in NULL, all valid for `'a`.
unsafe fn entries<'a>(mut array: *const *const c_char) -> Vec<&'a CStr> {
    let mut found = Vec::new();
    // SAFETY: the caller promises an array that ends in NULL: no entry past that one is read.
    unsafe {
        while !array.is_null() && !(*array).is_null() {
            found.push(CStr::from_ptr(*array));
            array = array.add(1);
        }
    }
    found
}
