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
pub(crate) fn nearest(
    root: &Root,
    controller: &Controller,
    file: &str,
    findings: &mut Findings,
) -> Option<(String, String)> {
    controller.directories.iter().find_map(|directory| text(root, directory, file, findings))
}

/// The texts of `file` in the own cgroup and all above it, each with its path.
pub(crate) fn every(
    root: &Root,
    controller: &Controller,
    file: &str,
    findings: &mut Findings,
) -> Vec<(String, String)> {
    let texts = controller.directories.iter();
    texts.filter_map(|directory| text(root, directory, file, findings)).collect()
}

/// A file that can't be read, as AppArmor has it, is noted and counts as unknown.
fn text(
    root: &Root,
    directory: &str,
    file: &str,
    findings: &mut Findings,
) -> Option<(String, String)> {
    let path = format!("{directory}/{file}");
    let text = findings.noted(root.text(&path)).flatten()?;
    Some((path, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::CgroupVersion;

    #[test]
    fn what_is_above_the_nearest_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("top/own")).unwrap();
        std::fs::write(directory.path().join("top/own/cpuset.cpus"), "2-5\n").unwrap();
        std::fs::create_dir(directory.path().join("top/cpuset.cpus")).unwrap();
        let root = Root::open(directory.path()).unwrap();
        let directories = vec!["/top/own".to_owned(), "/top".to_owned()];
        let controller = Controller { version: CgroupVersion::V2, directories };
        let mut findings = Findings::default();
        let found = nearest(&root, &controller, "cpuset.cpus", &mut findings);
        assert_eq!(found, Some(("/top/own/cpuset.cpus".to_owned(), "2-5".to_owned())));
        assert!(findings.warnings.is_empty());
        assert_eq!(every(&root, &controller, "cpuset.cpus", &mut findings).len(), 1);
        assert_eq!(findings.warnings.len(), 1);
    }
}
