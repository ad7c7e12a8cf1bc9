//! What this kernel shows of PCI and vDPA devices in sysfs.
//!
//! A pod's sysfs shows every PCI and vDPA device of the node; only netdevs are
//! filtered, by network namespace.

use super::allocated::Identity;
use super::netdevs;
use crate::parse::pci::PciAddress;
use crate::root::{Names, Root};
use crate::snapshot::{Hardware, SubfunctionDevice, VdpaHardware};
use crate::warning::{Findings, WarningCode};

const PCI: &str = "/sys/bus/pci/devices";
const AUXILIARY: &str = "/sys/bus/auxiliary/devices";
const VDPA: &str = "/sys/bus/vdpa/devices";
const IOMMU_GROUPS: &str = "/sys/kernel/iommu_groups";

/// The class of network controllers, PCI Code and ID Assignment Specification.
const NETWORK_CLASS: &str = "02";

/// The hardware of what the environment lists; `None` where this kernel does not have it.
pub(super) fn of(root: &Root, identity: &Identity, findings: &mut Findings) -> Option<Hardware> {
    match identity {
        Identity::Pci(address) => pci(root, *address, findings),
        Identity::Auxiliary(name) => subfunction(root, name, findings),
        Identity::AfXdp(name) => netdevs::hardware(root, name, findings),
    }
}

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
        netdevs: netdevs_on(root, &device, driver.as_deref(), findings),
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
fn subfunction(root: &Root, name: &str, findings: &mut Findings) -> Option<Hardware> {
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

/// The PCI device of a subfunction.
fn parent(root: &Root, name: &str) -> Option<PciAddress> {
    pci_above(&root.real_path(&auxiliary_device(root, name)?)?)
}

/// The PCI device whose directory a device's own is in.
fn pci_above(real: &str) -> Option<PciAddress> {
    real.rsplit('/').nth(1)?.parse().ok()
}

/// A text attribute of a device; one that can't be read is noted.
fn attribute(root: &Root, device: &str, name: &str, findings: &mut Findings) -> Option<String> {
    findings.noted(root.text(&format!("{device}/{name}"))).flatten()
}

/// An attribute such as `0x8086`, without the prefix.
fn hexadecimal(root: &Root, device: &str, name: &str, findings: &mut Findings) -> Option<String> {
    let text = attribute(root, device, name, findings)?;
    Some(text.strip_prefix("0x").unwrap_or(&text).to_owned())
}

fn names(root: &Root, directory: &str, findings: &mut Findings) -> Vec<String> {
    findings.take(root.list(directory)).unwrap_or_default().to_vec()
}

fn netdevs_on(
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
    let parent = pci_above(&real);
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
    let beside = match pci_above(&real) {
        Some(_) => findings.take(root.list(parent)).unwrap_or_default(),
        None => Names::default(),
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

/// Whether a name from an annotation is one component of a path and leads nowhere else.
pub(super) fn is_component(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}
