//! One descriptor that wakes whoever polls it when the Downward API may have changed.
//!
//! The kubelet renames a new `..data` over the old one, which only a watch of the directory sees:
//! one of the file or of the symlink dies with its inode. Where inotify sees nothing (virtio-fs of
//! Kata, subPath mounts, a directory that does not exist yet, a node out of inotify instances), a
//! timer does.
#![allow(unsafe_code, reason = "system calls that the standard library has not")]

use std::ffi::{CString, c_int};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use crate::downward_api;
use crate::error::{Error, Result};

/// How often to look where no notification comes.
const INTERVAL: Duration = Duration::from_secs(2);

/// Shortest time that a timer takes; zero would stop it.
const AT_ONCE: Duration = Duration::from_nanos(1);

/// The directory's own entries, and the directory itself.
const EVENTS: u32 = libc::IN_MOVED_TO
    | libc::IN_CLOSE_WRITE
    | libc::IN_MOVED_FROM
    | libc::IN_DELETE
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_ONLYDIR;

/// The size of `struct inotify_event` before the name.
const HEADER: usize = 16;

/// A descriptor that is readable when it is time to look again.
#[derive(Debug)]
pub(crate) struct Notifier {
    epoll: OwnedFd,
    timer: File,
    /// None where the node has no inotify instance left.
    inotify: Option<File>,
    /// The inotify watch of the directory.
    watched: Option<c_int>,
}

impl Notifier {
    /// One that sees nothing but time until [`Notifier::arm`] is called.
    pub fn new() -> Result<Notifier> {
        // SAFETY: these calls take numbers only.
        let (epoll, timer, inotify) = unsafe {
            (
                owned(libc::epoll_create1(libc::EPOLL_CLOEXEC)),
                owned(libc::timerfd_create(
                    libc::CLOCK_MONOTONIC,
                    libc::TFD_CLOEXEC | libc::TFD_NONBLOCK,
                )),
                owned(libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK)),
            )
        };
        let failed = |error: io::Error| Error::io("epoll and timerfd", &error);
        let notifier = Notifier {
            epoll: epoll.map_err(failed)?,
            timer: timer.map_err(failed)?.into(),
            inotify: inotify.ok().map(File::from),
            watched: None,
        };
        for file in [Some(&notifier.timer), notifier.inotify.as_ref()].into_iter().flatten() {
            notifier.wake_on(file).map_err(failed)?;
        }
        notifier.ring(false);
        Ok(notifier)
    }

    fn wake_on(&self, file: &File) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
        // SAFETY: `event` lives through the call, and both descriptors are open.
        let status = unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                file.as_raw_fd(),
                &mut event,
            )
        };
        if status < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Watches `directory`, which may be another than before. To lose no change, look at it
    /// after this call.
    pub fn arm(&mut self, directory: Option<&Path>) {
        let Some(inotify) = &self.inotify else { return };
        let path = directory.and_then(|path| CString::new(path.as_os_str().as_bytes()).ok());
        let watched = path.and_then(|path| {
            // SAFETY: `path` is a NUL-terminated string that lives through the call.
            let watch =
                unsafe { libc::inotify_add_watch(inotify.as_raw_fd(), path.as_ptr(), EVENTS) };
            (watch >= 0).then_some(watch)
        });
        // The same directory has the same number.
        if let Some(old) = self.watched.filter(|old| watched != Some(*old)) {
            // SAFETY: it takes numbers only; a watch that is gone already is an error.
            unsafe { libc::inotify_rm_watch(inotify.as_raw_fd(), old) };
        }
        self.watched = watched;
    }

    /// Makes the descriptor readable at once, or only when there is cause again.
    pub fn ring(&self, at_once: bool) {
        let first = if at_once { AT_ONCE } else { INTERVAL };
        let time = |time: Duration| libc::timespec {
            tv_sec: time.as_secs() as libc::time_t,
            tv_nsec: time.subsec_nanos() as _,
        };
        let times = libc::itimerspec { it_interval: time(INTERVAL), it_value: time(first) };
        // SAFETY: `times` lives through the call, and NULL is allowed for the old ones.
        unsafe { libc::timerfd_settime(self.timer.as_raw_fd(), 0, &times, std::ptr::null_mut()) };
    }

    /// Takes all notifications that came, and says whether it is time to look again.
    pub fn drain(&self) -> bool {
        let mut look = (&self.timer).read(&mut [0; 8]).is_ok();
        let Some(mut inotify) = self.inotify.as_ref() else { return look };
        let mut buffer = [0; 4096];
        while let Ok(size @ 1..) = inotify.read(&mut buffer) {
            look |= concerns_us(&buffer[..size]);
        }
        look
    }

    /// Waits until the descriptor is readable, but at most for `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<()> {
        // Rounded up: a part of a millisecond must not become a busy loop.
        let millis = timeout.map_or(-1, |timeout| {
            let part = u64::from(timeout.subsec_nanos().div_ceil(1_000_000));
            let millis = timeout.as_secs().saturating_mul(1000).saturating_add(part);
            c_int::try_from(millis).unwrap_or(c_int::MAX)
        });
        let mut polled =
            libc::pollfd { fd: self.epoll.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: `polled` is one pollfd that lives through the call.
        let status = unsafe { libc::poll(&mut polled, 1, millis) };
        match io::Error::last_os_error() {
            error if status < 0 && error.raw_os_error() != Some(libc::EINTR) => {
                Err(Error::io("poll", &error))
            }
            _ => Ok(()),
        }
    }
}

impl AsFd for Notifier {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// What a call returned, as a descriptor of ours.
///
/// # Safety
/// `fd` is a new descriptor that nobody else owns, or negative.
unsafe fn owned(fd: c_int) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as the caller promises.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Whether any of these `struct inotify_event`s is about a file that we read, or about the
/// directory or the queue itself, which have no name.
fn concerns_us(mut events: &[u8]) -> bool {
    while let Some((header, rest)) = events.split_at_checked(HEADER) {
        let length = [header[12], header[13], header[14], header[15]];
        let length = u32::from_ne_bytes(length) as usize;
        let Some((name, rest)) = rest.split_at_checked(length) else { return true };
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        let name = String::from_utf8_lossy(&name[..end]);
        if name.is_empty() || downward_api::tells_of_change(&name) {
            return true;
        }
        events = rest;
    }
    false
}

#[cfg(test)]
#[cfg(not(miri))] // It knows neither inotify nor timers.
mod tests {
    use super::*;
    use std::fs;
    use std::time::Instant;

    fn woken(notifier: &Notifier) -> bool {
        notifier.wait(Some(Duration::from_millis(100))).unwrap();
        notifier.drain()
    }

    #[test]
    fn wakes_for_our_files_and_no_others() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let mut notifier = Notifier::new().unwrap();
        notifier.arm(Some(directory.path()));
        assert!(!woken(&notifier));
        fs::write(at("else"), "").unwrap();
        fs::create_dir(at("..2026_01_02_03_04_05.1")).unwrap();
        assert!(!woken(&notifier));
        fs::write(at("annotations"), "").unwrap();
        assert!(woken(&notifier));
        fs::rename(at("..2026_01_02_03_04_05.1"), at("..data")).unwrap();
        assert!(woken(&notifier));
        assert!(!woken(&notifier));
        drop(directory);
        assert!(woken(&notifier));
    }

    #[test]
    fn follows_the_directory_it_was_armed_with_last() {
        let [old, new] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut notifier = Notifier::new().unwrap();
        notifier.arm(Some(old.path()));
        notifier.arm(Some(new.path()));
        notifier.drain();
        fs::write(old.path().join("annotations"), "").unwrap();
        assert!(!woken(&notifier));
        fs::write(new.path().join("annotations"), "").unwrap();
        assert!(woken(&notifier));
    }

    /// As on a node without an inotify instance left.
    #[test]
    fn wakes_by_time_where_nothing_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let mut notifier = Notifier { inotify: None, ..Notifier::new().unwrap() };
        notifier.arm(Some(directory.path()));
        fs::write(directory.path().join("annotations"), "").unwrap();
        assert!(!woken(&notifier));
        let start = Instant::now();
        notifier.wait(Some(Duration::from_secs(10))).unwrap();
        let waited = start.elapsed();
        assert!(notifier.drain() && waited < INTERVAL * 2, "{waited:?}");
        notifier.ring(true);
        assert!(woken(&notifier));
        assert!(!woken(&notifier));
        notifier.ring(true);
        notifier.ring(false);
        assert!(!woken(&notifier));
    }
}
