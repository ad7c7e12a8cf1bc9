//! Hugepage files that DPDK processes left behind: their pages stay charged to the pod.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use podnet::snapshot::Hugepages;
use rustix::fs::{FlockOperation, flock};

use crate::cli::units::show_size;

/// The files in one mount that no process has locked.
#[derive(Debug, PartialEq, Eq)]
pub struct Leftover {
    pub mount: String,
    pub page_size: u64,
    pub files: usize,
    pub bytes: u64,
}

/// Those in this container's mounts.
pub fn find(hugepages: &Hugepages) -> Vec<Leftover> {
    let mounts = hugepages.pages.iter().flat_map(|page| {
        page.mounts.iter().map(move |mount| find_in(Path::new(mount), mount, page.size))
    });
    mounts.filter(|found| found.files > 0).collect()
}

fn find_in(directory: &Path, mount: &str, page_size: u64) -> Leftover {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    // The names by which DPDK finds them, too.
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().contains("map_"));
    let sizes: Vec<u64> = named.filter_map(|entry| abandoned(&entry.path())).collect();
    Leftover { mount: mount.to_owned(), page_size, files: sizes.len(), bytes: sizes.iter().sum() }
}

/// The bytes that a file holds, if no process has it locked. DPDK locks its files as long as it
/// lives.
fn abandoned(path: &Path) -> Option<u64> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
    // Given back when the file is closed.
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(metadata.blocks().saturating_mul(512))
}

impl Leftover {
    /// What to know and to do, where DPDK would not remove them.
    pub fn describe(&self) -> String {
        let Leftover { mount, files, bytes, .. } = self;
        format!(
            "{mount}: {files} hugepage files of DPDK processes that have ended hold {}: remove \
             them (rm -f {mount}/*map_*), or give each pod an emptyDir of its own there",
            show_size(*bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_files_that_nobody_has_locked() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = dir.path().join(name);
            fs::write(&path, vec![1; 8192]).unwrap();
            fs::File::open(path).unwrap()
        };
        let found = || find_in(dir.path(), "/hugepages", 2 << 20);
        write("other");
        fs::create_dir(dir.path().join("map_directory")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("map_link")).unwrap();
        assert_eq!((found().files, found().bytes), (0, 0));
        let shared = write("rtemap_0");
        flock(&shared, FlockOperation::LockShared).unwrap();
        write("amap_1");
        let expected = "/hugepages: 1 hugepage files of DPDK processes that have ended hold 8Ki";
        assert!(found().describe().starts_with(expected), "{}", found().describe());
        drop(shared);
        assert_eq!((found().files, found().bytes), (2, 16384));
        // Looking keeps no lock.
        flock(write("rtemap_0"), FlockOperation::NonBlockingLockExclusive).unwrap();
    }
}
