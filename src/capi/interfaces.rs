//! The interfaces.

use std::ffi::{c_char, c_int};

use super::cpu::{PODNET_NO, PODNET_UNKNOWN, PODNET_YES};
use super::device::{self, podnet_device, podnet_hardware};
use super::error::podnet_error;
use super::hugepages::PODNET_NONE;
use super::owned::{Kept, Owned, answer, podnet_strings};
use super::pod::podnet;
use crate::pod::Pod;
use crate::snapshot::{
    Dns, Evidence, Interface, Interfaces, Kind, State, UnmatchedDevice, UnmatchedKind,
};

/// A device-info type that this version does not know.
pub const PODNET_KIND_UNKNOWN: u32 = 0;
/// A kernel netdev without a device of its own.
pub const PODNET_KIND_HOST: u32 = 1;
/// A PCI virtual function.
pub const PODNET_KIND_SR_IOV: u32 = 2;
/// Another PCI device.
pub const PODNET_KIND_PCI: u32 = 3;
/// A vDPA device.
pub const PODNET_KIND_VDPA: u32 = 4;
/// A vhost-user socket.
pub const PODNET_KIND_VHOST_USER: u32 = 5;
/// A memif socket.
pub const PODNET_KIND_MEMIF: u32 = 6;
/// A device of the AF_XDP device plugin.
pub const PODNET_KIND_AF_XDP: u32 = 7;
/// A subfunction of a PCI device.
pub const PODNET_KIND_SUBFUNCTION: u32 = 8;

/// There is no device.
pub const PODNET_EVIDENCE_NONE: u32 = 0;
/// The attachment's device-info in network-status.
pub const PODNET_EVIDENCE_DEVICE_INFO: u32 = 1;
/// DRA metadata names the interface, or has the same PCI address.
pub const PODNET_EVIDENCE_DRA: u32 = 2;
/// A netdev of the device has the interface's name.
pub const PODNET_EVIDENCE_NETDEV: u32 = 3;
/// The interface's alias is the PCI address.
pub const PODNET_EVIDENCE_IFALIAS: u32 = 4;
/// The interface's MAC address is the virtual function's, and no other's.
pub const PODNET_EVIDENCE_MAC: u32 = 5;
/// The userspace CNI's own data names the interface.
pub const PODNET_EVIDENCE_USERSPACE: u32 = 6;
/// One interface and one device were left.
pub const PODNET_EVIDENCE_ONLY_CANDIDATE: u32 = 7;
/// By position, because the caller asked for it.
pub const PODNET_EVIDENCE_ORDER: u32 = 8;

/// There is no annotations file.
pub const PODNET_STATE_NO_ANNOTATIONS: u32 = 0;
/// There is neither a status nor a request.
pub const PODNET_STATE_NO_STATUS: u32 = 1;
/// At least one requested network has no status yet.
pub const PODNET_STATE_PENDING: u32 = 2;
/// Every requested network has its status.
pub const PODNET_STATE_COMPLETE: u32 = 3;

/// A PCI network function.
pub const PODNET_UNMATCHED_PCI: u32 = 1;
/// A subfunction on the auxiliary bus.
pub const PODNET_UNMATCHED_SUBFUNCTION: u32 = 2;
/// A PCI device that is no network function.
pub const PODNET_UNMATCHED_ACCELERATOR: u32 = 3;
/// A netdev of the AF_XDP device plugin.
pub const PODNET_UNMATCHED_AF_XDP: u32 = 4;
/// A vDPA device.
pub const PODNET_UNMATCHED_VDPA: u32 = 5;

/// What the CNI said of name resolution.
#[repr(C)]
pub struct podnet_dns {
    /// Addresses of name servers.
    pub nameservers: podnet_strings,
    /// The local domain, or NULL.
    pub domain: *const c_char,
    /// Search domains.
    pub search: podnet_strings,
    /// Resolver options.
    pub options: podnet_strings,
}

/// One attachment of the pod to a network.
#[repr(C)]
pub struct podnet_interface {
    /// The interface's name in the pod, or NULL. DPDK's devices have one without
    /// a netdev.
    pub name: *const c_char,
    /// The network: "namespace/name" of its definition, or the CNI's own name.
    pub network: *const c_char,
    /// What stands behind the interface: one of PODNET_KIND_.
    pub kind: u32,
    /// 1 for the pod's default network, else 0.
    pub is_default: u32,
    /// The MAC address, lower case, or NULL.
    pub mac: *const c_char,
    /// The MTU in bytes, or PODNET_NONE.
    pub mtu: u64,
    /// Addresses, with a prefix only where a source gives one.
    pub ips: podnet_strings,
    /// Gateways of the default routes.
    pub gateways: podnet_strings,
    /// Never NULL.
    pub dns: *const podnet_dns,
    /// Why the device is taken to be this interface's: one of PODNET_EVIDENCE_.
    pub evidence: u32,
    /// Whether the device is this container's: PODNET_YES, PODNET_NO or
    /// PODNET_UNKNOWN.
    pub own: u32,
    /// The device behind the interface, or NULL.
    pub device: *const podnet_device,
    /// What this kernel shows of the device, or NULL.
    pub hardware: *const podnet_hardware,
    /// Where all this came from: annotations and variables.
    pub sources: podnet_strings,
    /// Zero.
    pub reserved: [u64; 4],
}

/// An allocated device that no evidence ties to an interface.
#[repr(C)]
pub struct podnet_unmatched_device {
    /// What it is: one of PODNET_UNMATCHED_.
    pub device_type: u32,
    /// Whether it is this container's: PODNET_YES, PODNET_NO or PODNET_UNKNOWN.
    pub own: u32,
    /// The identifier that its source gave, such as "0000:3b:02.6".
    pub address: *const c_char,
    /// The variable that lists it.
    pub source: *const c_char,
    /// What this kernel shows of it, or NULL.
    pub hardware: *const podnet_hardware,
    /// Zero.
    pub reserved: [u64; 4],
}

/// The interfaces of the pod, and the devices behind them.
#[repr(C)]
pub struct podnet_interfaces {
    /// How far the networks of the pod have come: one of PODNET_STATE_.
    pub state: u32,
    /// Zero.
    pub zero: u32,
    /// The requested networks that have no status yet.
    pub pending_networks: podnet_strings,
    /// One entry per attachment, in the order of network-status; NULL without
    /// any.
    pub interfaces: *const podnet_interface,
    /// How many interfaces there are.
    pub interfaces_len: usize,
    /// NULL without any.
    pub unmatched_devices: *const podnet_unmatched_device,
    /// How many of them there are.
    pub unmatched_devices_len: usize,
}

const _: () = assert!(
    size_of::<podnet_dns>() == 56
        && size_of::<podnet_interface>() == 152
        && size_of::<podnet_unmatched_device>() == 64
        && size_of::<podnet_interfaces>() == 56
);

/// The interfaces of the pod and the devices behind them. What is not there yet
/// is no error: see podnet_interfaces.state.
///
/// Returns 0 and sets *ret, which podnet_interfaces_free() frees. Else returns
/// -EINVAL for a NULL argument, -EBADMSG for a malformed source, or why a source
/// can't be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_get_interfaces(
    pod: *const podnet,
    ret: *mut *mut podnet_interfaces,
    err: *mut podnet_error,
) -> c_int {
    // SAFETY: the arguments are as the header says.
    unsafe { answer(pod, ret, err, Pod::interfaces, view) }
}

/// Frees what podnet_get_interfaces() returned. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_interfaces_free(interfaces: *mut podnet_interfaces) {
    // SAFETY: it is NULL or from podnet_get_interfaces(), and not used afterwards.
    unsafe { Owned::take_back(interfaces) };
}

fn view(all: &Interfaces, kept: &mut Kept) -> podnet_interfaces {
    let interfaces: Vec<_> = all.interfaces.iter().map(|one| interface(one, kept)).collect();
    let unmatched: Vec<_> = all.unmatched_devices.iter().map(|one| unmatched(one, kept)).collect();
    podnet_interfaces {
        state: match all.state {
            State::NoAnnotations => PODNET_STATE_NO_ANNOTATIONS,
            State::NoStatus => PODNET_STATE_NO_STATUS,
            State::Pending => PODNET_STATE_PENDING,
            State::Complete => PODNET_STATE_COMPLETE,
        },
        zero: 0,
        pending_networks: kept.strings(&all.pending_networks),
        interfaces_len: interfaces.len(),
        interfaces: kept.list(interfaces),
        unmatched_devices_len: unmatched.len(),
        unmatched_devices: kept.list(unmatched),
    }
}

pub(super) fn interface(interface: &Interface, kept: &mut Kept) -> podnet_interface {
    // Names every member, so that none that is added is forgotten.
    let Interface {
        name,
        network,
        kind,
        default,
        mac,
        mtu,
        ips,
        gateways,
        dns,
        evidence,
        own,
        device,
        hardware,
        sources,
    } = interface;
    podnet_interface {
        name: kept.optional(name.as_ref()),
        network: kept.text(network),
        kind: kind_number(*kind),
        is_default: (*default).into(),
        mac: kept.optional(mac.as_ref()),
        mtu: mtu.unwrap_or(PODNET_NONE),
        ips: kept.strings(ips),
        gateways: kept.strings(gateways),
        dns: dns_view(dns, kept),
        evidence: evidence_number(*evidence),
        own: own_number(*own),
        device: device::view(device.as_ref(), kept),
        hardware: device::hardware(hardware.as_ref(), kept),
        sources: kept.strings(sources),
        reserved: [0; 4],
    }
}

fn kind_number(kind: Kind) -> u32 {
    match kind {
        Kind::Unknown => PODNET_KIND_UNKNOWN,
        Kind::Host => PODNET_KIND_HOST,
        Kind::SrIov => PODNET_KIND_SR_IOV,
        Kind::Pci => PODNET_KIND_PCI,
        Kind::Vdpa => PODNET_KIND_VDPA,
        Kind::VhostUser => PODNET_KIND_VHOST_USER,
        Kind::Memif => PODNET_KIND_MEMIF,
        Kind::AfXdp => PODNET_KIND_AF_XDP,
        Kind::Subfunction => PODNET_KIND_SUBFUNCTION,
    }
}

fn evidence_number(evidence: Option<Evidence>) -> u32 {
    match evidence {
        None => PODNET_EVIDENCE_NONE,
        Some(Evidence::DeviceInfo) => PODNET_EVIDENCE_DEVICE_INFO,
        Some(Evidence::Dra) => PODNET_EVIDENCE_DRA,
        Some(Evidence::Netdev) => PODNET_EVIDENCE_NETDEV,
        Some(Evidence::Ifalias) => PODNET_EVIDENCE_IFALIAS,
        Some(Evidence::Mac) => PODNET_EVIDENCE_MAC,
        Some(Evidence::Userspace) => PODNET_EVIDENCE_USERSPACE,
        Some(Evidence::OnlyCandidate) => PODNET_EVIDENCE_ONLY_CANDIDATE,
        Some(Evidence::Order) => PODNET_EVIDENCE_ORDER,
    }
}

fn own_number(own: Option<bool>) -> u32 {
    match own {
        None => PODNET_UNKNOWN,
        Some(true) => PODNET_YES,
        Some(false) => PODNET_NO,
    }
}

fn dns_view(dns: &Dns, kept: &mut Kept) -> *const podnet_dns {
    let view = podnet_dns {
        nameservers: kept.strings(&dns.nameservers),
        domain: kept.optional(dns.domain.as_ref()),
        search: kept.strings(&dns.search),
        options: kept.strings(&dns.options),
    };
    kept.one(view)
}

fn unmatched(device: &UnmatchedDevice, kept: &mut Kept) -> podnet_unmatched_device {
    podnet_unmatched_device {
        device_type: match device.kind {
            UnmatchedKind::Pci => PODNET_UNMATCHED_PCI,
            UnmatchedKind::Subfunction => PODNET_UNMATCHED_SUBFUNCTION,
            UnmatchedKind::Accelerator => PODNET_UNMATCHED_ACCELERATOR,
            UnmatchedKind::AfXdp => PODNET_UNMATCHED_AF_XDP,
            UnmatchedKind::Vdpa => PODNET_UNMATCHED_VDPA,
        },
        own: own_number(device.own),
        address: kept.text(&device.address),
        source: kept.text(&device.source),
        hardware: device::hardware(device.hardware.as_ref(), kept),
        reserved: [0; 4],
    }
}
