//! GetInterfaces: the attachments of the pod, and the device behind each with its evidence.

mod allocated;
mod hardware;
mod mapping;

use crate::downward_api::DownwardApi;
use crate::error::Error;
use crate::parse::downward::Map;
use crate::parse::network_status::{self, NetworkStatus};
use crate::parse::networks::{self, NetworkRequest};
use crate::root::Root;
use crate::snapshot::{
    Device, DeviceDetail, Hardware, Interface, Interfaces, Kind, State, UnmatchedDevice,
    UnmatchedKind,
};
use crate::warning::{Findings, WarningCode};

use allocated::{Allocated, AllocatedDevice};
use mapping::{Candidate, Mapping};

const ANNOTATIONS: &str = "annotations";
const REQUEST: &str = "k8s.v1.cni.cncf.io/networks";

/// The status annotation, and the name that Multus before 4.0 wrote beside or instead of it.
const STATUS: [(&str, &str); 2] = [
    ("network-status", "k8s.v1.cni.cncf.io/network-status"),
    ("networks-status", "k8s.v1.cni.cncf.io/networks-status"),
];

/// The interfaces, and the network-status entry of each: both lists have one length.
pub(crate) struct Attachments {
    pub interfaces: Interfaces,
    pub statuses: Vec<NetworkStatus>,
}

/// Reads the attachments and maps the devices to them.
pub(crate) fn read(
    root: &Root,
    downward: &DownwardApi,
    assign_by_order: bool,
    findings: &mut Findings,
) -> Attachments {
    let annotations = downward.map(ANNOTATIONS, findings);
    let path = downward.path(ANNOTATIONS);
    let (source, statuses) = status(&annotations, &path, findings);
    let requests = request(&annotations, &path, findings);
    let pending = pending(&requests, &statuses);
    let state = if !downward.has(ANNOTATIONS) {
        State::NoAnnotations
    } else if source.is_none() && requests.is_empty() {
        State::NoStatus
    } else if pending.is_empty() {
        State::Complete
    } else {
        State::Pending
    };

    let allocated = Allocated::read(root, findings);
    let mapping = Mapping {
        root,
        allocated: &allocated,
        statuses: &statuses,
        requests: &requests,
        complete: state == State::Complete,
        assign_by_order,
    };
    let candidates = mapping.run(findings);
    let unmatched = unmatched(root, &allocated, &candidates, findings);
    let interfaces = statuses
        .iter()
        .zip(candidates)
        .map(|(status, candidate)| {
            interface(root, source.unwrap_or_default(), status, candidate, &allocated, findings)
        })
        .collect();
    let interfaces = Interfaces {
        state,
        pending_networks: pending.iter().map(ToString::to_string).collect(),
        interfaces,
        unmatched_devices: unmatched,
    };
    Attachments { interfaces, statuses }
}

/// The status annotation: which of the two names it has, and its entries.
fn status(
    annotations: &Map,
    path: &str,
    findings: &mut Findings,
) -> (Option<&'static str>, Vec<NetworkStatus>) {
    let found = STATUS.into_iter().find_map(|(source, key)| {
        let value = annotations.get(key).filter(|value| !value.is_empty())?;
        Some((source, key, value))
    });
    let Some((source, key, value)) = found else { return (None, Vec::new()) };
    let (statuses, problems) = network_status::parse(value);
    findings.fail_all(path, &format!("{key}: "), problems);
    (Some(source), statuses)
}

fn request(annotations: &Map, path: &str, findings: &mut Findings) -> Vec<NetworkRequest> {
    let Some(value) = annotations.get(REQUEST) else { return Vec::new() };
    let (requests, problems) = networks::parse(value);
    findings.fail_all(path, &format!("{REQUEST}: "), problems);
    requests
}

/// The requests that no status entry meets. Equal requests need an entry each; those that name
/// their interface choose first.
fn pending(requests: &[NetworkRequest], statuses: &[NetworkStatus]) -> Vec<NetworkRequest> {
    let mut free: Vec<&NetworkStatus> = statuses.iter().collect();
    let mut unmet = vec![false; requests.len()];
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|index| {
        (requests[*index].interface.is_none(), requests[*index].namespace.is_none())
    });
    for index in order {
        match free.iter().position(|status| meets(status, &requests[index])) {
            Some(position) => {
                free.remove(position);
            }
            None => unmet[index] = true,
        }
    }
    requests
        .iter()
        .zip(unmet)
        .filter(|(_, unmet)| *unmet)
        .map(|(request, _)| request.clone())
        .collect()
}

/// Whether an entry is what a request asked for. Multus before 3.6 wrote names without namespace.
fn meets(status: &NetworkStatus, request: &NetworkRequest) -> bool {
    let (namespace, name) = match status.name.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, status.name.as_str()),
    };
    let same_namespace = match (&request.namespace, namespace) {
        (Some(wanted), Some(namespace)) => wanted == namespace,
        _ => true,
    };
    name == request.name
        && same_namespace
        && (request.interface.is_none() || request.interface == status.interface)
}

/// Puts one interface together.
fn interface(
    root: &Root,
    source: &str,
    status: &NetworkStatus,
    candidate: Candidate,
    allocated: &Allocated,
    findings: &mut Findings,
) -> Interface {
    let Candidate { device, evidence, hardware } = candidate;
    let listed = device.as_ref().and_then(|device| allocated.listing(device));
    let name = status.interface.clone();
    if let Some(DeviceDetail::Unknown(kind)) = device.as_ref().map(|device| &device.detail) {
        let network = &status.name;
        findings.warn(
            WarningCode::DeviceUnknown,
            network,
            format!("{network}: device-info: the type {kind:?} is not known to this version"),
        );
    }
    let mut sources = vec![source.to_owned()];
    sources.extend(listed.iter().flat_map(|device| device.variables.iter().cloned()));
    Interface {
        network: status.name.clone(),
        kind: kind(device.as_ref(), hardware.as_ref(), listed.is_some()),
        default: status.default,
        mac: mac(status, findings),
        mtu: status.mtu,
        ips: status.ips.clone(),
        gateways: status.gateways.clone(),
        dns: status.dns.clone(),
        evidence: device.as_ref().and(evidence),
        own: device
            .as_ref()
            .and_then(|device| own(root, device, hardware.as_ref(), listed.is_some(), allocated)),
        device,
        hardware,
        sources,
        name,
    }
}

/// The MAC in lower case. An InfiniBand one has 20 bytes, an EUI-64 one 8.
fn mac(status: &NetworkStatus, findings: &mut Findings) -> Option<String> {
    let text = status.mac.as_ref()?;
    let pairs: Vec<&str> = text.split(':').collect();
    let hex = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    if matches!(pairs.len(), 6 | 8 | 20) && pairs.iter().all(hex) {
        return Some(text.to_ascii_lowercase());
    }
    findings.fail(Error::malformed(
        &status.name,
        "mac",
        format!("expected a MAC address, found {text:?}"),
    ));
    None
}

fn kind(device: Option<&Device>, hardware: Option<&Hardware>, listed: bool) -> Kind {
    let Some(device) = device else { return Kind::Host };
    match &device.detail {
        DeviceDetail::Pci(_) => match hardware {
            Some(hardware) if hardware.physical_function.is_some() => Kind::SrIov,
            None if listed => Kind::SrIov,
            _ => Kind::Pci,
        },
        DeviceDetail::Vdpa(_) => Kind::Vdpa,
        DeviceDetail::VhostUser(_) => Kind::VhostUser,
        DeviceDetail::Memif(_) => Kind::Memif,
        DeviceDetail::AfXdp(_) => Kind::AfXdp,
        DeviceDetail::Unknown(_) => Kind::Unknown,
    }
}

/// Whether a device is this container's: its environment lists it, or, where it lists nothing
/// that could be it, the device's node may be used.
fn own(
    root: &Root,
    device: &Device,
    hardware: Option<&Hardware>,
    listed: bool,
    allocated: &Allocated,
) -> Option<bool> {
    if listed {
        return Some(true);
    }
    let has_address = device.pci_address().is_some();
    if has_address && !allocated.devices.is_empty() {
        return Some(false);
    }
    match &device.detail {
        DeviceDetail::Pci(_) => {
            let node = hardware?.vfio.as_ref()?;
            Some(root.may_use(node).unwrap_or(false))
        }
        DeviceDetail::Vdpa(vdpa) => {
            let seen = hardware.and_then(|hardware| hardware.vdpa.as_ref()?.char_device.as_ref());
            Some(root.may_use(seen.or(vdpa.path.as_ref())?).unwrap_or(false))
        }
        // A socket that is not there may be one that this container is to make.
        DeviceDetail::VhostUser(socket) => root.may_use(socket.path.as_ref()?),
        DeviceDetail::Memif(socket) => root.may_use(socket.path.as_ref()?),
        _ => None,
    }
}

/// The allocated devices that are on no interface, with a warning for each that should be.
fn unmatched(
    root: &Root,
    allocated: &Allocated,
    candidates: &[Candidate],
    findings: &mut Findings,
) -> Vec<UnmatchedDevice> {
    let matched = |device: &&AllocatedDevice| {
        candidates
            .iter()
            .any(|candidate| candidate.device.as_ref().is_some_and(|found| device.is(found)))
    };
    let rest = allocated.devices.iter().filter(|device| !matched(device));
    rest.map(|device| unmatched_device(root, device, findings)).collect()
}

fn unmatched_device(
    root: &Root,
    device: &AllocatedDevice,
    findings: &mut Findings,
) -> UnmatchedDevice {
    let hardware = device.pci.and_then(|address| hardware::pci(root, address, findings));
    let kind = match device.pci {
        None => UnmatchedKind::Subfunction,
        Some(_) if !hardware::is_network_function(hardware.as_ref()) => UnmatchedKind::Accelerator,
        Some(_) => UnmatchedKind::Pci,
    };
    let address = device.identifier.clone();
    let source = device.variables.first().cloned().unwrap_or_default();
    if let Some(pci) = device.pci {
        hardware::warn_if_absent(root, pci, hardware.as_ref(), findings);
    }
    if kind == UnmatchedKind::Pci {
        let text = format!(
            "{source}: {address}: no interface is known to be this device: network-status has no \
             device-info that names it; let the network's definition carry \
             k8s.v1.cni.cncf.io/resourceName, or assign by order"
        );
        findings.warn(WarningCode::DeviceUnmatched, &source, text);
    }
    UnmatchedDevice { kind, address, own: Some(true), source, hardware }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmet(requests: &str, names: &[(&str, &str)]) -> Vec<String> {
        let (requests, problems) = networks::parse(requests.as_bytes());
        assert_eq!(problems, []);
        let statuses: Vec<NetworkStatus> = names
            .iter()
            .map(|(name, interface)| NetworkStatus {
                name: (*name).into(),
                interface: Some((*interface).into()),
                ..NetworkStatus::default()
            })
            .collect();
        pending(&requests, &statuses).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_is_met_by_name_namespace_and_interface() {
        let status = [("cbr0", "eth0"), ("default/a", "net1"), ("x/b", "data0")];
        assert!(unmet("a, x/b@data0", &status).is_empty());
        assert_eq!(unmet("y/b, a@net2, c", &status), ["y/b", "a@net2", "c"]);
        // Before Multus 3.6 names had no namespace.
        assert!(unmet("default/old", &[("old", "net1")]).is_empty());
    }

    #[test]
    fn equal_requests_need_an_entry_each() {
        let status = [("default/a", "net1"), ("default/a", "net2")];
        assert!(unmet("a, a", &status).is_empty());
        assert_eq!(unmet("a, a, a", &status), ["a"]);
        // The one that names its interface chooses first.
        assert!(unmet("a, a@net1", &status).is_empty());
    }
}
