//! From the answers to the drop-in's structs.

use std::collections::BTreeMap;

use super::strings::Strings;
use super::types::*;
use crate::parse::network_status::NetworkStatus as Status;
use crate::snapshot::{
    self, ContainerHugepages, Device, DeviceDetail, Hugepages, Interface, Interfaces, Kind,
    MemifMode, MemifRole, PageSize, UnmatchedDevice, VhostMode,
};

const MIB: u64 = 1 << 20;
const SIZE_1G: u64 = 1 << 30;
const SIZE_2M: u64 = 2 << 20;

/// What a mode or role is that device-info does not name: none of the header's values.
const NOT_NAMED: i32 = -1;

/// The figures of one container.
pub(super) struct Container<'a> {
    name: Option<&'a str>,
    figures: Vec<Figures>,
}

/// What is known of one page size, in bytes.
struct Figures {
    size: u64,
    request: Option<u64>,
    limit: Option<u64>,
}

/// The containers that the injector's files name; with no files the own one, as the cgroup has it.
pub(super) fn containers<'a>(hugepages: &'a Hugepages, own: Option<&'a str>) -> Vec<Container<'a>> {
    let mut by_name: BTreeMap<&str, Vec<Figures>> = BTreeMap::new();
    for container in &hugepages.containers {
        let ContainerHugepages { name, size, request, limit } = container;
        let figures = Figures { size: *size, request: *request, limit: *limit };
        by_name.entry(name).or_default().push(figures);
    }
    if !by_name.is_empty() {
        let named = |(name, figures)| Container { name: Some(name), figures };
        return by_name.into_iter().map(named).collect();
    }
    let known = |page: &&PageSize| page.request.is_some() || page.limit.is_some();
    let figures: Vec<Figures> = hugepages
        .pages
        .iter()
        .filter(known)
        .map(|page| Figures { size: page.size, request: page.request, limit: page.limit })
        .collect();
    if figures.is_empty() { Vec::new() } else { vec![Container { name: own, figures }] }
}

pub(super) fn hugepages(
    element: &mut HugepagesData,
    container: &Container<'_>,
    strings: &mut Strings,
) {
    element.ContainerName = strings.optional(container.name);
    for figures in &container.figures {
        let (to_request, to_limit) = match figures.size {
            SIZE_1G => (&mut element.Request1G, &mut element.Limit1G),
            SIZE_2M => (&mut element.Request2M, &mut element.Limit2M),
            _ => (&mut element.Request, &mut element.Limit),
        };
        *to_request = to_request.saturating_add(mebibytes(figures.request));
        *to_limit = to_limit.saturating_add(mebibytes(figures.limit));
    }
}

fn mebibytes(bytes: Option<u64>) -> i64 {
    i64::try_from(bytes.unwrap_or(0) / MIB).unwrap_or(i64::MAX)
}

/// What one element is made from.
pub(super) enum Entry<'a> {
    Attachment(&'a Interface, &'a Status),
    Unmatched(&'a UnmatchedDevice),
}

/// The interfaces, and after them the own network functions that belong to none.
pub(super) fn entries<'a>(interfaces: &'a Interfaces, statuses: &'a [Status]) -> Vec<Entry<'a>> {
    let attachments = interfaces.interfaces.iter().zip(statuses);
    let unmatched = interfaces
        .unmatched_devices
        .iter()
        .filter(|device| device.kind.is_pci_network_function() && device.own == Some(true));
    attachments
        .map(|(interface, status)| Entry::Attachment(interface, status))
        .chain(unmatched.map(Entry::Unmatched))
        .collect()
}

pub(super) fn interface(element: &mut InterfaceData, entry: &Entry<'_>, strings: &mut Strings) {
    let to = &mut element.NetworkStatus;
    match entry {
        Entry::Attachment(interface, status) => {
            element.DeviceType = device_type(interface.kind);
            fill_status(to, status, strings);
            // The userspace CNI's addresses are not in network-status.
            if status.ips.is_empty() {
                to.IPs = strings.list(&interface.ips);
            }
            if let Some(device) = &interface.device {
                fill_device(&mut to.DeviceInfo, device, strings);
            }
        }
        Entry::Unmatched(device) => {
            element.DeviceType = NETUTIL_TYPE_SRIOV;
            to.DeviceInfo.Type = NETUTIL_TYPE_PCI;
            to.DeviceInfo.Pci.PciAddress = strings.text(&device.address);
        }
    }
}

fn device_type(kind: Kind) -> i32 {
    match kind {
        Kind::Host => NETUTIL_TYPE_HOST,
        Kind::SrIov => NETUTIL_TYPE_SRIOV,
        Kind::Pci => NETUTIL_TYPE_PCI,
        Kind::Vdpa => NETUTIL_TYPE_VDPA,
        Kind::VhostUser => NETUTIL_TYPE_VHOST,
        Kind::Memif => NETUTIL_TYPE_MEMIF,
        Kind::AfXdp | Kind::Subfunction | Kind::Unknown => NETUTIL_TYPE_UNKNOWN,
    }
}

/// Addresses are the annotation's own strings.
fn fill_status(to: &mut NetworkStatus, status: &Status, strings: &mut Strings) {
    to.Name = strings.text(&status.name);
    to.Interface = strings.optional(status.interface.as_deref());
    to.IPs = strings.list(&status.ips);
    to.Mac = strings.optional(status.mac.as_deref());
    to.Default = status.default.into();
    to.DNS = DNS {
        Nameservers: strings.list(&status.dns.nameservers),
        Domain: strings.optional(status.dns.domain.as_deref()),
        Search: strings.list(&status.dns.search),
        Options: strings.list(&status.dns.options),
    };
}

fn fill_device(to: &mut DeviceInfo, device: &Device, strings: &mut Strings) {
    to.Version = strings.optional(device.version.as_deref());
    match &device.detail {
        DeviceDetail::Pci(device) => {
            to.Type = NETUTIL_TYPE_PCI;
            to.Pci = pci(device, strings);
        }
        DeviceDetail::Vdpa(device) => {
            to.Type = NETUTIL_TYPE_VDPA;
            to.Vdpa = vdpa(device, strings);
        }
        DeviceDetail::VhostUser(socket) => {
            to.Type = NETUTIL_TYPE_VHOST;
            to.VhostUser = vhost(socket, strings);
        }
        DeviceDetail::Memif(socket) => {
            to.Type = NETUTIL_TYPE_MEMIF;
            to.Memif = memif(socket, strings);
        }
        DeviceDetail::AfXdp(_) | DeviceDetail::Subfunction(_) | DeviceDetail::Unknown(_) => {
            to.Type = NETUTIL_TYPE_UNKNOWN;
        }
    }
}

fn pci(device: &snapshot::PciDevice, strings: &mut Strings) -> PciDevice {
    PciDevice {
        PciAddress: strings.text(&device.address.to_string()),
        Vhostnet: strings.optional(device.vhost_net.as_deref()),
        RdmaDevice: strings.text(&device.rdma_devices.join(",")),
        PfPciAddress: strings.optional(printed(device.pf_address).as_deref()),
    }
}

fn vdpa(device: &snapshot::VdpaDevice, strings: &mut Strings) -> VdpaDevice {
    VdpaDevice {
        ParentDevice: strings.optional(device.parent_device.as_deref()),
        Driver: strings.optional(device.driver.as_deref()),
        Path: strings.optional(device.path.as_deref()),
        PciAddress: strings.optional(printed(device.pci_address).as_deref()),
        PfPciAddress: strings.optional(printed(device.pf_address).as_deref()),
    }
}

fn vhost(socket: &snapshot::VhostUserDevice, strings: &mut Strings) -> VhostDevice {
    VhostDevice {
        Mode: match socket.mode {
            None => NOT_NAMED,
            Some(VhostMode::Client) => NETUTIL_VHOST_MODE_CLIENT,
            Some(VhostMode::Server) => NETUTIL_VHOST_MODE_SERVER,
        },
        Path: strings.optional(socket.path.as_deref()),
    }
}

fn memif(socket: &snapshot::MemifDevice, strings: &mut Strings) -> MemifDevice {
    MemifDevice {
        Role: match socket.role {
            None => NOT_NAMED,
            Some(MemifRole::Master) => NETUTIL_MEMIF_ROLE_MASTER,
            Some(MemifRole::Slave) => NETUTIL_MEMIF_ROLE_SLAVE,
        },
        Path: strings.optional(socket.path.as_deref()),
        Mode: match socket.mode {
            None => NOT_NAMED,
            Some(MemifMode::Ethernet) => NETUTIL_MEMIF_MODE_ETHERNET,
            Some(MemifMode::Ip) => NETUTIL_MEMIF_MODE_IP,
            Some(MemifMode::InjectPunt) => NETUTIL_MEMIF_MODE_INJECT_PUNT,
        },
    }
}

fn printed(address: Option<impl ToString>) -> Option<String> {
    address.map(|address| address.to_string())
}
