//! Whether DPDK could open an AF_XDP socket on a kernel netdev.

use std::fs;
use std::path::Path;

use super::preflight::reason;
use super::system;

const IFF_UP: u32 = 1;

/// Why `name` would carry no packet on the system below `root`.
pub fn check(root: &Path, name: &str) -> Option<String> {
    let device = root.join("sys/class/net").join(name);
    if !device.exists() {
        return Some(format!(
            "{name}: this pod has no such netdev: attach it by the network of its resource \
             (k8s.v1.cni.cncf.io/networks)"
        ));
    }
    let flags = fs::read_to_string(device.join("flags")).unwrap_or_default();
    let flags = u32::from_str_radix(flags.trim().trim_start_matches("0x"), 16);
    // DPDK starts on a link that is down, without a word.
    flags.is_ok_and(|flags| flags & IFF_UP == 0).then(|| {
        format!(
            "{name}: its link is down: have the CNI plugin of its network set it up, or run `ip \
             link set {name} up` with the capability NET_ADMIN"
        )
    })
}

/// Why the map that a device plugin pinned at `path` can't be had.
pub fn check_map(path: &str) -> Option<String> {
    let error = system::check_read_write(Path::new(path)).err()?;
    Some(format!(
        "{path}: {}: the AF_XDP device plugin pins its map there: request its resource in the \
         resources.limits of this very container",
        reason(&error)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_a_netdev_that_is_up() {
        let root = tempfile::tempdir().unwrap();
        let found = || check(root.path(), "net1").unwrap_or_default();
        assert!(found().contains("no such netdev"));
        let device = root.path().join("sys/class/net/net1");
        fs::create_dir_all(&device).unwrap();
        fs::write(device.join("flags"), "0x1002\n").unwrap();
        assert!(found().contains("its link is down"));
        fs::write(device.join("flags"), "0x1043\n").unwrap();
        assert_eq!(found(), "");
    }

    #[test]
    fn wants_the_pinned_map() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        assert_eq!(check_map(&path), None);
        drop(file);
        assert!(check_map(&path).unwrap().contains("no such file"));
    }
}
