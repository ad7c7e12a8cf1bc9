//! Which device belongs to which interface, and by which evidence.
//!
//! The rules run from the strongest evidence to the weakest; each sees only
//! the interfaces and devices that those before it left. What no rule settles
//! stays unmatched: nothing is ever guessed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::allocated::{self, Allocated, Identity};
use super::attachments::{Attachment, Attachments, positions};
use super::{hardware, netdevs};
use crate::ordered::filled;
use crate::parse::pci::PciAddress;
use crate::root::Root;
use crate::snapshot::{Device, DeviceDetail, Evidence, Hardware, PciDevice, State, VdpaDevice};
use crate::warning::{Findings, WarningCode};

/// What is known of the device behind one interface.
#[derive(Debug, Default)]
pub(super) struct Match {
    pub device: Option<Device>,
    pub evidence: Option<Evidence>,
    pub hardware: Option<Hardware>,
    /// The device-info, where it names an address that this kernel does not have.
    lost: Option<Device>,
}

/// The device behind each interface, in the order of network-status.
pub(super) fn run(
    root: &Root,
    attachments: &Attachments,
    allocated: &Allocated,
    assign_by_order: bool,
    findings: &mut Findings,
) -> Vec<Match> {
    let mut mapping = Mapping {
        root,
        attachments,
        allocated,
        matches: Vec::new(),
        free: BTreeMap::new(),
        findings,
    };
    mapping.by_device_info();
    mapping.collect_free_functions();
    mapping.by_netdev();
    mapping.by_ifalias();
    mapping.by_mac();
    mapping.by_userspace();
    mapping.by_only_candidate();
    if assign_by_order {
        mapping.by_order();
    }
    mapping.restore_lost();
    mapping.matches
}

struct Mapping<'a> {
    root: &'a Root,
    attachments: &'a Attachments,
    allocated: &'a Allocated,
    matches: Vec<Match>,
    /// Allocated network functions that are on no interface yet.
    free: BTreeMap<Identity, Option<Hardware>>,
    findings: &'a mut Findings,
}

impl<'a> Mapping<'a> {
    /// `device-info` of the attachment. An address that this kernel does not have, as in a Kata
    /// guest, leaves the interface open for the weaker rules.
    fn by_device_info(&mut self) {
        for attachment in &self.attachments.list {
            let mut found = Match::default();
            if let Some(mut device) = attachment.status.device_info.clone() {
                found.hardware = self.hardware_of(&mut device);
                let is_pci = matches!(device.detail, DeviceDetail::Pci(_));
                if is_pci && found.hardware.is_none() && hardware::shows_pci(self.root) {
                    found.lost = Some(device);
                } else {
                    found.device = Some(device);
                    found.evidence = Some(Evidence::DeviceInfo);
                }
            }
            self.matches.push(found);
        }
    }

    /// The hardware of a device-info. A vDPA device learns the address of its PCI device from it.
    fn hardware_of(&mut self, device: &mut Device) -> Option<Hardware> {
        match &mut device.detail {
            DeviceDetail::Pci(pci) => hardware::pci(self.root, pci.address, self.findings),
            DeviceDetail::Vdpa(vdpa) => self.hardware_of_vdpa(vdpa),
            _ => None,
        }
    }

    fn hardware_of_vdpa(&mut self, vdpa: &mut VdpaDevice) -> Option<Hardware> {
        let named = vdpa.parent_device.as_deref();
        let hardware = match named.and_then(|name| hardware::vdpa(self.root, name, self.findings)) {
            Some((hardware, address)) => {
                vdpa.pci_address = vdpa.pci_address.or(address);
                Some(hardware)
            }
            None => vdpa.pci_address.and_then(|pci| hardware::pci(self.root, pci, self.findings)),
        };
        let address = vdpa.pci_address.map(|address| address.to_string());
        let name = vdpa.parent_device.clone().or(address).unwrap_or_default();
        hardware::warn_if_absent(self.root, name, hardware.as_ref(), self.findings);
        hardware
    }

    /// The allocated network functions that no device-info names.
    fn collect_free_functions(&mut self) {
        let taken = identities(&self.matches);
        for identity in self.allocated.functions().filter(|identity| !taken.contains(identity)) {
            let hardware = hardware::of(self.root, identity, self.findings);
            if hardware::is_network_function(hardware.as_ref()) {
                self.free.insert(identity.clone(), hardware);
            }
        }
    }

    /// The interfaces without a device, with their names.
    fn named(&self) -> Vec<(usize, &'a str)> {
        let attachments = self.attachments.list.iter().enumerate();
        attachments
            .filter(|(index, _)| self.matches[*index].device.is_none())
            .filter_map(|(index, attachment)| {
                Some((index, attachment.status.interface.as_deref()?))
            })
            .collect()
    }

    fn assign(&mut self, index: usize, identity: &Identity, evidence: Evidence) {
        if let Some((identity, hardware)) = self.free.remove_entry(identity) {
            self.set(index, identity, hardware, evidence);
        }
    }

    fn set(
        &mut self,
        index: usize,
        identity: Identity,
        hardware: Option<Hardware>,
        evidence: Evidence,
    ) {
        hardware::warn_if_absent(self.root, &identity, hardware.as_ref(), self.findings);
        self.matches[index] = Match {
            device: self.device_at(identity, hardware.as_ref()),
            evidence: Some(evidence),
            hardware,
            lost: None,
        };
    }

    /// The device's netdev has the interface's name: an allocated device, or any virtual function
    /// whose netdev this network namespace shows.
    fn by_netdev(&mut self) {
        let mut bearers: HashMap<String, Identity> = HashMap::new();
        for (identity, hardware) in &self.free {
            let netdevs = hardware.iter().flat_map(|hardware| &hardware.netdevs);
            bearers.extend(netdevs.map(|name| (name.clone(), identity.clone())));
        }
        for (index, name) in self.named() {
            if let Some(identity) = bearers.get(name) {
                self.assign(index, identity, Evidence::Netdev);
            } else if let Some(device) = self.allocated.af_xdp(self.root, name) {
                self.matches[index] = Match {
                    device: Some(device),
                    evidence: Some(Evidence::Netdev),
                    hardware: netdevs::hardware(self.root, name, self.findings),
                    lost: None,
                };
            } else if let Some(address) = netdevs::pci_address(self.root, name) {
                let hardware = hardware::pci(self.root, address, self.findings);
                if hardware.as_ref().is_some_and(|found| found.physical_function.is_some()) {
                    self.set(index, Identity::Pci(address), hardware, Evidence::Netdev);
                }
            }
        }
    }

    /// The interface is a dummy netdev whose alias is the device's address, as DANM and OMEC do.
    fn by_ifalias(&mut self) {
        for (index, name) in self.named() {
            let alias = netdevs::attribute(self.root, name, "ifalias", self.findings);
            if let Some(address) = alias.and_then(|alias| alias.parse().ok()) {
                self.assign(index, &Identity::Pci(address), Evidence::Ifalias);
            }
        }
    }

    /// The netdevs of the network functions known here, those that have an interface included.
    fn netdevs_of_functions(&self) -> Vec<(Identity, String)> {
        let free =
            self.free.iter().map(|(identity, hardware)| (identity.clone(), hardware.as_ref()));
        let taken = self.matches.iter().filter_map(|found| {
            let identity = allocated::identity(found.device.as_ref()?)?;
            let is_function = !matches!(identity, Identity::AfXdp(_));
            is_function.then_some((identity, found.hardware.as_ref()))
        });
        let netdevs = |(identity, hardware): (Identity, Option<&Hardware>)| {
            let names = hardware.map_or(&[][..], |hardware| &hardware.netdevs);
            names.iter().map(move |name| (identity.clone(), name.clone())).collect::<Vec<_>>()
        };
        free.chain(taken).flat_map(netdevs).collect()
    }

    /// One device, and one interface, has the MAC.
    fn by_mac(&mut self) {
        let mut bearers: HashMap<String, BTreeSet<Identity>> = HashMap::new();
        for (identity, netdev) in self.netdevs_of_functions() {
            let mac = netdevs::attribute(self.root, &netdev, "address", self.findings);
            let mac = mac.unwrap_or_default().to_ascii_lowercase();
            bearers.entry(mac).or_default().insert(identity);
        }
        let interfaces = positions(&self.attachments.list, Attachment::mac);
        for (index, _) in self.named() {
            let Some(mac) = self.attachments.list[index].mac() else { continue };
            let alone = interfaces.get(&mac).is_some_and(|interfaces| interfaces.len() == 1);
            let bearers = bearers.get(&mac).filter(|bearers| alone && bearers.len() == 1);
            if let Some(identity) = bearers.and_then(BTreeSet::first) {
                self.assign(index, identity, Evidence::Mac);
            }
        }
    }

    /// The userspace CNI's own data names the interface.
    fn by_userspace(&mut self) {
        for (index, attachment) in self.attachments.list.iter().enumerate() {
            let found = &mut self.matches[index];
            if found.device.is_none() && attachment.userspace.is_some() {
                found.device.clone_from(&attachment.userspace);
                found.evidence = Some(Evidence::Userspace);
            }
        }
    }

    /// One interface and one device are left, and every network is there. An address of the host
    /// in device-info loses to the one own address that this kernel has, complete or not.
    fn by_only_candidate(&mut self) {
        if !self.attachments.whole {
            return;
        }
        let open = self.open();
        let mut free = self.free.iter();
        // A subfunction is a network function too, but none that could be told apart here.
        let (&[index], Some((Identity::Pci(address), hardware)), None) =
            (open.as_slice(), free.next(), free.next())
        else {
            return;
        };
        // The default interface wants a device too, where its own is lost.
        let mut others = self.matches.iter().enumerate().filter(|(other, _)| *other != index);
        if others.any(|(_, found)| found.lost.is_some()) {
            return;
        }
        let address = *address;
        match self.matches[index].lost.as_ref().map(Device::pci_address) {
            Some(stated) if hardware.is_some() => self.warn_translated(stated, address),
            None if self.attachments.state == State::Complete => {}
            _ => return,
        }
        self.assign(index, &Identity::Pci(address), Evidence::OnlyCandidate);
    }

    fn warn_translated(&mut self, stated: Option<PciAddress>, address: PciAddress) {
        let stated = stated.map(|address| address.to_string()).unwrap_or_default();
        let text = format!(
            "{stated}: this kernel does not have the device that device-info names; {address}, the \
             only own one without an interface, is taken for it"
        );
        self.findings.warn(WarningCode::DeviceTranslated, stated, text);
    }

    /// Interfaces in request order, devices by address.
    fn by_order(&mut self) {
        if !self.attachments.whole {
            return;
        }
        let mut open = self.open();
        open.sort_by_key(|index| {
            (self.attachments.list[*index].request.unwrap_or(usize::MAX), *index)
        });
        let is_pci = |identity: &&Identity| matches!(identity, Identity::Pci(_));
        let identities: Vec<Identity> = self.free.keys().filter(is_pci).cloned().collect();
        for (index, identity) in open.into_iter().zip(&identities) {
            self.assign(index, identity, Evidence::Order);
        }
    }

    /// The interfaces that still want a device: not the default network's, and none that has a
    /// netdev in the pod.
    fn open(&self) -> Vec<usize> {
        let shows_netdevs = netdevs::are_shown(self.root);
        let wants = |(index, attachment): &(usize, &Attachment)| {
            let status = &attachment.status;
            let name = status.interface.as_deref();
            let is_default = status.default || attachment.is_eth0();
            let has_netdev =
                shows_netdevs && name.is_some_and(|name| netdevs::has(self.root, name));
            self.matches[*index].device.is_none() && !is_default && !has_netdev
        };
        let attachments = self.attachments.list.iter().enumerate();
        attachments.filter(wants).map(|(index, _)| index).collect()
    }

    /// The device of an identity, without a device-info: what its hardware makes of it.
    fn device_at(&mut self, identity: Identity, hardware: Option<&Hardware>) -> Option<Device> {
        let detail =
            match identity {
                Identity::Pci(address) => pci_detail(address, hardware),
                Identity::Auxiliary(name) => DeviceDetail::Subfunction(
                    hardware::subfunction_device(self.root, &name, self.findings),
                ),
                Identity::AfXdp(name) => return self.allocated.af_xdp(self.root, &name),
            };
        Some(Device { version: None, detail })
    }

    /// Device-info stands where nothing better was found for an address this kernel lacks.
    fn restore_lost(&mut self) {
        for found in &mut self.matches {
            let Some(device) = found.lost.take() else { continue };
            if let Some(address) = device.pci_address() {
                hardware::warn_if_absent(self.root, address, None, self.findings);
            }
            *found = Match {
                device: Some(device),
                evidence: Some(Evidence::DeviceInfo),
                ..Match::default()
            };
        }
    }
}

/// The devices that are on an interface.
pub(super) fn identities(matches: &[Match]) -> BTreeSet<Identity> {
    let devices = matches.iter().filter_map(|found| found.device.as_ref());
    filled(devices.filter_map(allocated::identity))
}

fn pci_detail(address: PciAddress, hardware: Option<&Hardware>) -> DeviceDetail {
    match hardware.and_then(|hardware| hardware.vdpa.as_ref()) {
        Some(vdpa) => DeviceDetail::Vdpa(VdpaDevice {
            parent_device: Some(vdpa.name.clone()),
            driver: vdpa.driver.as_deref().map(|driver| driver.replace("_vdpa", "")),
            path: vdpa.char_device.clone(),
            pci_address: Some(address),
            ..VdpaDevice::default()
        }),
        None => DeviceDetail::Pci(PciDevice {
            address,
            pf_address: None,
            vhost_net: None,
            rdma_devices: Vec::new(),
            representor: None,
        }),
    }
}
