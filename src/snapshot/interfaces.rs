//! The interfaces of the pod, and the devices on none of them.

use serde::Serialize;

use super::{Device, DeviceDetail, Hardware, State};
use crate::parse::pci::PciAddress;

/// The interfaces of the pod, and the devices behind them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Interfaces {
    /// How far the networks of the pod have come.
    pub state: State,
    /// Requested networks that have no status yet.
    pub pending_networks: Vec<String>,
    /// One entry per attachment, in the order of network-status.
    pub interfaces: Vec<Interface>,
    /// Allocated devices that no evidence ties to an interface.
    pub unmatched_devices: Vec<UnmatchedDevice>,
}

/// One attachment of the pod to a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Interface {
    /// The interface's name in the pod; DPDK devices have one without a netdev.
    pub name: Option<String>,
    /// The network: `namespace/name` of its definition, or the CNI's own name.
    pub network: String,
    /// What stands behind the interface.
    pub kind: Kind,
    /// Whether it is the pod's default network.
    pub default: bool,
    /// The MAC address, lower case.
    pub mac: Option<String>,
    /// The MTU in bytes.
    pub mtu: Option<u64>,
    /// Addresses, with a prefix only where a source gives one.
    pub ips: Vec<String>,
    /// Gateways of the default routes.
    pub gateways: Vec<String>,
    /// What the CNI said of name resolution.
    pub dns: Dns,
    /// Why `device` is taken to belong to this interface; `None` without a device.
    pub evidence: Option<Evidence>,
    /// Whether the device is this container's; `None` where nothing tells.
    pub own: Option<bool>,
    /// The device.
    pub device: Option<Device>,
    /// What this kernel shows of the device.
    pub hardware: Option<Hardware>,
    /// Where all this came from.
    pub sources: Vec<String>,
}

/// What stands behind an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A kernel netdev without a device of its own.
    Host,
    /// A PCI virtual function.
    SrIov,
    /// Another PCI device.
    Pci,
    /// A vDPA device.
    Vdpa,
    /// A vhost-user socket.
    VhostUser,
    /// A memif socket.
    Memif,
    /// An AF_XDP device.
    AfXdp,
    /// A subfunction of a PCI device.
    Subfunction,
    /// A device-info type this version does not know.
    Unknown,
}

/// Why a device is taken to belong to an interface, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Evidence {
    /// `device-info` of the attachment in network-status.
    DeviceInfo,
    /// DRA metadata names the interface, or has the same PCI address; not read yet.
    Dra,
    /// A netdev of the device has the interface's name.
    Netdev,
    /// The interface's alias is the PCI address.
    Ifalias,
    /// The interface's MAC is the virtual function's, and no other's.
    Mac,
    /// The userspace CNI's own data names the interface.
    Userspace,
    /// One interface and one device were left.
    OnlyCandidate,
    /// By position, because the caller asked for it.
    Order,
}

/// `dns` of a network-status entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Dns {
    /// Addresses of name servers.
    pub nameservers: Vec<String>,
    /// The local domain.
    pub domain: Option<String>,
    /// Search domains.
    pub search: Vec<String>,
    /// Resolver options.
    pub options: Vec<String>,
}

/// An allocated device that no evidence ties to an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnmatchedDevice {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: UnmatchedKind,
    /// The identifier its source gave.
    pub address: String,
    /// Whether it is this container's.
    pub own: Option<bool>,
    /// The variable that lists it.
    pub source: String,
    /// What this kernel shows of it.
    pub hardware: Option<Hardware>,
}

/// What an unmatched device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum UnmatchedKind {
    /// A PCI network function.
    Pci,
    /// A subfunction on the auxiliary bus.
    Subfunction,
    /// A PCI device of another class.
    Accelerator,
    /// An AF_XDP netdev.
    AfXdp,
    /// A vDPA device.
    Vdpa,
}

impl UnmatchedKind {
    /// Whether it is a PCI network function, with or without a vDPA device on it.
    pub fn is_pci_network_function(self) -> bool {
        matches!(self, UnmatchedKind::Pci | UnmatchedKind::Vdpa)
    }
}

impl Interface {
    /// The address of the PCI device behind the interface, a vDPA device's own one included.
    pub fn pci_address(&self) -> Option<PciAddress> {
        self.device.as_ref()?.pci_address()
    }

    /// The socket of a vhost-user, memif or AF_XDP device (for AF_XDP else the pinned map), or the
    /// character device of a vDPA one.
    pub fn path(&self) -> Option<&str> {
        let path = match &self.device.as_ref()?.detail {
            DeviceDetail::VhostUser(vhost_user) => vhost_user.path.as_ref(),
            DeviceDetail::Memif(memif) => memif.path.as_ref(),
            DeviceDetail::AfXdp(af_xdp) => af_xdp.socket.as_ref().or(af_xdp.map.as_ref()),
            DeviceDetail::Vdpa(vdpa) => vdpa.path.as_ref().or_else(|| self.char_device()),
            DeviceDetail::Pci(_) => self.char_device(),
            DeviceDetail::Subfunction(_) | DeviceDetail::Unknown(_) => None,
        };
        path.map(String::as_str)
    }

    fn char_device(&self) -> Option<&String> {
        self.hardware.as_ref()?.vdpa.as_ref()?.char_device.as_ref()
    }
}

display_as_json!(Kind, Evidence, UnmatchedKind);
