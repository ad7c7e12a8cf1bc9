//! Whether DPDK could make a port of a kernel netdev.

use std::fs;
use std::path::Path;

use crate::cli::system;
use crate::cli::text::reason;

const IFF_UP: u32 = 1;

/// Of `tun_flags`, linux/if_tun.h.
const IFF_MULTI_QUEUE: u32 = 0x100;

/// What tap devices are opened by.
pub const TUN: &str = "/dev/net/tun";

/// Why `name` would carry no packet on the system below `root`.
pub fn check(root: &Path, name: &str) -> Option<String> {
    let device = root.join("sys/class/net").join(name);
    if !device.exists() {
        return Some(format!(
            "{name}: this pod has no such netdev: attach it by the network of its resource \
             (k8s.v1.cni.cncf.io/networks)"
        ));
    }
    // DPDK starts on a link that is down, without a word.
    flags(&device.join("flags")).is_some_and(|flags| flags & IFF_UP == 0).then(|| {
        format!(
            "{name}: its link is down: have the CNI plugin of its network set it up, or run `ip \
             link set {name} up` with the capability NET_ADMIN"
        )
    })
}

fn flags(file: &Path) -> Option<u32> {
    let text = fs::read_to_string(file).ok()?;
    u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
}

/// Why net_tap can't open `name`, where that is a tap device: it asks for several queues.
pub fn check_tap(root: &Path, name: &str) -> Option<String> {
    let flags = flags(&root.join("sys/class/net").join(name).join("tun_flags"))?;
    (flags & IFF_MULTI_QUEUE == 0).then(|| {
        format!(
            "{name}: a tap device of one queue, which DPDK can't open: set multiQueue in the CNI \
             configuration of its network"
        )
    })
}

/// Why no tap device can be opened by `node`.
pub fn check_tun(node: &Path) -> Option<String> {
    let error = system::check_read_write(node).err()?;
    Some(format!(
        "{}: {}: have a device plugin or a hostPath volume give this container the device",
        node.display(),
        reason(&error)
    ))
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
    fn wants_a_tap_device_of_several_queues() {
        let root = tempfile::tempdir().unwrap();
        let device = root.path().join("sys/class/net/net1");
        fs::create_dir_all(&device).unwrap();
        let found = || check_tap(root.path(), "net1").unwrap_or_default();
        assert_eq!(found(), "", "no tap device");
        fs::write(device.join("tun_flags"), "0x1102\n").unwrap();
        assert_eq!(found(), "");
        fs::write(device.join("tun_flags"), "0x1002\n").unwrap();
        assert!(found().contains("of one queue"));
        let absent = root.path().join("tun");
        assert!(check_tun(&absent).unwrap().contains("tun: no such file or directory: have"));
        fs::write(&absent, "").unwrap();
        assert_eq!(check_tun(&absent), None);
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
