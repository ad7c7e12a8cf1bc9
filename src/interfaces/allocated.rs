//! The devices that this container's environment lists.

use std::collections::BTreeMap;

use crate::parse::pci::PciAddress;
use crate::parse::pcidevice::{self, DeviceId, Variable};
use crate::root::Root;
use crate::snapshot::Device;
use crate::warning::{Findings, WarningCode};

/// One device that the environment lists.
#[derive(Debug)]
pub(super) struct AllocatedDevice {
    /// As the source gave it.
    pub identifier: String,
    /// Its address, unless it is on another bus.
    pub pci: Option<PciAddress>,
    /// The variables that list it, sorted.
    pub variables: Vec<String>,
}

/// Every device that the environment lists, once, in the order of their identifiers.
#[derive(Debug, Default)]
pub(super) struct Allocated {
    pub devices: Vec<AllocatedDevice>,
}

impl Allocated {
    /// Reads the `PCIDEVICE_*` variables.
    pub fn read(root: &Root, findings: &mut Findings) -> Allocated {
        let environment = findings.take(root.environment()).unwrap_or_default();
        let mut found: BTreeMap<DeviceId, Vec<String>> = BTreeMap::new();
        let mut infos: Vec<(&str, Vec<String>)> = Vec::new();
        for (name, value) in &environment {
            if !name.starts_with(pcidevice::PREFIX) {
                continue;
            }
            let (variable, problems) = pcidevice::parse(value);
            let code = match variable {
                Variable::Devices(devices) => {
                    for device in devices {
                        let variables = found.entry(device).or_default();
                        if !variables.contains(name) {
                            variables.push(name.clone());
                        }
                    }
                    WarningCode::DeviceUnknown
                }
                Variable::Info(identifiers) => {
                    infos.push((name, identifiers));
                    WarningCode::DeviceInfoVariable
                }
            };
            for problem in problems {
                let text = format!("{name}: {}: {}", problem.place, problem.why);
                findings.warn(code, name, text);
            }
        }
        let allocated = Allocated { devices: found.into_iter().map(device).collect() };
        for (name, identifiers) in infos {
            allocated.warn_of_strangers(name, &identifiers, findings);
        }
        allocated
    }

    /// An `_INFO` key without its list variable makes no device: in a Kata guest such keys are
    /// leftovers of host addresses.
    fn warn_of_strangers(&self, name: &str, identifiers: &[String], findings: &mut Findings) {
        for identifier in identifiers {
            if !self.devices.iter().any(|device| device.identifier == *identifier) {
                let text =
                    format!("{name}: {identifier:?}: no PCIDEVICE variable lists this device");
                findings.warn(WarningCode::DeviceInfoVariable, name, text);
            }
        }
    }

    /// The allocated device that `device` is.
    pub fn listing(&self, device: &Device) -> Option<&AllocatedDevice> {
        self.devices.iter().find(|allocated| allocated.is(device))
    }
}

impl AllocatedDevice {
    /// Whether this is `device`: they have one PCI address.
    pub fn is(&self, device: &Device) -> bool {
        self.pci.is_some() && self.pci == device.pci_address()
    }
}

fn device((id, variables): (DeviceId, Vec<String>)) -> AllocatedDevice {
    match id {
        DeviceId::Pci(address) => {
            AllocatedDevice { identifier: address.to_string(), pci: Some(address), variables }
        }
        DeviceId::Auxiliary(identifier) => AllocatedDevice { identifier, pci: None, variables },
    }
}
