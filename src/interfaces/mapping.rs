//! Which device belongs to which interface, and by which evidence.
//!
//! The rules run from the strongest evidence to the weakest; each sees only
//! the interfaces and devices that those before it left. What no rule settles
//! stays unmatched: nothing is ever guessed.

use super::allocated::Allocated;
use super::hardware;
use super::meets;
use crate::parse::network_status::NetworkStatus;
use crate::parse::networks::NetworkRequest;
use crate::parse::pci::PciAddress;
use crate::root::Root;
use crate::snapshot::{Device, DeviceDetail, Evidence, Hardware, PciDevice, VdpaDevice};
use crate::warning::{Findings, WarningCode};

/// The kubelet's own name for the interface of the default network.
const DEFAULT_INTERFACE: &str = "eth0";

/// What is known of the device behind one interface.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    pub device: Option<Device>,
    pub evidence: Option<Evidence>,
    pub hardware: Option<Hardware>,
}

/// What the rules work on.
pub(super) struct Mapping<'a> {
    pub root: &'a Root,
    pub allocated: &'a Allocated,
    pub statuses: &'a [NetworkStatus],
    pub requests: &'a [NetworkRequest],
    /// Whether every request has its status.
    pub complete: bool,
    pub assign_by_order: bool,
}

/// An allocated network function that is on no interface yet.
struct Free {
    address: PciAddress,
    hardware: Option<Hardware>,
}

/// The rules' progress.
struct Progress {
    candidates: Vec<Candidate>,
    free: Vec<Free>,
    /// Interfaces whose device-info names an address that this kernel does not have.
    lost: Vec<(usize, Device)>,
}

impl Progress {
    fn is_open(&self, index: usize) -> bool {
        self.candidates[index].device.is_none()
    }

    fn assign(&mut self, index: usize, free: Free, evidence: Evidence) {
        self.candidates[index] = Candidate {
            device: Some(device_at(free.address, free.hardware.as_ref())),
            evidence: Some(evidence),
            hardware: free.hardware,
        };
    }
}

impl Mapping<'_> {
    /// The device behind each interface, in the order of network-status.
    pub fn run(&self, findings: &mut Findings) -> Vec<Candidate> {
        let mut progress = self.by_device_info(findings);
        progress.free = self.free_functions(&progress.candidates, findings);
        self.by_netdev(&mut progress, findings);
        self.by_ifalias(&mut progress, findings);
        self.by_mac(&mut progress, findings);
        self.by_only_candidate(&mut progress, findings);
        if self.assign_by_order {
            self.by_order(&mut progress);
        }
        self.restore(&mut progress, findings);
        progress.candidates
    }

    /// `device-info` of the attachment. An address that this kernel does not have, as in a Kata
    /// guest, leaves the interface open for the weaker rules.
    fn by_device_info(&self, findings: &mut Findings) -> Progress {
        let mut progress = Progress { candidates: Vec::new(), free: Vec::new(), lost: Vec::new() };
        for (index, status) in self.statuses.iter().enumerate() {
            let mut candidate = Candidate::default();
            if let Some(mut device) = status.device_info.clone() {
                candidate.hardware = self.hardware_of(&mut device, findings);
                let is_pci = matches!(device.detail, DeviceDetail::Pci(_));
                if is_pci && candidate.hardware.is_none() && hardware::shows_pci(self.root) {
                    progress.lost.push((index, device));
                } else {
                    candidate.device = Some(device);
                    candidate.evidence = Some(Evidence::DeviceInfo);
                }
            }
            progress.candidates.push(candidate);
        }
        progress
    }

    /// The hardware of a device-info. A vDPA device learns the address of its PCI device from it.
    fn hardware_of(&self, device: &mut Device, findings: &mut Findings) -> Option<Hardware> {
        match &mut device.detail {
            DeviceDetail::Pci(pci) => hardware::pci(self.root, pci.address, findings),
            DeviceDetail::Vdpa(vdpa) => {
                let by_name = vdpa.parent_device.as_deref();
                let hardware =
                    match by_name.and_then(|name| hardware::vdpa(self.root, name, findings)) {
                        Some((hardware, address)) => {
                            vdpa.pci_address = vdpa.pci_address.or(address);
                            Some(hardware)
                        }
                        None => {
                            vdpa.pci_address.and_then(|pci| hardware::pci(self.root, pci, findings))
                        }
                    };
                let name =
                    vdpa.parent_device.clone().or(vdpa.pci_address.map(|pci| pci.to_string()));
                hardware::warn_if_absent(
                    self.root,
                    name.unwrap_or_default(),
                    hardware.as_ref(),
                    findings,
                );
                hardware
            }
            _ => None,
        }
    }

    /// The allocated network functions that no device-info names, by address.
    fn free_functions(&self, candidates: &[Candidate], findings: &mut Findings) -> Vec<Free> {
        let taken = |address: PciAddress| {
            let devices = candidates.iter().filter_map(|candidate| candidate.device.as_ref());
            devices.into_iter().any(|device| device.pci_address() == Some(address))
        };
        let listed = self.allocated.devices.iter().filter_map(|device| device.pci);
        let mut free: Vec<Free> = listed
            .filter(|address| !taken(*address))
            .map(|address| Free { address, hardware: hardware::pci(self.root, address, findings) })
            .filter(|free| hardware::is_network_function(free.hardware.as_ref()))
            .collect();
        free.sort_by_key(|free| free.address);
        free
    }

    /// The device's netdev has the interface's name: an allocated device, or any virtual function
    /// whose netdev this network namespace shows.
    fn by_netdev(&self, progress: &mut Progress, findings: &mut Findings) {
        for (index, status) in self.statuses.iter().enumerate() {
            let Some(name) = status.interface.as_deref().filter(|_| progress.is_open(index)) else {
                continue;
            };
            let listed = progress.free.iter().position(|free| {
                free.hardware
                    .as_ref()
                    .is_some_and(|hardware| hardware.netdevs.iter().any(|n| n == name))
            });
            if let Some(position) = listed {
                let free = progress.free.remove(position);
                progress.assign(index, free, Evidence::Netdev);
            } else if let Some(address) = hardware::pci_of_netdev(self.root, name) {
                let hardware = hardware::pci(self.root, address, findings);
                if hardware.as_ref().is_some_and(|hardware| hardware.physical_function.is_some()) {
                    progress.assign(index, Free { address, hardware }, Evidence::Netdev);
                }
            }
        }
    }

    /// The interface is a dummy netdev whose alias is the device's address, as DANM and OMEC do.
    fn by_ifalias(&self, progress: &mut Progress, findings: &mut Findings) {
        for (index, status) in self.statuses.iter().enumerate() {
            let Some(name) = status.interface.as_deref().filter(|_| progress.is_open(index)) else {
                continue;
            };
            let alias = hardware::netdev_attribute(self.root, name, "ifalias", findings)
                .and_then(|alias| alias.parse::<PciAddress>().ok());
            let named = progress.free.iter().position(|free| Some(free.address) == alias);
            if let Some(position) = named {
                let free = progress.free.remove(position);
                progress.assign(index, free, Evidence::Ifalias);
            }
        }
    }

    /// One device, and one interface, has the MAC.
    fn by_mac(&self, progress: &mut Progress, findings: &mut Findings) {
        let macs: Vec<(PciAddress, String)> = progress
            .free
            .iter()
            .flat_map(|free| {
                let netdevs = free.hardware.iter().flat_map(|hardware| &hardware.netdevs);
                let mac = |name: &String| {
                    hardware::netdev_attribute(self.root, name, "address", findings)
                };
                netdevs.filter_map(mac).map(|mac| (free.address, mac)).collect::<Vec<_>>()
            })
            .collect();
        for (index, status) in self.statuses.iter().enumerate() {
            let Some(mac) = status.mac.as_deref().filter(|_| progress.is_open(index)) else {
                continue;
            };
            let bearers = self.statuses.iter().filter(|status| has_mac(status, mac)).count();
            let mut devices = macs.iter().filter(|(_, found)| found.eq_ignore_ascii_case(mac));
            let (Some((address, _)), None, 1) = (devices.next(), devices.next(), bearers) else {
                continue;
            };
            if let Some(position) = progress.free.iter().position(|free| free.address == *address) {
                let free = progress.free.remove(position);
                progress.assign(index, free, Evidence::Mac);
            }
        }
    }

    /// One interface and one device are left, and every network is there. An address of the host
    /// in device-info loses to the one own address that this kernel has, complete or not.
    fn by_only_candidate(&self, progress: &mut Progress, findings: &mut Findings) {
        let (&[index], 1) = (self.open(progress).as_slice(), progress.free.len()) else { return };
        let lost = progress.lost.iter().position(|(lost, _)| *lost == index);
        let present = progress.free[0].hardware.is_some();
        if lost.is_some() && !present || lost.is_none() && !self.complete {
            return;
        }
        let free = progress.free.remove(0);
        if let Some(position) = lost {
            let (_, device) = progress.lost.remove(position);
            let stated =
                device.pci_address().map(|address| address.to_string()).unwrap_or_default();
            let text = format!(
                "{stated}: this kernel does not have the device of device-info; {}, the only own \
                 one without an interface, is taken for it",
                free.address
            );
            findings.warn(WarningCode::DeviceTranslated, stated, text);
        }
        progress.assign(index, free, Evidence::OnlyCandidate);
    }

    /// Interfaces in request order, devices by address.
    fn by_order(&self, progress: &mut Progress) {
        let mut open = self.open(progress);
        open.sort_by_key(|index| {
            let status = &self.statuses[*index];
            let position = self.requests.iter().position(|request| {
                meets(status, request) && (request.interface.is_some() || !self.repeated(request))
            });
            let any = || self.requests.iter().position(|request| meets(status, request));
            (position.or_else(any).unwrap_or(usize::MAX), *index)
        });
        let count = open.len().min(progress.free.len());
        let free: Vec<Free> = progress.free.drain(..count).collect();
        for (index, free) in open.into_iter().zip(free) {
            progress.lost.retain(|(lost, _)| *lost != index);
            progress.assign(index, free, Evidence::Order);
        }
    }

    fn repeated(&self, request: &NetworkRequest) -> bool {
        self.requests.iter().filter(|other| *other == request).count() > 1
    }

    /// The interfaces that still want a device: not the default network's, and none that has a
    /// netdev in the pod.
    fn open(&self, progress: &Progress) -> Vec<usize> {
        let wants = |(index, status): &(usize, &NetworkStatus)| {
            let name = status.interface.as_deref();
            let is_default = status.default || name == Some(DEFAULT_INTERFACE);
            let has_netdev = hardware::shows_netdevs(self.root)
                && name.is_some_and(|name| hardware::has_netdev(self.root, name));
            progress.is_open(*index) && !is_default && !has_netdev
        };
        self.statuses.iter().enumerate().filter(wants).map(|(index, _)| index).collect()
    }

    /// Device-info stands where nothing better was found for an address this kernel lacks.
    fn restore(&self, progress: &mut Progress, findings: &mut Findings) {
        for (index, device) in std::mem::take(&mut progress.lost) {
            if progress.is_open(index) {
                if let Some(address) = device.pci_address() {
                    hardware::warn_if_absent(self.root, address, None, findings);
                }
                progress.candidates[index] = Candidate {
                    device: Some(device),
                    evidence: Some(Evidence::DeviceInfo),
                    hardware: None,
                };
            }
        }
    }
}

fn has_mac(status: &NetworkStatus, mac: &str) -> bool {
    status.mac.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(mac))
}

/// The device at an address, without a device-info: what its hardware makes of it.
fn device_at(address: PciAddress, hardware: Option<&Hardware>) -> Device {
    let vdpa = hardware.and_then(|hardware| hardware.vdpa.as_ref());
    let detail = match vdpa {
        Some(vdpa) => DeviceDetail::Vdpa(VdpaDevice {
            parent_device: Some(vdpa.name.clone()),
            driver: vdpa
                .driver
                .as_deref()
                .map(|driver| driver.strip_suffix("_vdpa").unwrap_or(driver).to_owned()),
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
    };
    Device { version: None, detail }
}
