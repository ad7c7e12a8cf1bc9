//! The kubelet's part: writes a Downward API directory as its AtomicWriter does.
#![allow(dead_code)] // No test uses all of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// A Downward API directory that the test writes.
pub struct Kubelet {
    directory: PathBuf,
    generation: u32,
}

impl Kubelet {
    /// One for a directory, which need not exist yet.
    pub fn new(directory: impl Into<PathBuf>) -> Kubelet {
        Kubelet { directory: directory.into(), generation: 0 }
    }

    fn generation(&self) -> PathBuf {
        self.directory.join(format!("..2026_01_02_03_04_05.{}", self.generation))
    }

    /// A new generation of the file `annotations` replaces the old one, which is removed.
    pub fn write(&mut self, annotations: &str) {
        let old = self.generation();
        self.generation += 1;
        let new = self.generation();
        fs::create_dir_all(&new).unwrap();
        fs::write(new.join("annotations"), annotations).unwrap();
        let next = self.directory.join("..data_tmp");
        symlink(new.file_name().unwrap(), &next).unwrap();
        fs::rename(next, self.directory.join("..data")).unwrap();
        if self.generation == 1 {
            symlink("..data/annotations", self.directory.join("annotations")).unwrap();
        } else {
            fs::remove_dir_all(old).unwrap();
        }
    }
}

/// The lines of an annotations file: a request, and a status of these entries.
pub fn annotations(request: &str, entries: Option<&[&str]>) -> String {
    let mut text = format!("k8s.v1.cni.cncf.io/networks={request:?}\n");
    if let Some(entries) = entries {
        let status = format!("[{}]", entries.join(","));
        text.push_str(&format!("k8s.v1.cni.cncf.io/network-status={status:?}\n"));
    }
    text
}
