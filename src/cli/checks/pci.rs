//! Whether DPDK could open a device on the PCI or the auxiliary bus of this system.

use std::fs;
use std::path::{Path, PathBuf};

use podnet::eal::KernelDriver;
use podnet::parse::pci::PciAddress;

use super::devices::no_access;
use crate::cli::text::reason;

/// Why `address` would not become a port of the system below `root`.
pub fn check(root: &Path, address: PciAddress) -> Option<String> {
    let device = directory(root, address);
    if !device.exists() {
        return Some(format!(
            "{address}: this system has no such PCI device: its address is of another node, or of \
             a virtual machine's host: delete the pod to have it allocated afresh"
        ));
    }
    let driver = link_name(&device.join("driver"));
    match driver.as_deref().and_then(KernelDriver::named) {
        Some(KernelDriver::Vfio) => check_vfio(root, &device, address),
        Some(KernelDriver::Bifurcated) => check_verbs(root, &device, &address.to_string()),
        Some(_) => None,
        None => Some(format!(
            "{address}: bound to {}, and DPDK takes it from vfio-pci: use a resource pool of \
             deviceType: vfio-pci",
            driver.as_deref().unwrap_or("no driver")
        )),
    }
}

/// The same for the subfunction `name`, whose kernel driver DPDK always works beside.
pub fn check_auxiliary(root: &Path, name: &str) -> Option<String> {
    let device = root.join("sys/bus/auxiliary/devices").join(name);
    if !device.exists() {
        return Some(format!(
            "{name}: this system has no such device on the auxiliary bus: it is of another node: \
             delete the pod to have one allocated afresh"
        ));
    }
    check_verbs(root, &device, name)
}

/// How DPDK could use `address`.
pub fn driver(root: &Path, address: PciAddress) -> Option<KernelDriver> {
    KernelDriver::named(&link_name(&directory(root, address).join("driver"))?)
}

/// Whether the kernel would give `address` to a program without an IOMMU between.
pub fn has_no_iommu(root: &Path, address: PciAddress) -> bool {
    let name = fs::read_to_string(directory(root, address).join("iommu_group/name"));
    name.is_ok_and(|name| name.trim() == "vfio-noiommu")
}

fn directory(root: &Path, address: PciAddress) -> PathBuf {
    root.join("sys/bus/pci/devices").join(address.to_string())
}

fn link_name(link: &Path) -> Option<String> {
    Some(fs::read_link(link).ok()?.file_name()?.to_string_lossy().into_owned())
}

/// The group's own node in the container, and that all of the group is ours to take.
fn check_vfio(root: &Path, device: &Path, address: PciAddress) -> Option<String> {
    let Some(group) = link_name(&device.join("iommu_group")) else {
        let why = "it has no IOMMU group: turn the IOMMU on in this node's firmware and kernel";
        return Some(format!("{address}: {why}"));
    };
    let directory = root.join("dev/vfio");
    // DPDK tries both; device plugins mount the second as the first.
    let nodes = [group.clone(), format!("noiommu-{group}")].map(|name| directory.join(name));
    let node = nodes.iter().find(|node| node.exists()).unwrap_or(&nodes[0]);
    [&directory.join("vfio"), node]
        .iter()
        .find_map(|node| check_node(root, node, address))
        .or_else(|| check_group(device, &group, address))
}

fn check_node(root: &Path, node: &Path, address: PciAddress) -> Option<String> {
    let Err(error) = fs::metadata(node) else {
        return no_access(node).map(|why| format!("{address}: {why}"));
    };
    Some(format!(
        "{address}: /{}: {}: request the device's resource in the resources.limits of this very \
         container; if it is there, delete the pod: group numbers change when a node reboots",
        node.strip_prefix(root).unwrap_or(node).display(),
        reason(&error)
    ))
}

/// The kernel hands out a group only when no other driver has a device of it.
fn check_group(device: &Path, group: &str, address: PciAddress) -> Option<String> {
    let members = fs::read_dir(device.join("iommu_group/devices")).ok()?.flatten();
    let blocking = members.filter_map(|member| {
        let driver = link_name(&member.path().join("driver"))?;
        let harmless = driver.starts_with("vfio") || driver == "pcieport" || driver == "pci-stub";
        (!harmless).then(|| format!("{} on {driver}", member.file_name().to_string_lossy()))
    });
    let blocking: Vec<_> = blocking.collect();
    (!blocking.is_empty()).then(|| {
        format!(
            "{address}: IOMMU group {group} also has {}: bind those to vfio-pci on the node, or \
             use another slot",
            blocking.join(", ")
        )
    })
}

/// A bifurcated device is reached through the verbs node of its RDMA device, and beside its netdev.
fn check_verbs(root: &Path, device: &Path, name: &str) -> Option<String> {
    // Of the netdevs, sysfs shows those of this network namespace only.
    if fs::read_dir(device.join("net")).is_ok_and(|mut netdevs| netdevs.next().is_none()) {
        return Some(format!(
            "{name}: its netdev is not in this pod, and DPDK drives it beside that: attach the \
             device by the network of its resource (k8s.v1.cni.cncf.io/networks)"
        ));
    }
    let verbs = fs::read_dir(device.join("infiniband_verbs")).into_iter().flatten().flatten();
    let nodes: Vec<_> =
        verbs.map(|entry| root.join("dev/infiniband").join(entry.file_name())).collect();
    if nodes.iter().any(|node| node.exists()) {
        let why = nodes.iter().find_map(|node| no_access(node))?;
        return Some(format!("{name}: {why}"));
    }
    Some(format!(
        "{name}: no /dev/infiniband/uverbs node of it is in this container: use a resource \
         pool with isRdma: true"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const ADDRESS: &str = "0000:3b:02.1";

    /// A system with one device, on `driver` in IOMMU group 17.
    fn system(driver: Option<&str>) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        add_device(dir.path(), ADDRESS, driver);
        dir
    }

    fn add_device(root: &Path, address: &str, driver: Option<&str>) {
        let device = root.join("sys/bus/pci/devices").join(address);
        let members = root.join("sys/kernel/iommu_groups/17/devices");
        fs::create_dir_all(&device).unwrap();
        fs::create_dir_all(&members).unwrap();
        symlink(root.join("sys/kernel/iommu_groups/17"), device.join("iommu_group")).unwrap();
        symlink(&device, members.join(address)).unwrap();
        if let Some(driver) = driver {
            symlink(format!("../../drivers/{driver}"), device.join("driver")).unwrap();
        }
    }

    fn add_node(root: &Path, node: &str) {
        let path = root.join("dev").join(node);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    fn found(root: &Path) -> Option<String> {
        check(root, ADDRESS.parse().unwrap())
    }

    fn finds(root: &Path, words: &str) {
        let text = found(root).unwrap_or_default();
        assert!(text.starts_with(ADDRESS) && text.contains(words), "{text}");
    }

    #[test]
    fn wants_the_device_and_its_driver() {
        finds(tempfile::tempdir().unwrap().path(), "no such PCI device");
        finds(system(None).path(), "bound to no driver");
        finds(system(Some("igbvf")).path(), "bound to igbvf");
        assert_eq!(found(system(Some("igb_uio")).path()), None);
    }

    #[test]
    fn wants_the_nodes_of_vfio() {
        let system = system(Some("vfio-pci"));
        finds(system.path(), "/dev/vfio/vfio: no such file");
        add_node(system.path(), "vfio/vfio");
        finds(system.path(), "/dev/vfio/17: no such file");
        add_node(system.path(), "vfio/17");
        assert_eq!(found(system.path()), None);
        fs::remove_file(system.path().join("dev/vfio/17")).unwrap();
        add_node(system.path(), "vfio/noiommu-17");
        assert_eq!(found(system.path()), None);
    }

    #[test]
    fn wants_the_whole_group() {
        let system = system(Some("vfio-pci"));
        add_node(system.path(), "vfio/vfio");
        add_node(system.path(), "vfio/17");
        add_device(system.path(), "0000:3b:00.0", Some("pcieport"));
        assert_eq!(found(system.path()), None);
        add_device(system.path(), "0000:3b:02.2", Some("shpchp"));
        finds(system.path(), "also has 0000:3b:02.2 on shpchp");
    }

    #[test]
    fn wants_the_subfunction_and_its_verbs() {
        let root = tempfile::tempdir().unwrap();
        let name = "mlx5_core.sf.4";
        let found = || check_auxiliary(root.path(), name).unwrap_or_default();
        assert!(found().starts_with("mlx5_core.sf.4: this system has no such device"));
        let device = root.path().join("sys/bus/auxiliary/devices").join(name);
        fs::create_dir_all(device.join("net")).unwrap();
        assert!(found().starts_with("mlx5_core.sf.4: its netdev is not in this pod"));
        fs::create_dir(device.join("net/net1")).unwrap();
        assert!(found().starts_with("mlx5_core.sf.4: no /dev/infiniband/uverbs node"));
        fs::create_dir_all(device.join("infiniband_verbs/uverbs3")).unwrap();
        add_node(root.path(), "infiniband/uverbs3");
        assert_eq!(found(), "");
    }

    #[test]
    fn wants_the_verbs_of_a_bifurcated_driver() {
        let system = system(Some("mlx5_core"));
        finds(system.path(), "isRdma: true");
        let verbs =
            system.path().join("sys/bus/pci/devices").join(ADDRESS).join("infiniband_verbs");
        fs::create_dir_all(verbs.join("uverbs3")).unwrap();
        finds(system.path(), "isRdma: true");
        add_node(system.path(), "infiniband/uverbs3");
        assert_eq!(found(system.path()), None);
        let netdevs = verbs.with_file_name("net");
        fs::create_dir(&netdevs).unwrap();
        finds(system.path(), "its netdev is not in this pod");
        fs::create_dir(netdevs.join("net1")).unwrap();
        assert_eq!(found(system.path()), None);
    }
}
