//! `/proc/self/cgroup`, an empty line, and mountinfo: where the files of a controller are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podnet::parse::{cgroup, mountinfo};

fuzz_target!(|text: &str| {
    let (memberships, mounts) = text.split_once("\n\n").unwrap_or((text, ""));
    let (memberships, mounts) = (cgroup::parse(memberships), mountinfo::parse(mounts));
    for name in ["cpu", "cpuset", "hugetlb"] {
        if let Some(controller) = cgroup::locate(&memberships, &mounts, name) {
            assert!(!controller.directories.is_empty());
        }
    }
});
