//! What this kernel shows of PCI and vDPA devices in sysfs.
//!
//! A pod's sysfs shows every PCI and vDPA device of the node; only netdevs are
//! filtered, by network namespace.

use crate::error::Error;
use crate::parse::pci::PciAddress;
use crate::root::{Names, Root};
use crate::snapshot::{Hardware, SubfunctionDevice, VdpaHardware};
use crate::warning::{Findings, WarningCode};

const PCI: &str = "/sys/bus/pci/devices";
const AUXILIARY: &str = "/sys/bus/auxiliary/devices";
const VDPA: &str = "/sys/bus/vdpa/devices";
const IOMMU_GROUPS: &str = "/sys/kernel/iommu_groups";
const NET: &str = "/sys/class/net";
const VIRTUAL: &str = "/sys/devices/virtual/";

/// Of `tun_flags`, linux/if_tun.h.
const IFF_TAP: u32 = 2;

/// The class of network controllers, PCI Code and ID Assignment Specification.
const NETWORK_CLASS: &str = "02";

/// A PCI device; `None` where this kernel does not have it.
pub(super) fn pci(root: &Root, address: PciAddress, findings: &mut Findings) -> Option<Hardware> {
    let device = format!("{PCI}/{address}");
    if !root.exists(&device) {
        return None;
    }
    let vendor = hexadecimal(root, &device, "vendor", findings);
    let model = hexadecimal(root, &device, "device", findings);
    let class = hexadecimal(root, &device, "class", findings);
    // A NIC that is on no node in particular has -1.
    let numa_node =
        attribute(root, &device, "numa_node", findings).and_then(|text| text.parse().ok());
    let link = |name: &str| root.link_name(&format!("{device}/{name}"));
    let driver = link("driver");
    let iommu_group = link("iommu_group").and_then(|group| group.parse().ok());
    let physical_function = link("physfn").and_then(|name| name.parse().ok());
    let is_on_vfio = driver.as_ref().is_some_and(|driver| driver.contains("vfio"));
    Some(Hardware {
        vendor,
        device: model,
        class,
        numa_node,
        iommu_group,
        netdevs: netdevs(root, &device, driver.as_deref(), findings),
        rdma_devices: names(root, &format!("{device}/infiniband"), findings),
        no_iommu: iommu_group.is_some_and(|group| has_no_iommu(root, group, findings)),
        vfio: iommu_group.filter(|_| is_on_vfio).map(|group| vfio_node(root, group)),
        driver,
        physical_function,
        virtual_function: physical_function
            .and_then(|function| virtual_function(root, function, address, findings)),
        vdpa: vdpa_on(root, &device, findings),
    })
}

/// A subfunction; `None` where this kernel does not have it.
pub(super) fn subfunction(root: &Root, name: &str, findings: &mut Findings) -> Option<Hardware> {
    let device = auxiliary_device(root, name)?;
    let on_pci = parent(root, name).and_then(|address| pci(root, address, findings));
    let of_parent = on_pci.unwrap_or_default();
    Some(Hardware {
        vendor: of_parent.vendor,
        device: of_parent.device,
        class: of_parent.class,
        numa_node: of_parent.numa_node,
        driver: root.link_name(&format!("{device}/driver")),
        netdevs: names(root, &format!("{device}/net"), findings),
        rdma_devices: names(root, &format!("{device}/infiniband"), findings),
        ..Hardware::default()
    })
}

/// What sysfs says of the subfunction `name` beside its hardware.
pub(super) fn subfunction_device(
    root: &Root,
    name: &str,
    findings: &mut Findings,
) -> SubfunctionDevice {
    let number = auxiliary_device(root, name)
        .and_then(|device| attribute(root, &device, "sfnum", findings)?.parse().ok());
    SubfunctionDevice { name: name.to_owned(), number, parent: parent(root, name) }
}

fn auxiliary_device(root: &Root, name: &str) -> Option<String> {
    let device = format!("{AUXILIARY}/{name}");
    (is_component(name) && root.exists(&device)).then_some(device)
}

/// The PCI device of a subfunction, which is the directory above its own.
fn parent(root: &Root, name: &str) -> Option<PciAddress> {
    let real = root.real_path(&auxiliary_device(root, name)?)?;
    real.rsplit('/').nth(1)?.parse().ok()
}

/// A text attribute of a device; one that can't be read is noted.
fn attribute(root: &Root, device: &str, name: &str, findings: &mut Findings) -> Option<String> {
    root.text(&format!("{device}/{name}")).map_err(|error| findings.note(&error)).ok().flatten()
}

/// An attribute such as `0x8086`, without the prefix.
fn hexadecimal(root: &Root, device: &str, name: &str, findings: &mut Findings) -> Option<String> {
    let text = attribute(root, device, name, findings)?;
    Some(text.strip_prefix("0x").unwrap_or(&text).to_owned())
}

fn names(root: &Root, directory: &str, findings: &mut Findings) -> Vec<String> {
    findings.take(root.list(directory)).unwrap_or_default().to_vec()
}

fn netdevs(
    root: &Root,
    device: &str,
    driver: Option<&str>,
    findings: &mut Findings,
) -> Vec<String> {
    let mut netdevs = names(root, &format!("{device}/net"), findings);
    if driver == Some("virtio-pci") {
        netdevs.extend(virtio_netdevs(root, device, findings));
    }
    netdevs
}

fn has_no_iommu(root: &Root, group: u32, findings: &mut Findings) -> bool {
    let name = findings.take(root.text(&format!("{IOMMU_GROUPS}/{group}/name"))).flatten();
    name.as_deref() == Some("vfio-noiommu")
}

/// The netdevs of a virtio network card are below its virtio device.
fn virtio_netdevs(root: &Root, device: &str, findings: &mut Findings) -> Vec<String> {
    let children = findings.take(root.list(device)).unwrap_or_default();
    let virtio = children.iter().filter(|name| name.starts_with("virtio"));
    virtio.flat_map(|name| names(root, &format!("{device}/{name}/net"), findings)).collect()
}

/// Where the node of an IOMMU group is. Without an IOMMU the node is `noiommu-N` on the host, and
/// the device plugin gives it to the container as `N`.
fn vfio_node(root: &Root, group: u32) -> String {
    let plain = format!("/dev/vfio/{group}");
    let without_iommu = format!("/dev/vfio/noiommu-{group}");
    if !root.exists(&plain) && root.exists(&without_iommu) { without_iommu } else { plain }
}

/// The index of a virtual function: the physical function's `virtfn<index>` leads to it.
fn virtual_function(
    root: &Root,
    physical: PciAddress,
    address: PciAddress,
    findings: &mut Findings,
) -> Option<u32> {
    let physical = format!("{PCI}/{physical}");
    let name = address.to_string();
    let entries = findings.take(root.list(&physical)).unwrap_or_default();
    entries.iter().find_map(|entry| {
        let index = entry.strip_prefix("virtfn")?.parse().ok()?;
        (root.link_name(&format!("{physical}/{entry}"))? == name).then_some(index)
    })
}

/// The first vDPA device whose parent is the PCI device at `device`.
fn vdpa_on(root: &Root, device: &str, findings: &mut Findings) -> Option<VdpaHardware> {
    let names = findings.take(root.list(VDPA)).unwrap_or_default();
    if names.is_empty() {
        return None;
    }
    let real = root.real_path(device)?;
    let child = |name: &&String| {
        root.real_path(&format!("{VDPA}/{name}")).as_deref() == Some(&format!("{real}/{name}"))
    };
    names.iter().find(child).map(|name| vdpa_hardware(root, name, findings))
}

/// The hardware of the vDPA device `name`, and the PCI device it is made of, where it is one.
pub(super) fn vdpa(
    root: &Root,
    name: &str,
    findings: &mut Findings,
) -> Option<(Hardware, Option<PciAddress>)> {
    if !is_component(name) {
        return None;
    }
    let real = root.real_path(&format!("{VDPA}/{name}"))?;
    let parent = real.rsplit('/').nth(1).and_then(|parent| parent.parse().ok());
    let on_pci = parent.and_then(|address| pci(root, address, findings));
    let hardware =
        Hardware { vdpa: Some(vdpa_hardware(root, name, findings)), ..on_pci.unwrap_or_default() };
    Some((hardware, parent))
}

fn vdpa_hardware(root: &Root, name: &str, findings: &mut Findings) -> VdpaHardware {
    let device = format!("{VDPA}/{name}");
    let children = findings.take(root.list(&device)).unwrap_or_default();
    VdpaHardware {
        name: name.to_owned(),
        driver: root.link_name(&format!("{device}/driver")),
        char_device: children
            .iter()
            .find(|child| child.starts_with("vhost-vdpa-"))
            .map(|node| format!("/dev/{node}")),
        netdev: virtio_netdev(root, &device, &children, findings),
    }
}

/// The netdev of a `virtio_vdpa` device. Its virtio device is below the vDPA device, or beside it
/// where that is on a PCI device.
fn virtio_netdev(
    root: &Root,
    device: &str,
    children: &[String],
    findings: &mut Findings,
) -> Option<String> {
    let real = root.real_path(device)?;
    let (parent, _) = real.rsplit_once('/')?;
    let parent_is_pci = parent.rsplit('/').next()?.parse::<PciAddress>().is_ok();
    let beside = match parent_is_pci {
        true => findings.take(root.list(parent)).unwrap_or_default(),
        false => Names::default(),
    };
    let below = children.iter().map(|name| format!("{real}/{name}"));
    let beside = beside.iter().map(|name| format!("{parent}/{name}"));
    below
        .chain(beside)
        .filter(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with("virtio")))
        .find_map(|virtio| {
            let netdevs = findings.take(root.list(&format!("{virtio}/net")))?;
            netdevs.first().cloned()
        })
}

/// Whether a device may be one of a network. Where sysfs can't say, it may.
pub(super) fn is_network_function(hardware: Option<&Hardware>) -> bool {
    let class = hardware.and_then(|hardware| hardware.class.as_deref());
    class.is_none_or(|class| class.starts_with(NETWORK_CLASS))
}

/// Whether this kernel shows its PCI devices.
pub(super) fn shows_pci(root: &Root) -> bool {
    root.exists(PCI)
}

/// Warns of a device that this kernel does not have, where the kernel shows its devices at all.
pub(super) fn warn_if_absent(
    root: &Root,
    device: impl std::fmt::Display,
    hardware: Option<&Hardware>,
    findings: &mut Findings,
) {
    if hardware.is_none() && root.exists("/sys/bus") {
        let text = format!(
            "{device}: this kernel does not have the device: the annotation or variable that \
             names it is stale, or holds an address of the host"
        );
        findings.warn(WarningCode::DeviceAbsent, device.to_string(), text);
    }
}

/// Whether this network namespace shows its netdevs.
pub(super) fn shows_netdevs(root: &Root) -> bool {
    root.exists(NET)
}

/// Whether there is a netdev `name` in this network namespace.
pub(super) fn has_netdev(root: &Root, name: &str) -> bool {
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
pub(super) fn of_netdev(root: &Root, name: &str, findings: &mut Findings) -> Option<Hardware> {
    pci_of_netdev(root, name).and_then(|address| pci(root, address, findings))
}

/// Its address.
pub(super) fn pci_of_netdev(root: &Root, name: &str) -> Option<PciAddress> {
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
pub(super) fn netdev_attribute(
    root: &Root,
    name: &str,
    attribute: &str,
    findings: &mut Findings,
) -> Option<String> {
    if !is_component(name) {
        return None;
    }
    match root.text(&format!("{NET}/{name}/{attribute}")) {
        Ok(text) => text.filter(|text| !text.is_empty()),
        // The kernel's answer for a netdev that is just going away.
        Err(Error::Unreadable { errno: libc::EINVAL, .. }) => None,
        Err(error) => {
            findings.note(&error);
            None
        }
    }
}

/// Whether a name from an annotation is one component of a path and leads nowhere else.
fn is_component(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}
