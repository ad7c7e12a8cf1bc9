//! The own cgroup: the files of each controller, whatever hierarchy it is in.

use crate::parse::cgroup::{self, Controller, Membership};
use crate::parse::mountinfo::{self, Mount};
use crate::root::Root;
use crate::warning::Findings;

const CGROUP: &str = "/proc/self/cgroup";
const MOUNTINFO: &str = "/proc/self/mountinfo";

/// The cgroups and mounts of this process.
#[derive(Debug)]
pub(crate) struct Cgroups {
    pub memberships: Vec<Membership>,
    pub mounts: Vec<Mount>,
}

impl Cgroups {
    /// Reads `/proc/self/cgroup` and mountinfo; what is absent is empty.
    pub fn read(root: &Root, findings: &mut Findings) -> Cgroups {
        let mut text = |path| findings.take(root.text(path)).flatten().unwrap_or_default();
        Cgroups {
            memberships: cgroup::parse(&text(CGROUP)),
            mounts: mountinfo::parse(&text(MOUNTINFO)),
        }
    }

    /// Where the files of a controller are.
    pub fn controller(&self, name: &str) -> Option<Controller> {
        cgroup::locate(&self.memberships, &self.mounts, name)
    }
}

/// The text of `file` in the own cgroup or the nearest one above that has it, with its path.
/// A file that can't be read, as AppArmor has it, is noted and counts as unknown.
pub(crate) fn nearest(
    root: &Root,
    controller: &Controller,
    file: &str,
    findings: &mut Findings,
) -> Option<(String, String)> {
    every(root, controller, file, findings).into_iter().next()
}

/// The texts of `file` in the own cgroup and all above it, each with its path.
pub(crate) fn every(
    root: &Root,
    controller: &Controller,
    file: &str,
    findings: &mut Findings,
) -> Vec<(String, String)> {
    let read = |directory: &String| {
        let path = format!("{directory}/{file}");
        match root.text(&path) {
            Ok(text) => text.map(|text| (path, text)),
            Err(error) => {
                findings.note(&error);
                None
            }
        }
    };
    controller.directories.iter().filter_map(read).collect()
}
