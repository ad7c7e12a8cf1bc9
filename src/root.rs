//! The only place that opens files or reads the environment.
//!
//! A [`Root`] is a directory that stands for `/`. It lives for one call, keeps
//! what it has read, and so opens no file twice and answers from one state.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::ordered::filled;
use crate::parse::cpulist::CpuSet;
use crate::parse::proc;

/// Far more than any file read here: the API server limits all annotations to 256 KiB.
const MAX_FILE: u64 = 32 << 20;

/// As the kernel's own limit, MAXSYMLINKS.
const MAX_SYMLINKS: usize = 40;

/// The root that `PODNET_ROOT` names. Whoever starts a setuid program must not choose what it
/// reads, so there the variable counts for nothing.
pub(crate) fn from_environment() -> Option<PathBuf> {
    // SAFETY: getauxval only looks a number up.
    #[allow(unsafe_code, reason = "a call of the C library")]
    let privileged = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    let root = std::env::var_os("PODNET_ROOT").filter(|root| !root.is_empty() && !privileged)?;
    Some(PathBuf::from(root))
}

/// The content of a file, shared with whoever else read it.
pub(crate) type Content = Rc<[u8]>;

/// The names in a directory, sorted.
pub(crate) type Names = Rc<[String]>;

/// A directory that stands for `/`, and what was read below it.
#[derive(Debug)]
pub(crate) struct Root {
    directory: PathBuf,
    files: RefCell<HashMap<String, Result<Option<Content>>>>,
    directories: RefCell<HashMap<String, Result<Names>>>,
    /// Every path opened, for the test that none is opened twice.
    #[cfg(test)]
    pub opened: RefCell<Vec<String>>,
}

impl Root {
    /// `directory` as a root; an error when it is none.
    pub fn open(directory: &Path) -> Result<Root> {
        let shown = directory.display().to_string();
        match fs::metadata(directory) {
            Ok(metadata) if metadata.is_dir() => Ok(Root {
                directory: directory.to_owned(),
                files: RefCell::default(),
                directories: RefCell::default(),
                #[cfg(test)]
                opened: RefCell::default(),
            }),
            Ok(_) => Err(Error::io(shown, &io::Error::from_raw_os_error(libc::ENOTDIR))),
            Err(error) => Err(Error::io(shown, &error)),
        }
    }

    /// Whether this is the running system itself.
    pub fn is_live(&self) -> bool {
        self.directory == Path::new("/")
    }

    /// The content of a file; `None` where there is none.
    pub fn read(&self, path: &str) -> Result<Option<Content>> {
        if let Some(read) = self.files.borrow().get(path) {
            return read.clone();
        }
        let read = self.read_afresh(path);
        self.files.borrow_mut().insert(path.to_owned(), read.clone());
        read
    }

    fn read_afresh(&self, path: &str) -> Result<Option<Content>> {
        #[cfg(test)]
        self.opened.borrow_mut().push(path.to_owned());
        match self.locate(path).and_then(|host| read_regular(&host)) {
            Ok(content) => Ok(Some(content.into())),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(Error::io(path, &error)),
        }
    }

    /// The text of a file without the white space around it; `None` where there is none.
    pub fn text(&self, path: &str) -> Result<Option<String>> {
        let Some(content) = self.read(path)? else { return Ok(None) };
        match std::str::from_utf8(&content) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) => {
                Err(Error::malformed(path, format!("byte {}", error.valid_up_to()), "not UTF-8"))
            }
        }
    }

    /// The names in a directory; none where it is absent.
    pub fn list(&self, path: &str) -> Result<Names> {
        if let Some(read) = self.directories.borrow().get(path) {
            return read.clone();
        }
        let read = self.list_afresh(path);
        self.directories.borrow_mut().insert(path.to_owned(), read.clone());
        read
    }

    fn list_afresh(&self, path: &str) -> Result<Names> {
        #[cfg(test)]
        self.opened.borrow_mut().push(path.to_owned());
        let read = self.locate(path).and_then(fs::read_dir).and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()
        });
        match read {
            Ok(names) => {
                let utf8 = names.into_iter().filter_map(|name| name.into_string().ok());
                let names: BTreeSet<String> = filled(utf8);
                Ok(names.into_iter().collect())
            }
            Err(error) if is_absent(&error) => Ok(Names::default()),
            Err(error) => Err(Error::io(path, &error)),
        }
    }

    /// Whether a path leads to anything.
    pub fn exists(&self, path: &str) -> bool {
        self.locate(path).is_ok_and(|host| fs::symlink_metadata(host).is_ok())
    }

    /// The path with every symlink in it resolved, as the pod sees it.
    pub fn real_path(&self, path: &str) -> Option<String> {
        let host = self.locate(path).ok()?;
        let below = if self.is_live() {
            fs::canonicalize(host).ok()?
        } else {
            fs::symlink_metadata(&host).ok()?;
            Path::new("/").join(host.strip_prefix(&self.directory).ok()?)
        };
        below.into_os_string().into_string().ok()
    }

    /// Where on the running system a path of the pod is, for a call that takes one.
    pub fn host_path(&self, path: &str) -> Option<PathBuf> {
        self.locate(path).ok()
    }

    /// The last component of where a symlink leads: how sysfs says which driver, group or device.
    pub fn link_name(&self, path: &str) -> Option<String> {
        let (parent, link) = path.rsplit_once('/')?;
        let target = fs::read_link(self.locate(parent).ok()?.join(link)).ok()?;
        target.file_name()?.to_str().map(str::to_owned)
    }

    /// Whether the permissions of a device node or socket let this process read and write it;
    /// `None` where there is none. Nothing is opened: opening a device can change it.
    pub fn may_use(&self, path: &str) -> Option<bool> {
        if !self.exists(path) {
            return None;
        }
        if self.is_live() {
            return Some(accessible(Path::new(path)));
        }
        // Below another root a node is a plain file with the text `c major:minor mode`.
        let Ok(Some(text)) = self.text(path) else { return Some(true) };
        let mode =
            text.split_whitespace().nth(2).and_then(|mode| u32::from_str_radix(mode, 8).ok());
        Some(self.is_superuser() || mode.is_none_or(|mode| mode & 0o006 == 0o006))
    }

    /// Whether the process of this root has the user ID 0; so it is where nothing tells.
    fn is_superuser(&self) -> bool {
        let status = self.text("/proc/self/status").ok().flatten();
        let effective = status
            .as_deref()
            .and_then(|status| proc::field(status, "Uid")?.split_whitespace().nth(1));
        effective.is_none_or(|uid| uid == "0")
    }

    /// The environment by name, as the process was started with.
    pub fn environment(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        if self.is_live() {
            let variables = std::env::vars_os();
            return Ok(filled(
                variables
                    .map(|(name, value)| (name.to_string_lossy().into_owned(), value.into_vec())),
            ));
        }
        let content = self.read("/proc/self/environ")?;
        Ok(content.map(|content| proc::environ(&content)).unwrap_or_default())
    }

    /// The CPUs this process may run on; `None` where nothing tells.
    pub fn affinity(&self) -> Result<Option<CpuSet>> {
        if self.is_live() {
            return affinity().map(Some).map_err(|error| Error::io("sched_getaffinity", &error));
        }
        self.status_list("Cpus_allowed_list")
    }

    /// The list of CPUs or nodes in a field of `/proc/self/status`; `None` where it is absent.
    pub fn status_list(&self, field: &str) -> Result<Option<CpuSet>> {
        const STATUS: &str = "/proc/self/status";
        let Some(status) = self.text(STATUS)? else { return Ok(None) };
        let Some(list) = proc::field(&status, field) else { return Ok(None) };
        list.parse().map(Some).map_err(|why| Error::malformed(STATUS, field, format!("{why}")))
    }

    /// Where on the running system a path of the pod is. Symlinks are followed inside the root.
    fn locate(&self, path: impl AsRef<Path>) -> io::Result<PathBuf> {
        if self.is_live() {
            return Ok(path.as_ref().to_owned());
        }
        let mut resolved = self.directory.clone();
        let mut links = 0;
        let mut ahead: Vec<PathBuf> = components(path.as_ref());
        while let Some(component) = ahead.pop() {
            if component == Path::new("..") {
                // The root is its own parent.
                if resolved != self.directory {
                    resolved.pop();
                }
                continue;
            }
            let next = resolved.join(component);
            match fs::read_link(&next) {
                Ok(target) => {
                    links += 1;
                    if links > MAX_SYMLINKS {
                        return Err(io::Error::from_raw_os_error(libc::ELOOP));
                    }
                    if target.is_absolute() {
                        resolved.clone_from(&self.directory);
                    }
                    ahead.extend(components(&target));
                }
                // No symlink, or nothing at all: the last step will say.
                Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOENT)) => {
                    resolved = next;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(resolved)
    }
}

/// The components of a path, last first, `..` among them.
fn components(path: &Path) -> Vec<PathBuf> {
    let walked = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        _ => None,
    });
    walked.collect()
}

/// Opening a FIFO must not wait for a writer. Miri does not know the flag.
const NONBLOCK: i32 = if cfg!(miri) { 0 } else { libc::O_NONBLOCK };

/// Reads a file that is no FIFO, device or directory, whole, and never waits for it.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EISDIR));
    }
    if !metadata.is_file() {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let mut content = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    Ok(content)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

fn accessible(path: &Path) -> bool {
    let Ok(path) = std::ffi::CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: `path` is a NUL-terminated string that lives through the call.
    #[allow(unsafe_code)]
    let status = unsafe {
        libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::R_OK | libc::W_OK, libc::AT_EACCESS)
    };
    status == 0
}

/// `sched_getaffinity(2)` of the calling thread, with a mask that grows until the kernel's fits.
fn affinity() -> io::Result<CpuSet> {
    let mut words = 16;
    loop {
        let mut mask = vec![0u64; words];
        // SAFETY: the kernel writes at most `words * 8` bytes to `mask`, which has as many.
        #[allow(unsafe_code)]
        let written =
            unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, words * 8, mask.as_mut_ptr()) };
        if written >= 0 {
            let bits = |(word, bits): (usize, u64)| {
                (0..64)
                    .filter(move |bit| bits >> bit & 1 == 1)
                    .map(move |bit| word as u32 * 64 + bit)
            };
            return Ok(mask.into_iter().enumerate().flat_map(bits).collect());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) || words > 1 << 14 {
            return Err(error);
        }
        words *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn root() -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        (directory, root)
    }

    #[test]
    fn symlinks_stay_inside_the_root() {
        let (directory, root) = root();
        fs::create_dir_all(directory.path().join("etc/a")).unwrap();
        fs::write(directory.path().join("etc/hostname"), "inside\n").unwrap();
        symlink("/etc/hostname", directory.path().join("etc/a/absolute")).unwrap();
        symlink("../../../../../etc/hostname", directory.path().join("etc/a/climbs")).unwrap();
        for path in ["/etc/a/absolute", "/etc/a/climbs", "/../../etc/hostname"] {
            assert_eq!(root.text(path).unwrap().as_deref(), Some("inside"), "{path}");
            assert_eq!(root.real_path(path).as_deref(), Some("/etc/hostname"), "{path}");
        }
        assert_eq!(root.link_name("/etc/a/absolute").as_deref(), Some("hostname"));
    }

    #[test]
    fn a_cycle_of_symlinks_is_an_error() {
        let (directory, root) = root();
        symlink("b", directory.path().join("a")).unwrap();
        symlink("a", directory.path().join("b")).unwrap();
        assert_eq!(root.read("/a").unwrap_err().errno(), libc::ELOOP);
    }

    #[test]
    fn what_is_no_file_is_an_error_and_absence_is_none() {
        let (directory, root) = root();
        fs::create_dir(directory.path().join("directory")).unwrap();
        let fifo = directory.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        assert_eq!(root.read("/directory").unwrap_err().errno(), libc::EISDIR);
        assert_eq!(root.read("/fifo").unwrap_err().errno(), libc::EINVAL);
        assert_eq!(root.read("/absent").unwrap(), None);
        assert_eq!(root.read("/absent/below").unwrap(), None);
        assert!(root.list("/absent").unwrap().is_empty());
        assert!(Root::open(&directory.path().join("absent")).is_err());
    }

    #[test]
    fn a_file_is_read_once() {
        let (directory, root) = root();
        fs::write(directory.path().join("file"), "first").unwrap();
        assert_eq!(root.text("/file").unwrap().as_deref(), Some("first"));
        fs::write(directory.path().join("file"), "second").unwrap();
        assert_eq!(root.text("/file").unwrap().as_deref(), Some("first"));
    }

    #[test]
    fn nodes_are_judged_by_their_mode() {
        let (directory, root) = root();
        fs::create_dir_all(directory.path().join("proc/self")).unwrap();
        fs::write(directory.path().join("proc/self/status"), "Uid:\t1000\t1000\t1000\t1000\n")
            .unwrap();
        for (name, mode) in [("closed", "0600"), ("open", "0666")] {
            fs::write(directory.path().join(name), format!("c 244:0 {mode}")).unwrap();
        }
        assert_eq!(root.may_use("/closed"), Some(false));
        assert_eq!(root.may_use("/open"), Some(true));
        assert_eq!(root.may_use("/absent"), None);
    }

    #[test]
    fn the_running_system_tells_its_affinity() {
        let root = Root::open(Path::new("/")).unwrap();
        let affinity = root.affinity().unwrap().unwrap();
        assert_eq!(Some(affinity), root.status_list("Cpus_allowed_list").unwrap());
    }
}
