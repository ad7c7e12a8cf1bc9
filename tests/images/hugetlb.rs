//! Hugepages for a container: a limit, and a file system.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::build::said;
use crate::lab::Result;
use crate::lab::cgroup::{Cgroup, Usage};

/// A limit of pages of 2 MiB as the cgroup of a pod has it, with the container's cgroup below. runc
/// refuses to set one itself where hugetlb is in version 2 beside version 1.
pub struct Limit {
    cgroup: Cgroup,
    name: String,
}

impl Limit {
    pub fn new(mib: u64) -> Result<Limit> {
        let name = format!("podnet-images-{}-{mib}", std::process::id());
        Ok(Limit { cgroup: Cgroup::make(&name, mib)?, name })
    }

    /// As a `cgroupsPath` begins.
    pub fn path(&self) -> String {
        format!("/{}", self.name)
    }

    pub fn usage(&self) -> Result<Usage> {
        self.cgroup.usage()
    }
}

impl Drop for Limit {
    /// runc has made one in each hierarchy of version 1, too.
    fn drop(&mut self) {
        for hierarchy in fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
            let _ = fs::remove_dir(hierarchy.path().join(&self.name));
        }
    }
}

/// A file system of 2 MiB pages that a group may write to: what the kubelet makes of an emptyDir
/// with `medium: HugePages` and of `fsGroup`.
pub struct Mount {
    directory: TempDir,
}

impl Mount {
    pub fn new(group: u32) -> Mount {
        let directory = TempDir::with_prefix("podnet-huge-").unwrap();
        let options = format!("pagesize=2M,gid={group},mode=2775");
        let mut mount = Command::new("mount");
        said(mount.args(["-t", "hugetlbfs", "-o", &options, "podnet"]).arg(directory.path()));
        Mount { directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.directory.path()).status();
    }
}
