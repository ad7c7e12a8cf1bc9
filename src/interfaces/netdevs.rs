//! What sysfs shows of the netdevs of this network namespace.

use super::hardware::{self, is_component};
use crate::error::Error;
use crate::parse::pci::PciAddress;
use crate::root::Root;
use crate::snapshot::Hardware;
use crate::warning::Findings;

const NET: &str = "/sys/class/net";
const VIRTUAL: &str = "/sys/devices/virtual/";

/// Of `tun_flags`, linux/if_tun.h.
const IFF_TAP: u32 = 2;

/// Whether this network namespace shows its netdevs.
pub(super) fn are_shown(root: &Root) -> bool {
    root.exists(NET)
}

/// Whether there is a netdev `name` in this network namespace.
pub(super) fn has(root: &Root, name: &str) -> bool {
    is_component(name) && root.exists(&format!("{NET}/{name}"))
}

/// The receive queues of each netdev in this network namespace. net_af_xdp counts its combined
/// channels: those of a network card are its queues, and a virtual netdev has none, which is one.
pub(crate) fn rx_queues(root: &Root) -> Vec<(String, u32)> {
    let netdevs = root.list(NET).unwrap_or_default();
    let count = |name: &String| {
        let queues = root.list(&format!("{NET}/{name}/queues")).ok()?;
        let count = queues.iter().filter(|queue| queue.starts_with("rx-")).count();
        let real = root.real_path(&format!("{NET}/{name}"))?;
        let count = if real.starts_with(VIRTUAL) { count.min(1) } else { count };
        Some((name.clone(), u32::try_from(count).ok().filter(|count| *count > 0)?))
    };
    netdevs.iter().filter_map(count).collect()
}

/// The tap devices of this network namespace.
pub(crate) fn taps(root: &Root) -> Vec<String> {
    let names = root.list(NET).unwrap_or_default();
    let is_tap = |name: &&String| {
        let text = root.text(&format!("{NET}/{name}/tun_flags")).ok().flatten().unwrap_or_default();
        let flags = u32::from_str_radix(text.trim_start_matches("0x"), 16);
        flags.is_ok_and(|flags| flags & IFF_TAP != 0)
    };
    names.iter().filter(is_tap).cloned().collect()
}

/// The PCI device that the netdev `name` is on.
pub(super) fn hardware(root: &Root, name: &str, findings: &mut Findings) -> Option<Hardware> {
    pci_address(root, name).and_then(|address| hardware::pci(root, address, findings))
}

/// The address of the PCI device that the netdev `name` is on.
pub(super) fn pci_address(root: &Root, name: &str) -> Option<PciAddress> {
    if !is_component(name) {
        return None;
    }
    let real = root.real_path(&format!("{NET}/{name}"))?;
    let mut parents = real.strip_suffix(&format!("/net/{name}"))?.rsplit('/');
    let parent = parents.next()?;
    let device = if parent.starts_with("virtio") { parents.next()? } else { parent };
    device.parse().ok()
}

/// A text attribute of the netdev `name`, such as `address`.
pub(super) fn attribute(
    root: &Root,
    name: &str,
    file: &str,
    findings: &mut Findings,
) -> Option<String> {
    if !is_component(name) {
        return None;
    }
    match root.text(&format!("{NET}/{name}/{file}")) {
        Ok(text) => text.filter(|text| !text.is_empty()),
        // The kernel's answer for a netdev that is just going away.
        Err(Error::Unreadable { errno: libc::EINVAL, .. }) => None,
        Err(error) => {
            findings.note(&error);
            None
        }
    }
}
