//! Devices: what device-info says of them, and what this kernel shows.

use serde::{Serialize, Serializer};

use crate::parse::pci::PciAddress;

/// A device, in the terms of the Device Information Spec.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// The version of the specification its device-info names.
    pub version: Option<String>,
    /// The device itself.
    pub detail: DeviceDetail,
}

/// The parts of [`Device`] that depend on its type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceDetail {
    /// A PCI device.
    Pci(PciDevice),
    /// A vDPA device.
    Vdpa(VdpaDevice),
    /// A vhost-user socket.
    VhostUser(VhostUserDevice),
    /// A memif socket.
    Memif(MemifDevice),
    /// An AF_XDP device.
    AfXdp(AfXdpDevice),
    /// A subfunction on the auxiliary bus.
    Subfunction(SubfunctionDevice),
    /// A type this version does not know, by its name.
    Unknown(String),
}

/// `pci` of a device-info, Device Information Spec 1.1.0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PciDevice {
    /// The device's address.
    pub address: PciAddress,
    /// The address of its physical function.
    pub pf_address: Option<PciAddress>,
    /// The path of its vhost-net device.
    pub vhost_net: Option<String>,
    /// The names of its RDMA devices.
    pub rdma_devices: Vec<String>,
    /// The name of its representor.
    pub representor: Option<String>,
}

/// `vdpa` of a device-info.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VdpaDevice {
    /// Its name under `/sys/bus/vdpa/devices`.
    pub parent_device: Option<String>,
    /// `vhost` or `virtio`.
    pub driver: Option<String>,
    /// The character device of the `vhost` driver.
    pub path: Option<String>,
    /// The address of the PCI device it is made of.
    pub pci_address: Option<PciAddress>,
    /// The address of that device's physical function.
    pub pf_address: Option<PciAddress>,
    /// The name of its representor.
    pub representor: Option<String>,
}

/// `vhost-user` of a device-info.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VhostUserDevice {
    /// The part the application plays.
    pub mode: Option<VhostMode>,
    /// The socket.
    pub path: Option<String>,
}

/// The part the application plays on a vhost-user socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VhostMode {
    /// The host makes the socket, the application connects.
    Client,
    /// The application makes the socket.
    Server,
}

/// `memif` of a device-info.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MemifDevice {
    /// The part the application plays.
    pub role: Option<MemifRole>,
    /// What is carried.
    pub mode: Option<MemifMode>,
    /// The socket.
    pub path: Option<String>,
}

/// The part the application plays on a memif socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MemifRole {
    /// The application makes the socket.
    Master,
    /// The host makes the socket, the application connects.
    Slave,
}

/// What a memif carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MemifMode {
    /// Ethernet frames.
    Ethernet,
    /// IP packets.
    Ip,
    /// Inject and punt.
    InjectPunt,
}

/// A device of the AF_XDP device plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AfXdpDevice {
    /// The netdev.
    pub netdev: String,
    /// The socket that hands out the XSK map.
    pub socket: Option<String>,
    /// The pinned XSK map.
    pub map: Option<String>,
}

/// A subfunction of a PCI device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SubfunctionDevice {
    /// Its name under `/sys/bus/auxiliary/devices`, such as `mlx5_core.sf.4`.
    pub name: String,
    /// The number that it was made with.
    pub number: Option<u32>,
    /// The address of the PCI device that it is part of.
    pub parent: Option<PciAddress>,
}

/// What this kernel shows of a PCI or vDPA device, or of a subfunction, whose vendor, device, class
/// and NUMA node are its PCI device's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Hardware {
    /// The PCI vendor, four hexadecimal digits.
    pub vendor: Option<String>,
    /// The PCI device, four hexadecimal digits.
    pub device: Option<String>,
    /// The PCI class, six hexadecimal digits.
    pub class: Option<String>,
    /// The kernel driver bound to it.
    pub driver: Option<String>,
    /// The NUMA node it is on.
    pub numa_node: Option<u32>,
    /// Its IOMMU group.
    pub iommu_group: Option<u32>,
    /// Whether that group is `vfio-noiommu`, without an IOMMU.
    pub no_iommu: bool,
    /// The VFIO node of that group, where `vfio-pci` drives the device.
    pub vfio: Option<String>,
    /// The physical function it is a virtual function of.
    pub physical_function: Option<PciAddress>,
    /// Its index among the virtual functions, from 0.
    pub virtual_function: Option<u32>,
    /// Its netdevs in this network namespace.
    pub netdevs: Vec<String>,
    /// Its RDMA devices.
    pub rdma_devices: Vec<String>,
    /// The vDPA device on it.
    pub vdpa: Option<VdpaHardware>,
}

/// What this kernel shows of a vDPA device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VdpaHardware {
    /// Its name under `/sys/bus/vdpa/devices`.
    pub name: String,
    /// The driver on the vDPA bus: `vhost_vdpa` or `virtio_vdpa`.
    pub driver: Option<String>,
    /// Its character device, for `vhost_vdpa`.
    pub char_device: Option<String>,
    /// Its netdev, for `virtio_vdpa`.
    pub netdev: Option<String>,
}

impl Device {
    /// The type as device-info spells it.
    pub fn type_name(&self) -> &str {
        match &self.detail {
            DeviceDetail::Pci(_) => "pci",
            DeviceDetail::Vdpa(_) => "vdpa",
            DeviceDetail::VhostUser(_) => "vhost-user",
            DeviceDetail::Memif(_) => "memif",
            DeviceDetail::AfXdp(_) => "af-xdp",
            DeviceDetail::Subfunction(_) => "subfunction",
            DeviceDetail::Unknown(name) => name,
        }
    }

    /// The address of the PCI device, a vDPA device's own one included.
    pub fn pci_address(&self) -> Option<PciAddress> {
        match &self.detail {
            DeviceDetail::Pci(pci) => Some(pci.address),
            DeviceDetail::Vdpa(vdpa) => vdpa.pci_address,
            _ => None,
        }
    }
}

impl DeviceDetail {
    /// Whether the specification has the type, even where the rest could not be read.
    pub(crate) fn is_known_type(&self) -> bool {
        !matches!(self, DeviceDetail::Unknown(name) if name != "pci")
    }
}

impl Serialize for Device {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize, Default)]
        #[serde(rename_all = "camelCase")]
        struct Flat<'a> {
            r#type: &'a str,
            version: Option<&'a str>,
            pci: Option<&'a PciDevice>,
            vdpa: Option<&'a VdpaDevice>,
            vhost_user: Option<&'a VhostUserDevice>,
            memif: Option<&'a MemifDevice>,
            af_xdp: Option<&'a AfXdpDevice>,
            subfunction: Option<&'a SubfunctionDevice>,
        }
        let mut flat =
            Flat { r#type: self.type_name(), version: self.version.as_deref(), ..Flat::default() };
        match &self.detail {
            DeviceDetail::Pci(pci) => flat.pci = Some(pci),
            DeviceDetail::Vdpa(vdpa) => flat.vdpa = Some(vdpa),
            DeviceDetail::VhostUser(vhost_user) => flat.vhost_user = Some(vhost_user),
            DeviceDetail::Memif(memif) => flat.memif = Some(memif),
            DeviceDetail::AfXdp(af_xdp) => flat.af_xdp = Some(af_xdp),
            DeviceDetail::Subfunction(subfunction) => flat.subfunction = Some(subfunction),
            DeviceDetail::Unknown(_) => {}
        }
        flat.serialize(serializer)
    }
}

display_as_json!(VhostMode, MemifRole, MemifMode);
