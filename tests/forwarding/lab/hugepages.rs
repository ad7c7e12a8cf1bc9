//! The hugepages a lab needs, borrowed from the machine and given back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The limit of the pod: l3fwd's route tables need 256 MiB, and its buffers come on top.
pub const POD_MIB: u64 = 512;
/// What the peer may take.
pub const PEER_MIB: u64 = 256;

const NEEDED_PAGES: u64 = (POD_MIB + PEER_MIB) / 2;
const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

/// Pages of 2 MiB and a mount of them.
pub struct Hugepages {
    mount: Mount,
    /// Dropped after the mount, whose files hold pages.
    _pool: Pool,
}

impl Hugepages {
    /// The pages that are free, when they are enough. `Err` says what is missing.
    pub fn present() -> Result<Hugepages, String> {
        match number("free_hugepages")? {
            free if free >= NEEDED_PAGES => Hugepages::borrow(),
            free => Err(format!("{POOL}: {free} pages are free, not {NEEDED_PAGES}")),
        }
    }

    /// Enough pages, by enlarging the pool where that is needed and allowed.
    pub fn borrow() -> Result<Hugepages, String> {
        let pool = Pool::enlarge()?;
        let mount = Mount::find_or_make()?;
        Ok(Hugepages { mount, _pool: pool })
    }

    /// Where they are mounted.
    pub fn mount(&self) -> &Path {
        match &self.mount {
            Mount::Found(path) => path,
            Mount::Made(directory) => directory.path(),
        }
    }

    /// Removes what DPDK leaves there under a file prefix: such files keep their pages.
    pub fn remove_files(&self, prefix: &str) {
        for entry in fs::read_dir(self.mount()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

struct Pool {
    /// The pool's size before, where it was changed.
    before: Option<u64>,
}

impl Pool {
    fn enlarge() -> Result<Pool, String> {
        let free = number("free_hugepages")?;
        if free >= NEEDED_PAGES {
            return Ok(Pool { before: None });
        }
        let before = number("nr_hugepages")?;
        set_size(before + NEEDED_PAGES - free)?;
        let pool = Pool { before: Some(before) };
        match number("free_hugepages")? {
            free if free >= NEEDED_PAGES => Ok(pool),
            free => Err(format!("{POOL}: only {free} of {NEEDED_PAGES} pages could be had")),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(Err(why)) = self.before.map(set_size) {
            eprintln!("the hugepage pool keeps its size: {why}");
        }
    }
}

fn number(file: &str) -> Result<u64, String> {
    let path = format!("{POOL}/{file}");
    let text = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    text.trim().parse().map_err(|e| format!("{path}: {e}"))
}

fn set_size(pages: u64) -> Result<(), String> {
    let path = format!("{POOL}/nr_hugepages");
    fs::write(&path, pages.to_string()).map_err(|e| format!("{path}: {e}"))
}

enum Mount {
    Found(PathBuf),
    Made(TempDir),
}

impl Mount {
    fn find_or_make() -> Result<Mount, String> {
        if let Some(path) = writable_mount() {
            return Ok(Mount::Found(path));
        }
        let directory = TempDir::with_prefix("podnet-huge-").map_err(|e| e.to_string())?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "hugetlbfs", "-o", "pagesize=2M", "podnet"]).arg(directory.path());
        match mount.stderr(Stdio::null()).status() {
            Ok(status) if status.success() => Ok(Mount::Made(directory)),
            Ok(status) => Err(format!("mount -t hugetlbfs: {status}")),
            Err(why) => Err(format!("mount: {why}")),
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Mount::Made(directory) = self {
            let _ = Command::new("umount").arg(directory.path()).status();
        }
    }
}

/// A mount of 2 MiB pages that a file can be made in.
fn writable_mount() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?, fields.next()?))
        })
        .filter(|(_, kind, options)| {
            *kind == "hugetlbfs" && options.split(',').any(|option| option == "pagesize=2M")
        })
        .map(|(path, ..)| PathBuf::from(path))
        .find(|path| tempfile::tempfile_in(path).is_ok())
}
