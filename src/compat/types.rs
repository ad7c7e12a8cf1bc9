//! The structs and constants of the drop-in. Layout and names are fixed.

use std::ffi::{c_char, c_int};

/// A good size for the array of HugepagesResponse.
#[allow(dead_code, reason = "for the callers")]
pub const NETUTIL_NUM_HUGEPAGES_DATA: usize = 10;
/// How many addresses an interface has room for.
pub const NETUTIL_NUM_IPS: usize = 10;
/// A good size for the array of InterfaceResponse.
#[allow(dead_code, reason = "for the callers")]
pub const NETUTIL_NUM_NETWORKINTERFACE: usize = 10;
/// How many name servers an interface has room for.
pub const NETUTIL_NUM_DNS_NAMESERVERS: usize = 5;
/// How many search domains an interface has room for.
pub const NETUTIL_NUM_DNS_SEARCH: usize = 5;
/// How many resolver options an interface has room for.
pub const NETUTIL_NUM_DNS_OPTIONS: usize = 5;

/// A type that this version does not know, and AF_XDP.
pub const NETUTIL_TYPE_UNKNOWN: c_int = 0;
/// A kernel netdev without a device of its own.
pub const NETUTIL_TYPE_HOST: c_int = 1;
/// A PCI virtual function.
pub const NETUTIL_TYPE_SRIOV: c_int = 2;
/// Another PCI device; in DeviceInfo.Type any PCI device.
pub const NETUTIL_TYPE_PCI: c_int = 3;
/// A vhost-user socket.
pub const NETUTIL_TYPE_VHOST: c_int = 4;
/// A memif socket.
pub const NETUTIL_TYPE_MEMIF: c_int = 5;
/// A vDPA device.
pub const NETUTIL_TYPE_VDPA: c_int = 8;

/// The host makes the socket, the application connects.
pub const NETUTIL_VHOST_MODE_CLIENT: c_int = 0;
/// The application makes the socket.
pub const NETUTIL_VHOST_MODE_SERVER: c_int = 1;

/// The application makes the socket.
pub const NETUTIL_MEMIF_ROLE_MASTER: c_int = 0;
/// The host makes the socket, the application connects.
pub const NETUTIL_MEMIF_ROLE_SLAVE: c_int = 1;

/// Ethernet frames.
pub const NETUTIL_MEMIF_MODE_ETHERNET: c_int = 0;
/// IP packets.
pub const NETUTIL_MEMIF_MODE_IP: c_int = 1;
/// Inject and punt.
pub const NETUTIL_MEMIF_MODE_INJECT_PUNT: c_int = 2;

/// Log what made a call fail.
pub const LOG_LEVEL_ERROR: u32 = 0;
/// Log also what did not fit.
pub const LOG_LEVEL_WARNING: u32 = 1;
/// Log also every call.
pub const LOG_LEVEL_INFO: u32 = 2;
/// Log everything.
pub const LOG_LEVEL_DEBUG: u32 = 3;
/// How many levels there are.
pub const LOG_LEVEL_MAX: u32 = 4;

/// The CPUs of this container.
#[repr(C)]
pub struct CPUResponse {
    /// A Linux CPU list, such as "2-5,34". The caller frees it.
    pub CPUSet: *mut c_char,
}

/// The hugepages of one container, in MiB. 0 is absent or unknown.
#[repr(C)]
pub struct HugepagesData {
    /// The container, or NULL. The caller frees it.
    pub ContainerName: *mut c_char,
    /// The requests for pages other than 1 GiB and 2 MiB, added up.
    pub Request: i64,
    /// The limits of pages other than 1 GiB and 2 MiB, added up.
    pub Limit: i64,
    /// The request for pages of 1 GiB.
    pub Request1G: i64,
    /// The limit of pages of 1 GiB.
    pub Limit1G: i64,
    /// The request for pages of 2 MiB.
    pub Request2M: i64,
    /// The limit of pages of 2 MiB.
    pub Limit2M: i64,
}

/// The hugepages of this pod's containers.
#[repr(C)]
pub struct HugepagesResponse {
    /// How many elements pHugepages has. The caller sets it.
    pub numStructAllocated: c_int,
    /// How many of them are populated.
    pub numStructPopulated: c_int,
    /// The own container, or NULL. The caller frees it.
    pub MyContainerName: *mut c_char,
    /// The caller's array.
    pub pHugepages: *mut HugepagesData,
}

/// What the CNI said of name resolution. The lists end at the first NULL. The
/// caller frees the strings.
#[repr(C)]
pub struct DNS {
    /// Addresses of name servers.
    pub Nameservers: [*mut c_char; NETUTIL_NUM_DNS_NAMESERVERS],
    /// The local domain, or NULL.
    pub Domain: *mut c_char,
    /// Search domains.
    pub Search: [*mut c_char; NETUTIL_NUM_DNS_SEARCH],
    /// Resolver options.
    pub Options: [*mut c_char; NETUTIL_NUM_DNS_OPTIONS],
}

/// A PCI device. What is absent is NULL. The caller frees the strings.
#[repr(C)]
pub struct PciDevice {
    /// Its address, such as "0000:3b:02.6".
    pub PciAddress: *mut c_char,
    /// The path of its vhost-net device.
    pub Vhostnet: *mut c_char,
    /// The names of its RDMA devices, joined by commas.
    pub RdmaDevice: *mut c_char,
    /// The address of its physical function.
    pub PfPciAddress: *mut c_char,
}

/// A vDPA device. What is absent is NULL. The caller frees the strings.
#[repr(C)]
pub struct VdpaDevice {
    /// Its name under /sys/bus/vdpa/devices.
    pub ParentDevice: *mut c_char,
    /// "vhost" or "virtio".
    pub Driver: *mut c_char,
    /// The character device of the vhost driver.
    pub Path: *mut c_char,
    /// The address of the PCI device that it is made of.
    pub PciAddress: *mut c_char,
    /// The address of that device's physical function.
    pub PfPciAddress: *mut c_char,
}

/// A vhost-user socket.
#[repr(C)]
pub struct VhostDevice {
    /// NETUTIL_VHOST_MODE_CLIENT or _SERVER; -1 where device-info names none.
    pub Mode: c_int,
    /// The path of the socket, or NULL. The caller frees it.
    pub Path: *mut c_char,
}

/// A memif socket.
#[repr(C)]
pub struct MemifDevice {
    /// NETUTIL_MEMIF_ROLE_MASTER or _SLAVE; -1 where device-info names none.
    pub Role: c_int,
    /// The path of the socket, or NULL. The caller frees it.
    pub Path: *mut c_char,
    /// NETUTIL_MEMIF_MODE_ETHERNET, _IP or _INJECT_PUNT; -1 where device-info
    /// names none.
    pub Mode: c_int,
}

/// The device behind an interface. Only the member of its type is filled.
#[repr(C)]
pub struct DeviceInfo {
    /// NETUTIL_TYPE_PCI, _VDPA, _VHOST or _MEMIF; NETUTIL_TYPE_UNKNOWN for any
    /// other device and for none.
    pub Type: c_int,
    /// The version of the Device Information Spec, or NULL. The caller frees it.
    pub Version: *mut c_char,
    /// For NETUTIL_TYPE_PCI.
    pub Pci: PciDevice,
    /// For NETUTIL_TYPE_VDPA.
    pub Vdpa: VdpaDevice,
    /// For NETUTIL_TYPE_VHOST.
    pub VhostUser: VhostDevice,
    /// For NETUTIL_TYPE_MEMIF.
    pub Memif: MemifDevice,
}

/// One entry of the annotation network-status. What is absent is NULL. The
/// caller frees the strings.
#[repr(C)]
pub struct NetworkStatus {
    /// The network.
    pub Name: *mut c_char,
    /// The interface in the pod.
    pub Interface: *mut c_char,
    /// Addresses as the annotation has them; the list ends at the first NULL.
    pub IPs: [*mut c_char; NETUTIL_NUM_IPS],
    /// The MAC address as the annotation has it.
    pub Mac: *mut c_char,
    /// 1 for the pod's default network, else 0.
    pub Default: c_int,
    /// Name resolution.
    pub DNS: DNS,
    /// The device behind the interface.
    pub DeviceInfo: DeviceInfo,
}

/// One interface.
#[repr(C)]
pub struct InterfaceData {
    /// What stands behind it: one of NETUTIL_TYPE_.
    pub DeviceType: c_int,
    /// What is known of it.
    pub NetworkStatus: NetworkStatus,
}

/// The interfaces of this pod.
#[repr(C)]
pub struct InterfaceResponse {
    /// How many elements pIface has. The caller sets it.
    pub numIfaceAllocated: c_int,
    /// How many of them are populated.
    pub numIfacePopulated: c_int,
    /// The caller's array.
    pub pIface: *mut InterfaceData,
}

/// Fails to compile unless a struct has this size and its members these offsets.
macro_rules! layout {
    ($name:ident $size:literal: $($member:ident $offset:literal),+) => {
        const _: () = {
            assert!(size_of::<$name>() == $size);
            $(assert!(std::mem::offset_of!($name, $member) == $offset);)+
        };
    };
}
pub(super) use layout;

layout!(CPUResponse 8: CPUSet 0);
layout!(HugepagesData 56: ContainerName 0, Request 8, Limit 16, Request1G 24, Limit1G 32,
    Request2M 40, Limit2M 48);
layout!(HugepagesResponse 24: numStructAllocated 0, numStructPopulated 4, MyContainerName 8,
    pHugepages 16);
layout!(DNS 128: Nameservers 0, Domain 40, Search 48, Options 88);
layout!(PciDevice 32: PciAddress 0, Vhostnet 8, RdmaDevice 16, PfPciAddress 24);
layout!(VdpaDevice 40: ParentDevice 0, Driver 8, Path 16, PciAddress 24, PfPciAddress 32);
layout!(VhostDevice 16: Mode 0, Path 8);
layout!(MemifDevice 24: Role 0, Path 8, Mode 16);
layout!(DeviceInfo 128: Type 0, Version 8, Pci 16, Vdpa 48, VhostUser 88, Memif 104);
layout!(NetworkStatus 368: Name 0, Interface 8, IPs 16, Mac 96, Default 104, DNS 112,
    DeviceInfo 240);
layout!(InterfaceData 376: DeviceType 0, NetworkStatus 8);
layout!(InterfaceResponse 16: numIfaceAllocated 0, numIfacePopulated 4, pIface 8);
