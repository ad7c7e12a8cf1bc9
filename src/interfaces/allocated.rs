//! The devices that this container's environment lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ordered::filled;
use crate::parse::pci::PciAddress;
use crate::parse::pcidevice::{self, DeviceId, Variable};
use crate::root::Root;
use crate::snapshot::{AfXdpDevice, Device, DeviceDetail};
use crate::warning::{Findings, WarningCode};

/// What the environment calls a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Identity {
    /// A PCI function.
    Pci(PciAddress),
    /// A subfunction on the auxiliary bus.
    Auxiliary(String),
    /// A netdev of the AF_XDP device plugin.
    AfXdp(String),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Pci(address) => address.fmt(f),
            Identity::Auxiliary(name) | Identity::AfXdp(name) => f.write_str(name),
        }
    }
}

/// Every device that the environment lists, with the variables that do.
#[derive(Debug, Default)]
pub(super) struct Allocated {
    devices: BTreeMap<Identity, Vec<String>>,
}

impl Allocated {
    /// Reads the variables of the SR-IOV and the AF_XDP device plugin.
    pub fn read(root: &Root, findings: &mut Findings) -> Allocated {
        let environment = findings.take(root.environment()).unwrap_or_default();
        let mut allocated = Allocated::default();
        let mut infos = Vec::new();
        for (name, value) in &environment {
            if name.starts_with(pcidevice::PREFIX) {
                match read_variable(name, value, findings) {
                    Variable::Devices(devices) => {
                        devices.into_iter().for_each(|device| allocated.add(device, name));
                    }
                    Variable::Info(identifiers) => infos.push((name, identifiers)),
                }
            } else if is_af_xdp(name) {
                for netdev in String::from_utf8_lossy(value).split_whitespace() {
                    allocated.add(Identity::AfXdp(netdev.to_owned()), name);
                }
            }
        }
        allocated.warn_of_strangers(&infos, findings);
        allocated
    }

    fn add(&mut self, identity: impl Into<Identity>, variable: &str) {
        let variables = self.devices.entry(identity.into()).or_default();
        if variables.last().is_none_or(|last| last != variable) {
            variables.push(variable.to_owned());
        }
    }

    /// An `_INFO` key without its list variable makes no device: in a Kata guest such keys are
    /// leftovers of host addresses.
    fn warn_of_strangers(&self, infos: &[(&String, Vec<String>)], findings: &mut Findings) {
        let listed: BTreeSet<String> = filled(self.devices.keys().map(ToString::to_string));
        for (name, identifiers) in infos {
            for stranger in identifiers.iter().filter(|identifier| !listed.contains(*identifier)) {
                let text = format!("{name}: {stranger:?}: no PCIDEVICE variable lists this device");
                findings.warn(WarningCode::DeviceInfoVariable, *name, text);
            }
        }
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The devices, PCI functions first, by address, each with its variables.
    pub fn iter(&self) -> impl Iterator<Item = (&Identity, &[String])> {
        self.devices.iter().map(|(identity, variables)| (identity, variables.as_slice()))
    }

    /// The PCI functions, by address, and then the subfunctions.
    pub fn functions(&self) -> impl Iterator<Item = &Identity> {
        self.devices.keys().filter(|identity| !matches!(identity, Identity::AfXdp(_)))
    }

    /// The variables that list `device`; none when it is not listed.
    pub fn variables(&self, device: &Device) -> &[String] {
        let variables = identity(device).and_then(|identity| self.devices.get(&identity));
        variables.map_or(&[], Vec::as_slice)
    }

    /// The AF_XDP device whose netdev is called `name`.
    pub fn af_xdp(&self, root: &Root, name: &str) -> Option<Device> {
        let variables = self.devices.get(&Identity::AfXdp(name.to_owned()))?;
        Some(af_xdp_device(root, name, variables.first()?))
    }
}

/// What the environment would call a device.
pub(super) fn identity(device: &Device) -> Option<Identity> {
    match &device.detail {
        DeviceDetail::AfXdp(af_xdp) => Some(Identity::AfXdp(af_xdp.netdev.clone())),
        DeviceDetail::Subfunction(function) => Some(Identity::Auxiliary(function.name.clone())),
        _ => device.pci_address().map(Identity::Pci),
    }
}

impl From<DeviceId> for Identity {
    fn from(id: DeviceId) -> Identity {
        match id {
            DeviceId::Pci(address) => Identity::Pci(address),
            DeviceId::Auxiliary(name) => Identity::Auxiliary(name),
        }
    }
}

/// Reads a `PCIDEVICE_*` variable; what is wrong with it is a warning, for the device plugin's
/// names are free and Kata edits the values.
fn read_variable(name: &str, value: &[u8], findings: &mut Findings) -> Variable {
    let (variable, problems) = pcidevice::parse(value);
    let code = match variable {
        Variable::Devices(_) => WarningCode::DeviceUnknown,
        Variable::Info(_) => WarningCode::DeviceInfoVariable,
    };
    for problem in problems {
        findings.warn(code, name, format!("{name}: {}: {}", problem.place, problem.why));
    }
    variable
}

/// The variables of the AF_XDP device plugin's releases: v0.0.1, up to v0.0.3, and one a pool.
const AF_XDP_RELEASES: [(&str, &str); 2] =
    [("CNDP_DEVICES", "/tmp/cndp.sock"), ("AFXDP_DEVICES", "/tmp/afxdp.sock")];
const AF_XDP_POOL: &str = "AFXDP_DEVICES_";

fn is_af_xdp(name: &str) -> bool {
    name.starts_with(AF_XDP_POOL) || AF_XDP_RELEASES.iter().any(|(variable, _)| *variable == name)
}

/// The plugin's sockets and maps are where its release puts them, if it made them.
fn af_xdp_device(root: &Root, netdev: &str, variable: &str) -> Device {
    let there = |path: String| Some(path).filter(|path| root.exists(path));
    let release = AF_XDP_RELEASES.iter().find(|(name, _)| *name == variable);
    let (socket, map) = match release {
        Some((_, socket)) => (there((*socket).to_owned()), None),
        None if netdev.contains('/') => (None, None),
        None => (
            there(format!("/tmp/afxdp_dp/{netdev}/afxdp.sock")),
            there(format!("/tmp/afxdp_dp/{netdev}/xsks_map")),
        ),
    };
    let detail = DeviceDetail::AfXdp(AfXdpDevice { netdev: netdev.to_owned(), socket, map });
    Device { version: None, detail }
}
