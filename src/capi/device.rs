//! Devices, and what the kernel shows of them.

use std::ffi::c_char;
use std::ptr;

use super::owned::{Kept, podnet_strings};
use crate::snapshot::{
    Device, DeviceDetail, Hardware, MemifDevice, MemifMode, MemifRole, PciDevice, VdpaDevice,
    VdpaHardware, VhostMode, VhostUserDevice,
};

/// A type that this version does not know.
pub const PODNET_DEVICE_UNKNOWN: u32 = 0;
/// A PCI device.
pub const PODNET_DEVICE_PCI: u32 = 1;
/// A vDPA device.
pub const PODNET_DEVICE_VDPA: u32 = 2;
/// A vhost-user socket.
pub const PODNET_DEVICE_VHOST_USER: u32 = 3;
/// A memif socket.
pub const PODNET_DEVICE_MEMIF: u32 = 4;
/// A device of the AF_XDP device plugin.
pub const PODNET_DEVICE_AF_XDP: u32 = 5;
/// A subfunction on the auxiliary bus.
pub const PODNET_DEVICE_SUBFUNCTION: u32 = 6;

/// The host makes the socket, the application connects.
pub const PODNET_VHOST_CLIENT: u32 = 1;
/// The application makes the socket.
pub const PODNET_VHOST_SERVER: u32 = 2;

/// The application makes the socket.
pub const PODNET_MEMIF_MASTER: u32 = 1;
/// The host makes the socket, the application connects.
pub const PODNET_MEMIF_SLAVE: u32 = 2;

/// Ethernet frames.
pub const PODNET_MEMIF_ETHERNET: u32 = 1;
/// IP packets.
pub const PODNET_MEMIF_IP: u32 = 2;
/// Inject and punt.
pub const PODNET_MEMIF_INJECT_PUNT: u32 = 3;

/// A PCI device, in the terms of the Device Information Spec.
#[repr(C)]
pub struct podnet_pci {
    /// Its address, such as "0000:3b:02.6".
    pub address: *const c_char,
    /// The address of its physical function, or NULL.
    pub pf_address: *const c_char,
    /// The path of its vhost-net device, or NULL.
    pub vhost_net: *const c_char,
    /// The names of its RDMA devices.
    pub rdma_devices: podnet_strings,
    /// The name of its representor, or NULL.
    pub representor: *const c_char,
}

/// A vDPA device. What its source does not give is NULL.
#[repr(C)]
pub struct podnet_vdpa {
    /// Its name under /sys/bus/vdpa/devices.
    pub parent_device: *const c_char,
    /// "vhost" or "virtio".
    pub driver: *const c_char,
    /// The character device of the vhost driver.
    pub path: *const c_char,
    /// The address of the PCI device that it is made of.
    pub pci_address: *const c_char,
    /// The address of that device's physical function.
    pub pf_address: *const c_char,
    /// The name of its representor.
    pub representor: *const c_char,
}

/// A vhost-user socket.
#[repr(C)]
pub struct podnet_vhost_user {
    /// The part that the application plays: PODNET_VHOST_CLIENT or _SERVER; 0 is
    /// unknown.
    pub mode: u32,
    /// Zero.
    pub zero: u32,
    /// The path of the socket, or NULL.
    pub path: *const c_char,
}

/// A memif socket.
#[repr(C)]
pub struct podnet_memif {
    /// The part that the application plays: PODNET_MEMIF_MASTER or _SLAVE; 0 is
    /// unknown.
    pub role: u32,
    /// What it carries: PODNET_MEMIF_ETHERNET, _IP or _INJECT_PUNT; 0 is unknown.
    pub mode: u32,
    /// The path of the socket, or NULL.
    pub path: *const c_char,
}

/// A device of the AF_XDP device plugin.
#[repr(C)]
pub struct podnet_af_xdp {
    /// Its netdev.
    pub netdev: *const c_char,
    /// The socket that hands out the XSK map, or NULL.
    pub socket: *const c_char,
    /// The path of the pinned XSK map, or NULL.
    pub map: *const c_char,
}

/// A subfunction of a PCI device.
#[repr(C)]
pub struct podnet_subfunction {
    /// Its name under /sys/bus/auxiliary/devices, such as "mlx5_core.sf.4".
    pub name: *const c_char,
    /// The number that it was made with; -1 is unknown.
    pub number: i64,
    /// The address of the PCI device that it is part of, or NULL.
    pub parent: *const c_char,
}

/// A device. The member that its type names is set, the others are NULL.
#[repr(C)]
pub struct podnet_device {
    /// One of PODNET_DEVICE_.
    pub device_type: u32,
    /// Zero.
    pub zero: u32,
    /// The type's name, such as "vhost-user", also for an unknown one.
    pub type_name: *const c_char,
    /// The version of the specification that its device-info names, or NULL.
    pub version: *const c_char,
    /// For PODNET_DEVICE_PCI.
    pub pci: *const podnet_pci,
    /// For PODNET_DEVICE_VDPA.
    pub vdpa: *const podnet_vdpa,
    /// For PODNET_DEVICE_VHOST_USER.
    pub vhost_user: *const podnet_vhost_user,
    /// For PODNET_DEVICE_MEMIF.
    pub memif: *const podnet_memif,
    /// For PODNET_DEVICE_AF_XDP.
    pub af_xdp: *const podnet_af_xdp,
    /// For PODNET_DEVICE_SUBFUNCTION.
    pub subfunction: *const podnet_subfunction,
}

/// What this kernel shows of a vDPA device.
#[repr(C)]
pub struct podnet_vdpa_hardware {
    /// Its name under /sys/bus/vdpa/devices.
    pub name: *const c_char,
    /// "vhost_vdpa" or "virtio_vdpa", or NULL.
    pub driver: *const c_char,
    /// Its character device, for vhost_vdpa, or NULL.
    pub char_device: *const c_char,
    /// Its netdev, for virtio_vdpa, or NULL.
    pub netdev: *const c_char,
}

/// What this kernel shows of a PCI or vDPA device, or of a subfunction, whose
/// vendor, device, class_code and numa_node are its PCI device's. What it does not show is NULL
/// or -1.
#[repr(C)]
pub struct podnet_hardware {
    /// The PCI vendor, four hexadecimal digits.
    pub vendor: *const c_char,
    /// The PCI device, four hexadecimal digits.
    pub device: *const c_char,
    /// The PCI class, six hexadecimal digits.
    pub class_code: *const c_char,
    /// The kernel driver bound to it.
    pub driver: *const c_char,
    /// The NUMA node that it is on; -1 is none.
    pub numa_node: i64,
    /// Its IOMMU group; -1 is none.
    pub iommu_group: i64,
    /// 1 when that group is vfio-noiommu, without an IOMMU; else 0.
    pub no_iommu: u32,
    /// Zero.
    pub zero: u32,
    /// The VFIO node of that group, where vfio-pci drives the device.
    pub vfio: *const c_char,
    /// The address of the physical function that it is a virtual function of.
    pub physical_function: *const c_char,
    /// Its index among the virtual functions, from 0; -1 is none.
    pub virtual_function: i64,
    /// Its netdevs in this network namespace.
    pub netdevs: podnet_strings,
    /// Its RDMA devices.
    pub rdma_devices: podnet_strings,
    /// The vDPA device on it, or NULL.
    pub vdpa: *const podnet_vdpa_hardware,
}

const _: () = assert!(
    size_of::<podnet_pci>() == 48
        && size_of::<podnet_vdpa>() == 48
        && size_of::<podnet_vhost_user>() == 16
        && size_of::<podnet_memif>() == 16
        && size_of::<podnet_af_xdp>() == 24
        && size_of::<podnet_subfunction>() == 24
        && size_of::<podnet_device>() == 72
        && size_of::<podnet_vdpa_hardware>() == 32
        && size_of::<podnet_hardware>() == 120
);

/// NULL without a device.
pub(super) fn view(device: Option<&Device>, kept: &mut Kept) -> *const podnet_device {
    let Some(device) = device else { return ptr::null() };
    let mut view = podnet_device {
        device_type: PODNET_DEVICE_UNKNOWN,
        zero: 0,
        type_name: kept.text(device.type_name()),
        version: kept.optional(device.version.as_ref()),
        pci: ptr::null(),
        vdpa: ptr::null(),
        vhost_user: ptr::null(),
        memif: ptr::null(),
        af_xdp: ptr::null(),
        subfunction: ptr::null(),
    };
    match &device.detail {
        DeviceDetail::Pci(detail) => {
            view.device_type = PODNET_DEVICE_PCI;
            view.pci = pci(detail, kept);
        }
        DeviceDetail::Vdpa(detail) => {
            view.device_type = PODNET_DEVICE_VDPA;
            view.vdpa = vdpa(detail, kept);
        }
        DeviceDetail::VhostUser(detail) => {
            view.device_type = PODNET_DEVICE_VHOST_USER;
            view.vhost_user = vhost_user(detail, kept);
        }
        DeviceDetail::Memif(detail) => {
            view.device_type = PODNET_DEVICE_MEMIF;
            view.memif = memif(detail, kept);
        }
        DeviceDetail::AfXdp(detail) => {
            view.device_type = PODNET_DEVICE_AF_XDP;
            let af_xdp = podnet_af_xdp {
                netdev: kept.text(&detail.netdev),
                socket: kept.optional(detail.socket.as_ref()),
                map: kept.optional(detail.map.as_ref()),
            };
            view.af_xdp = kept.one(af_xdp);
        }
        DeviceDetail::Subfunction(detail) => {
            view.device_type = PODNET_DEVICE_SUBFUNCTION;
            let subfunction = podnet_subfunction {
                name: kept.text(&detail.name),
                number: number(detail.number),
                parent: kept.optional(detail.parent.map(|address| address.to_string())),
            };
            view.subfunction = kept.one(subfunction);
        }
        DeviceDetail::Unknown(_) => {}
    }
    kept.one(view)
}

fn pci(pci: &PciDevice, kept: &mut Kept) -> *const podnet_pci {
    let view = podnet_pci {
        address: kept.text(&pci.address.to_string()),
        pf_address: kept.optional(pci.pf_address),
        vhost_net: kept.optional(pci.vhost_net.as_ref()),
        rdma_devices: kept.strings(&pci.rdma_devices),
        representor: kept.optional(pci.representor.as_ref()),
    };
    kept.one(view)
}

fn vdpa(vdpa: &VdpaDevice, kept: &mut Kept) -> *const podnet_vdpa {
    let view = podnet_vdpa {
        parent_device: kept.optional(vdpa.parent_device.as_ref()),
        driver: kept.optional(vdpa.driver.as_ref()),
        path: kept.optional(vdpa.path.as_ref()),
        pci_address: kept.optional(vdpa.pci_address),
        pf_address: kept.optional(vdpa.pf_address),
        representor: kept.optional(vdpa.representor.as_ref()),
    };
    kept.one(view)
}

fn vhost_user(socket: &VhostUserDevice, kept: &mut Kept) -> *const podnet_vhost_user {
    let view = podnet_vhost_user {
        mode: match socket.mode {
            None => 0,
            Some(VhostMode::Client) => PODNET_VHOST_CLIENT,
            Some(VhostMode::Server) => PODNET_VHOST_SERVER,
        },
        zero: 0,
        path: kept.optional(socket.path.as_ref()),
    };
    kept.one(view)
}

fn memif(socket: &MemifDevice, kept: &mut Kept) -> *const podnet_memif {
    let view = podnet_memif {
        role: match socket.role {
            None => 0,
            Some(MemifRole::Master) => PODNET_MEMIF_MASTER,
            Some(MemifRole::Slave) => PODNET_MEMIF_SLAVE,
        },
        mode: match socket.mode {
            None => 0,
            Some(MemifMode::Ethernet) => PODNET_MEMIF_ETHERNET,
            Some(MemifMode::Ip) => PODNET_MEMIF_IP,
            Some(MemifMode::InjectPunt) => PODNET_MEMIF_INJECT_PUNT,
        },
        path: kept.optional(socket.path.as_ref()),
    };
    kept.one(view)
}

/// NULL where the kernel shows nothing.
pub(super) fn hardware(hardware: Option<&Hardware>, kept: &mut Kept) -> *const podnet_hardware {
    // Names every member, so that none that is added is forgotten.
    let Some(Hardware {
        vendor,
        device,
        class,
        driver,
        numa_node,
        iommu_group,
        no_iommu,
        vfio,
        physical_function,
        virtual_function,
        netdevs,
        rdma_devices,
        vdpa,
    }) = hardware
    else {
        return ptr::null();
    };
    let view = podnet_hardware {
        vendor: kept.optional(vendor.as_ref()),
        device: kept.optional(device.as_ref()),
        class_code: kept.optional(class.as_ref()),
        driver: kept.optional(driver.as_ref()),
        numa_node: number(*numa_node),
        iommu_group: number(*iommu_group),
        no_iommu: (*no_iommu).into(),
        zero: 0,
        vfio: kept.optional(vfio.as_ref()),
        physical_function: kept.optional(*physical_function),
        virtual_function: number(*virtual_function),
        netdevs: kept.strings(netdevs),
        rdma_devices: kept.strings(rdma_devices),
        vdpa: vdpa_hardware(vdpa.as_ref(), kept),
    };
    kept.one(view)
}

fn vdpa_hardware(vdpa: Option<&VdpaHardware>, kept: &mut Kept) -> *const podnet_vdpa_hardware {
    let Some(vdpa) = vdpa else { return ptr::null() };
    let view = podnet_vdpa_hardware {
        name: kept.text(&vdpa.name),
        driver: kept.optional(vdpa.driver.as_ref()),
        char_device: kept.optional(vdpa.char_device.as_ref()),
        netdev: kept.optional(vdpa.netdev.as_ref()),
    };
    kept.one(view)
}

/// -1 for what is absent.
pub(super) fn number(number: Option<u32>) -> i64 {
    number.map_or(-1, i64::from)
}
