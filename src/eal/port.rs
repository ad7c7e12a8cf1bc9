//! The ports that the arguments make.

use serde::Serialize;

use crate::parse::pci::PciAddress;

/// One DPDK port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Port {
    /// The port's number, if every port before it comes up.
    pub id: u32,
    /// The pod's interface; `None` for a device that belongs to none.
    pub interface: Option<String>,
    /// The network of the interface.
    pub network: Option<String>,
    /// The value of `-a` or `--vdev`.
    pub devarg: String,
    /// The name DPDK gives the port.
    pub name: String,
    /// What the port is made of.
    pub device: PortDevice,
    /// The MAC address, where the pod's data has one.
    pub mac: Option<String>,
    /// The addresses of the interface.
    pub ips: Vec<String>,
    /// The NUMA node of the device.
    pub numa_node: Option<u32>,
}

/// What a port is made of. In JSON `type` names the variant: `pci`, `vhost-user` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum PortDevice {
    /// A PCI device, by `-a`.
    Pci {
        /// Its address.
        address: PciAddress,
    },
    /// A subfunction on the auxiliary bus, by `-a`.
    Auxiliary {
        /// Its name, such as `mlx5_core.sf.4`.
        name: String,
    },
    /// A vhost-user socket, by net_virtio_user.
    VhostUser {
        /// The socket.
        path: String,
        /// Whether the program makes the socket; else it connects.
        server: bool,
    },
    /// A vDPA device, by net_virtio_user.
    VhostVdpa {
        /// The character device.
        path: String,
    },
    /// A memif, by net_memif.
    Memif {
        /// The socket; one in the abstract namespace begins with `@`.
        path: String,
        /// Whether the program makes the socket; else it connects.
        server: bool,
    },
    /// AF_XDP sockets on a kernel netdev, by net_af_xdp.
    AfXdp {
        /// The netdev.
        netdev: String,
        /// The socket of the device plugin, where one is used.
        socket: Option<String>,
        /// The pinned XSK map of the device plugin, where one is used.
        map: Option<String>,
    },
    /// A kernel netdev, by net_tap: a tap device, or any other behind one.
    Tap {
        /// The netdev.
        netdev: String,
    },
}
