//! Unix sockets: whether somebody is behind one, and paths that fit into an address.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use podnet::parse::unix_sockets;

/// What is at the path of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Absent,
    /// A socket that nobody has open any more.
    Stale,
    /// A socket that somebody has open, or that we may not ask.
    Live,
    /// No socket.
    Other,
}

/// Looks without disturbing: a connection would be taken for a DPDK process by the other side, so
/// the wrong type of socket is used, which the kernel refuses only where somebody is there.
pub fn state(path: &Path) -> State {
    if let Some(name) = abstract_name(path) {
        return abstract_state(name);
    }
    match fs::metadata(path) {
        Err(_) => return State::Absent,
        Ok(found) if !found.file_type().is_socket() => return State::Other,
        Ok(_) => {}
    }
    match ask(path).map_err(|error| error.kind()) {
        Err(io::ErrorKind::ConnectionRefused) => State::Stale,
        _ => State::Live,
    }
}

/// The same of a socket that the program makes: it could not follow a symlink there.
pub fn own_state(path: &Path) -> State {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => State::Other,
        _ => state(path),
    }
}

/// Whether `path` is a name in the network namespace, and no file.
pub fn is_abstract(path: &Path) -> bool {
    abstract_name(path).is_some()
}

fn abstract_name(path: &Path) -> Option<&[u8]> {
    path.as_os_str().as_encoded_bytes().strip_prefix(b"@")
}

/// The kernel finds no abstract socket by the wrong type, but lists them all.
fn abstract_state(name: &[u8]) -> State {
    let listed = fs::read("/proc/self/net/unix").unwrap_or_default();
    let is_there = unix_sockets::abstract_listeners(&listed).any(|listener| listener == name);
    if is_there { State::Live } else { State::Absent }
}

fn ask(path: &Path) -> io::Result<()> {
    let (_directory, short) = by_descriptor(path)?;
    UnixDatagram::unbound()?.connect(short)
}

/// A path that fits into an address, through a descriptor of its directory, while that is open.
pub fn by_descriptor(path: &Path) -> io::Result<(File, PathBuf)> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    let directory = OpenOptions::new().read(true).custom_flags(flags).open(directory)?;
    let by_descriptor = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    let short = by_descriptor.join(path.file_name().unwrap_or_default());
    Ok((directory, short))
}

/// A short name for a path that is too long for a socket's address: a symlink in a directory of
/// ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    link: PathBuf,
    /// What the link leads to.
    target: PathBuf,
    /// What takes the place of the long path.
    pub short: PathBuf,
    /// The long path.
    pub long: PathBuf,
}

impl Alias {
    /// The alias of `long`, to be made below `base`. A socket that does not exist yet can't be
    /// linked to, so where we make it (`ours`) the link is to its directory.
    pub fn new(base: &Path, long: &Path, ours: bool) -> Alias {
        let directory = base.join(format!("podnet-{}", rustix::process::geteuid().as_raw()));
        let parent = long.parent().unwrap_or(Path::new("/"));
        let target = if ours { parent } else { long };
        let link = directory.join(format!("{:016x}", hash(target)));
        let short = match long.file_name() {
            Some(name) if ours => link.join(name),
            _ => link.clone(),
        };
        Alias { link, target: target.to_owned(), short, long: long.to_owned() }
    }

    /// Makes the link, or finds it as an earlier start of this container left it.
    pub fn make(&self) -> io::Result<()> {
        private_directory(self.link.parent().unwrap_or(Path::new("/")))?;
        match std::os::unix::fs::symlink(&self.target, &self.link) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = fs::read_link(&self.link)?;
                if there == self.target { Ok(()) } else { Err(error) }
            }
            result => result,
        }
    }
}

/// The base may be a `/tmp` that others write to: a directory that they made first is no good.
fn private_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path)?;
            let ours =
                found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0;
            if found.is_dir() && ours { Ok(()) } else { Err(error) }
        }
        result => result,
    }
}

/// FNV-1a: the same path has the same link after every restart, so that links don't pile up.
fn hash(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn tells_a_live_socket_from_a_stale_one_without_connecting() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        assert_eq!(state(&path), State::Absent);
        fs::write(&path, "").unwrap();
        assert_eq!(state(&path), State::Other);
        fs::remove_file(&path).unwrap();
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(state(&path), State::Live);
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(listener);
        assert_eq!(state(&path), State::Stale);
    }

    #[test]
    fn finds_an_abstract_socket_by_its_listener() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("podnet-test-{}", std::process::id());
        let path = PathBuf::from(format!("@{name}"));
        assert_eq!((is_abstract(&path), state(&path)), (true, State::Absent));
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        assert_eq!(state(&path), State::Live);
        drop(listener);
        assert_eq!(state(&path), State::Absent);
    }

    #[test]
    fn an_alias_reaches_a_socket_either_way() {
        let base = tempfile::tempdir().unwrap();
        let deep = base.path().join("d".repeat(120));
        fs::create_dir(&deep).unwrap();
        let server = Alias::new(base.path(), &deep.join("s.sock"), true);
        server.make().unwrap();
        server.make().unwrap();
        let listener = UnixListener::bind(&server.short).unwrap();
        assert!(deep.join("s.sock").exists());
        let client = Alias::new(base.path(), &deep.join("s.sock"), false);
        client.make().unwrap();
        UnixStream::connect(&client.short).unwrap();
        assert_eq!(state(&client.short), State::Live);
        drop(listener);
        assert_eq!(state(&client.short), State::Stale);
    }

    #[test]
    fn a_directory_or_link_of_others_is_not_used() {
        let base = tempfile::tempdir().unwrap();
        let alias = Alias::new(base.path(), Path::new("/a/b"), false);
        let directory = alias.link.parent().unwrap().to_owned();
        std::os::unix::fs::symlink("/tmp", &directory).unwrap();
        assert!(alias.make().is_err());
        fs::remove_file(&directory).unwrap();
        alias.make().unwrap();
        fs::remove_file(&alias.link).unwrap();
        std::os::unix::fs::symlink("/elsewhere", &alias.link).unwrap();
        assert!(alias.make().is_err());
    }
}
