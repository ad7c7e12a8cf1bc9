//! GetInterfaces: the attachments of the pod, and the device behind each with its evidence.

mod allocated;
mod attachments;
mod hardware;
mod mapping;
pub(crate) mod netdevs;
mod supplements;

use crate::downward_api::DownwardApi;
use crate::parse::network_status::NetworkStatus;
use crate::parse::networks::NetworkRequest;
use crate::root::Root;
use crate::snapshot::{
    Device, DeviceDetail, Hardware, Interface, Interfaces, Kind, State, UnmatchedDevice,
    UnmatchedKind,
};
use crate::warning::{Findings, WarningCode};

use allocated::{Allocated, Identity};
use attachments::{Attachment, Attachments};
use mapping::Match;

/// Reads the attachments and maps the devices to them. The network-status entries are those that
/// the interfaces were made from: both lists have one length.
pub(crate) fn read(
    root: &Root,
    downward: &DownwardApi,
    assign_by_order: bool,
    findings: &mut Findings,
) -> (Interfaces, Vec<NetworkStatus>) {
    let attachments = Attachments::read(root, downward, findings);
    let allocated = Allocated::read(root, findings);
    let matches = mapping::run(root, &attachments, &allocated, assign_by_order, findings);
    let reader = Reader { root, allocated: &allocated, state: attachments.state };
    let unmatched_devices = reader.unmatched(&matches, findings);
    let interfaces = attachments
        .list
        .iter()
        .zip(matches)
        .map(|(attachment, found)| reader.interface(attachment, found))
        .collect();
    let interfaces = Interfaces {
        state: attachments.state,
        pending_networks: attachments.pending.iter().map(ToString::to_string).collect(),
        interfaces,
        unmatched_devices,
    };
    let statuses = attachments.list.into_iter().map(|attachment| attachment.status);
    (interfaces, statuses.collect())
}

/// How far the networks of the pod have come, as the annotations alone tell.
#[derive(Debug)]
pub(crate) struct Progress {
    pub state: State,
    /// Whether network-status was written.
    pub has_status: bool,
    /// Those of the wanted networks that have no status.
    pub missing: Vec<NetworkRequest>,
}

impl Progress {
    /// Looks for these networks, or for every requested one.
    pub fn read(
        root: &Root,
        downward: &DownwardApi,
        wanted: &[NetworkRequest],
        findings: &mut Findings,
    ) -> Progress {
        let attachments = Attachments::read(root, downward, findings);
        let (state, has_status) = (attachments.state, attachments.has_status);
        let missing =
            if wanted.is_empty() { attachments.pending } else { attachments.missing(wanted) };
        Progress { state, has_status, missing }
    }
}

/// What an interface or device is put together from.
struct Reader<'a> {
    root: &'a Root,
    allocated: &'a Allocated,
    state: State,
}

impl Reader<'_> {
    fn interface(&self, attachment: &Attachment, found: Match) -> Interface {
        let status = &attachment.status;
        let Match { device, evidence, hardware, .. } = found;
        let variables = device.as_ref().map_or(&[][..], |device| self.allocated.variables(device));
        let listed = !variables.is_empty();
        let mut sources = attachment.sources.clone();
        sources.extend_from_slice(variables);
        Interface {
            name: status.interface.clone(),
            network: status.name.clone(),
            kind: kind(device.as_ref(), hardware.as_ref(), listed),
            default: status.default,
            mac: attachment.mac(),
            mtu: status.mtu,
            ips: attachment.ips.clone(),
            gateways: attachment.gateways.clone(),
            dns: status.dns.clone(),
            evidence,
            own: device.as_ref().and_then(|device| self.own(device, hardware.as_ref(), listed)),
            device,
            hardware,
            sources,
        }
    }

    /// Whether a device is this container's: its environment lists it, or, where it lists nothing
    /// that could be it, the device's node may be used.
    fn own(&self, device: &Device, hardware: Option<&Hardware>, listed: bool) -> Option<bool> {
        if listed {
            return Some(true);
        }
        if device.pci_address().is_some() && !self.allocated.is_empty() {
            return Some(false);
        }
        let usable = |node: &String| Some(self.root.may_use(node).unwrap_or(false));
        match &device.detail {
            DeviceDetail::Pci(_) => usable(hardware?.vfio.as_ref()?),
            DeviceDetail::Vdpa(vdpa) => {
                let seen = hardware.and_then(|found| found.vdpa.as_ref()?.char_device.as_ref());
                usable(seen.or(vdpa.path.as_ref())?)
            }
            // A socket that is not there may be one that this container is to make.
            DeviceDetail::VhostUser(socket) => self.root.may_use(socket.path.as_ref()?),
            DeviceDetail::Memif(socket) => self.root.may_use(socket.path.as_ref()?),
            DeviceDetail::AfXdp(_) | DeviceDetail::Subfunction(_) | DeviceDetail::Unknown(_) => {
                None
            }
        }
    }

    /// The allocated devices that are on no interface.
    fn unmatched(&self, matches: &[Match], findings: &mut Findings) -> Vec<UnmatchedDevice> {
        let matched = mapping::identities(matches);
        let rest = self.allocated.iter().filter(|(device, _)| !matched.contains(device));
        rest.map(|(device, variables)| self.unmatched_device(device, variables, findings)).collect()
    }

    fn unmatched_device(
        &self,
        device: &Identity,
        variables: &[String],
        findings: &mut Findings,
    ) -> UnmatchedDevice {
        let hardware = hardware::of(self.root, device, findings);
        let kind = match device {
            Identity::Pci(_) => pci_kind(hardware.as_ref()),
            Identity::Auxiliary(_) => UnmatchedKind::Subfunction,
            Identity::AfXdp(_) => UnmatchedKind::AfXdp,
        };
        if kind != UnmatchedKind::AfXdp {
            hardware::warn_if_absent(self.root, device, hardware.as_ref(), findings);
        }
        let source = variables.first().cloned().unwrap_or_default();
        let address = device.to_string();
        if kind != UnmatchedKind::Accelerator {
            self.warn_unmatched(&source, &address, findings);
        }
        UnmatchedDevice { kind, address, own: Some(true), source, hardware }
    }

    fn warn_unmatched(&self, source: &str, address: &str, findings: &mut Findings) {
        let next = match self.state {
            State::Complete => {
                "let the network's definition carry the annotation \
                 k8s.v1.cni.cncf.io/resourceName, or ask for --assign-by-order"
            }
            _ => "its network may have no status yet",
        };
        let text = format!(
            "{source}: {address}: no interface is known to be this device: no device-info \
             names it; {next}"
        );
        findings.warn(WarningCode::DeviceUnmatched, source, text);
    }
}

fn pci_kind(hardware: Option<&Hardware>) -> UnmatchedKind {
    match hardware {
        Some(found) if found.vdpa.is_some() => UnmatchedKind::Vdpa,
        found if hardware::is_network_function(found) => UnmatchedKind::Pci,
        _ => UnmatchedKind::Accelerator,
    }
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
        DeviceDetail::Subfunction(_) => Kind::Subfunction,
        DeviceDetail::Unknown(_) => Kind::Unknown,
    }
}
