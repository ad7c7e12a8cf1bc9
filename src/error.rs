//! The one error type: every text reads `path: what: why`.

use std::fmt;
use std::time::Duration;

/// How many characters of unexpected content are shown.
const MAX_SHOWN: usize = 40;

/// Why an answer could not be given.
///
/// The text names the file or variable first, then what it was read for, then
/// why that failed, so that one line in a pod's log is enough to act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is there but the system refuses to give it to us.
    #[error("{path}: cannot be read: {}{}", Errno(*errno), next_step(*errno))]
    Unreadable {
        /// The path as the pod sees it.
        path: String,
        /// The `errno` of the failed call.
        errno: i32,
    },
    /// Content that is not what its format says.
    #[error("{path}: {place}: {why}")]
    Malformed {
        /// The file or environment variable.
        path: String,
        /// Where in it: an annotation and element, a line, a column.
        place: String,
        /// What was expected and what was found.
        why: String,
    },
    /// None of the sources of an answer exists.
    #[error("{path}: {what} not found: {hint}")]
    Missing {
        /// Where it was looked for.
        path: String,
        /// What was looked for.
        what: String,
        /// What to do next.
        hint: String,
    },
    /// Something in the pod's data, or the pod having nothing of the kind, forbids what was asked.
    #[error("{what}: {why}")]
    Refused {
        /// The name, path, address or option.
        what: String,
        /// Why it is refused.
        why: String,
    },
    /// [`Pod::wait`](crate::Pod::wait): the Downward API is mounted, but no network-status came.
    #[error(
        "{path}: k8s.v1.cni.cncf.io/network-status: not written within {}: see whether \
         the cluster runs Multus and the pod asks for a network", Time(*waited)
    )]
    NoStatus {
        /// The file it was expected in.
        path: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// [`Pod::wait`](crate::Pod::wait): there is a network-status, but not of every network.
    #[error(
        "{path}: k8s.v1.cni.cncf.io/network-status: no entry within {} for {}: see \
         `kubectl describe pod` for why it is not attached", Time(*waited), networks.join(", ")
    )]
    NetworksMissing {
        /// The file they were expected in.
        path: String,
        /// The networks, as they were asked for.
        networks: Vec<String>,
        /// How long they were waited for.
        waited: Duration,
    },
    /// The caller asked for something that cannot be, such as a malformed option.
    #[error("{what}: {why}")]
    Invalid {
        /// The option or argument.
        what: String,
        /// Why it cannot be used.
        why: String,
    },
}

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The closest `errno` value, positive: what the C interface returns negated.
    pub fn errno(&self) -> i32 {
        match self {
            Error::Unreadable { errno, .. } if *errno > 0 => *errno,
            Error::Unreadable { .. } => libc::EIO,
            Error::Malformed { .. } => libc::EBADMSG,
            Error::Missing { .. } => libc::ENOENT,
            Error::NoStatus { .. } => libc::ENODATA,
            Error::NetworksMissing { .. } => libc::ETIMEDOUT,
            Error::Refused { .. } | Error::Invalid { .. } => libc::EINVAL,
        }
    }

    pub(crate) fn malformed(
        path: impl Into<String>,
        place: impl Into<String>,
        why: impl Into<String>,
    ) -> Error {
        Error::Malformed {
            path: one_line(path.into()),
            place: one_line(place.into()),
            why: one_line(why.into()),
        }
    }

    /// Content that is `found` instead of `expected`.
    pub(crate) fn unexpected(path: impl Into<String>, expected: &str, found: &str) -> Error {
        let shown: String = found.chars().take(MAX_SHOWN).collect();
        Error::malformed(path, "content", format!("expected {expected}, found {shown:?}"))
    }

    pub(crate) fn refused(what: impl Into<String>, why: impl Into<String>) -> Error {
        Error::Refused { what: one_line(what.into()), why: one_line(why.into()) }
    }

    pub(crate) fn invalid(what: impl Into<String>, why: impl Into<String>) -> Error {
        Error::Invalid { what: one_line(what.into()), why: one_line(why.into()) }
    }

    pub(crate) fn io(path: impl Into<String>, source: &std::io::Error) -> Error {
        let errno = source.raw_os_error().unwrap_or(libc::EIO);
        Error::Unreadable { path: one_line(path.into()), errno }
    }

    /// The file, variable or option the error is about.
    pub fn path(&self) -> &str {
        match self {
            Error::Unreadable { path, .. }
            | Error::Malformed { path, .. }
            | Error::Missing { path, .. }
            | Error::NoStatus { path, .. }
            | Error::NetworksMissing { path, .. } => path,
            Error::Refused { what, .. } | Error::Invalid { what, .. } => what,
        }
    }
}

/// `text` with its control characters escaped: a name from a pod must not forge a line of a log.
pub(crate) fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let escaped =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// A time as the command takes it: `60s`, `1500ms`.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subsec_millis() {
            0 => write!(f, "{}s", self.0.as_secs()),
            millis => write!(f, "{}ms", self.0.as_secs() * 1000 + u64::from(millis)),
        }
    }
}

struct Errno(i32);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::io::Error::from_raw_os_error(self.0).to_string();
        f.write_str(&text.split(" (os error").next().unwrap_or(&text).to_lowercase())
    }
}

/// What to do about what can't be read. Only a root is asked for that must be there.
fn next_step(errno: i32) -> &'static str {
    match errno {
        libc::ENOENT | libc::ENOTDIR => {
            ": give the directory that stands for / (--root, PODNET_ROOT)"
        }
        libc::EACCES => ": run as a user who may read it (runAsUser, runAsGroup)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_one_line() {
        let io = std::io::Error::from_raw_os_error(libc::ENOENT);
        for error in [
            Error::malformed("a\nb", "c\nd", "e\nf"),
            Error::unexpected("a\nb", "c", "d\ne"),
            Error::refused("a\nb", "c\nd"),
            Error::invalid("a\nb", "c\nd"),
            Error::io("a\nb", &io),
        ] {
            let text = error.to_string();
            assert!(text.starts_with("a\\nb: ") && !text.contains('\n'), "{text:?}");
        }
    }
}
