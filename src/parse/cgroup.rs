//! `/proc/self/cgroup`, cgroups(7), and which directories hold a controller's files.

use super::mountinfo::Mount;
use crate::snapshot::CgroupVersion;

/// One line: the hierarchy a process is in, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Membership {
    /// The version 1 controllers of the hierarchy; none for version 2.
    pub controllers: Vec<String>,
    /// Whether this is the unified hierarchy.
    pub unified: bool,
    /// The cgroup's path in the hierarchy.
    pub path: String,
}

/// Reads `/proc/self/cgroup`. Only the first two colons separate: a path may hold more.
pub fn parse(text: &str) -> Vec<Membership> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            Some(Membership {
                controllers: controllers.split_terminator(',').map(str::to_owned).collect(),
                unified: id == "0" && controllers.is_empty(),
                path: path.to_owned(),
            })
        })
        .collect()
}

/// Where the files of one controller are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Controller {
    /// The version of its hierarchy.
    pub version: CgroupVersion,
    /// The directories, from the own cgroup up to the top of the mount.
    pub directories: Vec<String>,
}

/// Finds a controller. Each is in a hierarchy of its own choice: on a hybrid system cpuset may be
/// in version 1 while hugetlb is in version 2.
pub fn locate(memberships: &[Membership], mounts: &[Mount], name: &str) -> Option<Controller> {
    let v1 = |membership: &&Membership| membership.controllers.iter().any(|c| c == name);
    let (version, path) = match memberships.iter().find(v1) {
        Some(membership) => (CgroupVersion::V1, membership.path.as_str()),
        None => {
            let unified = memberships.iter().find(|membership| membership.unified);
            (CgroupVersion::V2, unified.map_or("/", |membership| membership.path.as_str()))
        }
    };
    let of_hierarchy = |mount: &&Mount| match version {
        CgroupVersion::V1 => mount.fs_type == "cgroup" && mount.has_option(name),
        CgroupVersion::V2 => mount.fs_type == "cgroup2",
    };
    let is_path = |mount: &&Mount| mount.mount_point.len() < MAX_PATH;
    let candidates: Vec<&Mount> = mounts.iter().filter(of_hierarchy).filter(is_path).collect();
    let below = candidates
        .iter()
        .filter_map(|mount| Some((mount, strip(&mount.root, path)?)))
        .max_by_key(|(mount, _)| mount.root.len());
    let (mount, relative) = match below {
        Some((mount, relative)) => (*mount, relative),
        // A version 1 mount without a namespace shows the own cgroup at its top.
        None => (*candidates.first()?, ""),
    };
    Some(Controller { version, directories: upwards(&mount.mount_point, relative) })
}

/// No path of a kernel is as long. The directories above a longer one, each a text, could fill the
/// memory.
const MAX_PATH: usize = libc::PATH_MAX as usize;

/// What is left of `path` below `root`; `None` where it isn't below, climbs out by `..`, or is no
/// path of a kernel.
fn strip<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    let relative = match root {
        "/" => path,
        root => path.strip_prefix(root)?,
    };
    let below = relative.is_empty() || relative.starts_with('/');
    let climbs = relative.split('/').any(|component| component == "..");
    (below && !climbs && relative.len() < MAX_PATH).then_some(relative.trim_matches('/'))
}

fn upwards(top: &str, relative: &str) -> Vec<String> {
    let top = top.trim_end_matches('/');
    let mut directories = vec![top.to_owned()];
    for component in relative.split('/').filter(|component| !component.is_empty()) {
        let parent = directories.last().map_or("", String::as_str);
        directories.push(format!("{parent}/{component}"));
    }
    directories.reverse();
    directories
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::mountinfo;

    fn located(cgroup: &str, mounts: &str, name: &str) -> Option<(CgroupVersion, Vec<String>)> {
        let controller = locate(&parse(cgroup), &mountinfo::parse(mounts), name)?;
        Some((controller.version, controller.directories))
    }

    const HYBRID: &str = "32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
                          33 31 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn private_namespace_of_version_2() {
        let mounts = "72 71 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate\n";
        let top = vec!["/sys/fs/cgroup".to_owned()];
        assert_eq!(located("0::/\n", mounts, "cpuset"), Some((CgroupVersion::V2, top.clone())));
        // A process moved out of its namespace, and no /proc/self/cgroup at all.
        assert_eq!(
            located("0::/../..\n", mounts, "cpuset"),
            Some((CgroupVersion::V2, top.clone()))
        );
        assert_eq!(located("", mounts, "cpuset"), Some((CgroupVersion::V2, top.clone())));
        // The directories above this one would take 10 GB.
        let deep = format!("0::{}\n", "/a".repeat(100_000));
        assert_eq!(located(&deep, mounts, "cpuset"), Some((CgroupVersion::V2, top)));
        assert!(parse("0::/\n")[0].controllers.is_empty());
    }

    #[test]
    fn host_namespace_of_version_2() {
        let mounts = "72 71 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        let (_, directories) = located("0::/kubepods.slice/a:b.scope\n", mounts, "cpuset").unwrap();
        let expected = [
            "/sys/fs/cgroup/kubepods.slice/a:b.scope",
            "/sys/fs/cgroup/kubepods.slice",
            "/sys/fs/cgroup",
        ];
        assert_eq!(directories, expected);
    }

    #[test]
    fn version_1_strips_the_root_of_the_mount() {
        let mounts =
            "80 79 0:33 /kubepods/pod1/c1 /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n";
        let found = located("5:cpuset:/kubepods/pod1/c1\n", mounts, "cpuset");
        let top = vec!["/sys/fs/cgroup/cpuset".to_owned()];
        assert_eq!(found, Some((CgroupVersion::V1, top.clone())));
        // Not below the root of any mount: what is mounted is the own one.
        let found = located("5:cpuset:/elsewhere\n", mounts, "cpuset");
        assert_eq!(found, Some((CgroupVersion::V1, top)));
    }

    #[test]
    fn a_hybrid_system_decides_per_controller() {
        let cgroup = "3:cpuset:/a\n1:name=systemd:/\n0::/b\n";
        assert_eq!(
            located(cgroup, HYBRID, "cpuset"),
            Some((
                CgroupVersion::V1,
                vec!["/sys/fs/cgroup/cpuset/a".into(), "/sys/fs/cgroup/cpuset".into()]
            ))
        );
        assert_eq!(located(cgroup, HYBRID, "hugetlb").unwrap().0, CgroupVersion::V2);
        // runc mounts no cgroup2 in a container of a hybrid system.
        let v1_only = HYBRID.lines().next().unwrap();
        assert_eq!(located(cgroup, v1_only, "hugetlb"), None);
    }
}
