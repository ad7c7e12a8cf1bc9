//! Which of the pod's devices DPDK is given, and in which order.

use super::release::Form;
use super::{KernelDriver, Options, Plan, PortDevice, netdevs, pending};
use crate::error::{Error, Result};
use crate::lookup;
use crate::parse::pci::PciAddress;
use crate::snapshot::{
    AfXdpDevice, DeviceDetail, Hardware, Interface, Kind, MemifDevice, MemifMode, MemifRole,
    Snapshot, UnmatchedDevice, UnmatchedKind, VdpaDevice, VhostMode, VhostUserDevice,
};
use crate::warning::WarningCode;

/// A device that becomes a port.
#[derive(Debug)]
pub(super) struct Selected<'a> {
    pub backend: Backend,
    pub interface: Option<&'a Interface>,
    pub numa_node: Option<u32>,
    /// Where it comes from, for people.
    pub origin: String,
}

/// What DPDK drives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Backend {
    Pci {
        address: PciAddress,
        iova: Iova,
    },
    /// A subfunction, by its name on the auxiliary bus.
    Auxiliary {
        name: String,
    },
    VhostUser {
        path: String,
        server: bool,
    },
    VhostVdpa {
        path: String,
    },
    Memif {
        path: String,
        server: bool,
        id: usize,
    },
    AfXdp {
        netdev: String,
        plugin: Option<AfXdpPlugin>,
    },
    /// A tap device.
    Tap {
        netdev: String,
    },
    /// Any other kernel netdev, behind a tap device.
    TapRedirect {
        netdev: String,
    },
}

/// How net_af_xdp gets at the XSK map that a device plugin made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AfXdpPlugin {
    /// The one socket that releases before `dp_path` know.
    FixedSocket,
    Socket(String),
    PinnedMap(String),
}

/// What a PCI device asks of `--iova-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Iova {
    Va,
    Pa,
    /// The kernel driver maps, so either is right.
    Either,
    Unknown,
}

impl Backend {
    /// Whether it is a device that DPDK makes, by `--vdev`.
    pub fn is_virtual(&self) -> bool {
        !matches!(self, Backend::Pci { .. } | Backend::Auxiliary { .. })
    }

    /// Whether it lacks the receive offloads that l3fwd asks for where it is not told otherwise.
    pub fn lacks_offloads(&self) -> bool {
        self.is_virtual() && self.tap_netdev().is_none()
    }

    /// The netdev that net_tap makes a port of.
    pub fn tap_netdev(&self) -> Option<&String> {
        match self {
            Backend::Tap { netdev } | Backend::TapRedirect { netdev } => Some(netdev),
            _ => None,
        }
    }

    /// The same, for users of the plan.
    pub fn device(&self) -> PortDevice {
        match self.clone() {
            Backend::Pci { address, .. } => PortDevice::Pci { address },
            Backend::Auxiliary { name } => PortDevice::Auxiliary { name },
            Backend::VhostUser { path, server } => PortDevice::VhostUser { path, server },
            Backend::VhostVdpa { path } => PortDevice::VhostVdpa { path },
            Backend::Memif { path, server, .. } => PortDevice::Memif { path, server },
            Backend::AfXdp { netdev, plugin } => {
                let (socket, map) = match plugin {
                    Some(AfXdpPlugin::FixedSocket) => (Some(AF_XDP_SOCKET.to_owned()), None),
                    Some(AfXdpPlugin::Socket(path)) => (Some(path), None),
                    Some(AfXdpPlugin::PinnedMap(path)) => (None, Some(path)),
                    None => (None, None),
                };
                PortDevice::AfXdp { netdev, socket, map }
            }
            Backend::Tap { netdev } | Backend::TapRedirect { netdev } => PortDevice::Tap { netdev },
        }
    }

    /// Whether both are one device.
    fn is_same(&self, other: &Backend) -> bool {
        match (self, other) {
            (Backend::Pci { address, .. }, Backend::Pci { address: other, .. }) => address == other,
            _ => self == other,
        }
    }

    /// Whether net_virtio_user drives it.
    pub fn is_virtio_user(&self) -> bool {
        matches!(self, Backend::VhostUser { .. } | Backend::VhostVdpa { .. })
    }
}

/// The PCI vendor whose network cards DPDK drives beside their kernel driver only.
const MELLANOX: &str = "15b3";

/// The socket of AF_XDP device plugins and releases without a choice.
const AF_XDP_SOCKET: &str = "/tmp/afxdp.sock";

/// What DPDK drives, or why it can't.
type Found = std::result::Result<Backend, String>;

/// The devices in DPDK's port order: PCI by address, subfunctions by name, byte for byte, then the
/// others in the order of the pod's interfaces.
pub(super) fn select<'a>(
    snapshot: &'a Snapshot,
    options: &Options,
    plan: &mut Plan,
) -> Result<Vec<Selected<'a>>> {
    let mut found = Vec::new();
    for interface in wanted(snapshot, &options.networks)? {
        match choose(snapshot, options, interface)
            .or_else(|why| on_netdev(options, interface).ok_or(why))
        {
            Ok(backend) => add(&mut found, selected(backend, interface)),
            Err(why) => {
                let named = !options.networks.is_empty();
                skip(plan, &label(interface), why.or_else(|| named.then(no_device)));
            }
        }
    }
    if options.networks.is_empty() {
        add_unmatched(snapshot, options, &mut found, plan);
    }
    // Stable, so that virtual devices stay in the pod's order. DPDK probes them last.
    found.sort_by_cached_key(|device| match &device.backend {
        Backend::Pci { address, .. } => (0, Some(*address), None),
        Backend::Auxiliary { name } => (1, None, Some(name.clone())),
        _ => (2, None, None),
    });
    warn_order(&found, plan);
    warn_shared_memifs(&found, plan);
    Ok(found)
}

/// The interfaces of the named networks, or all of them, in the pod's order.
fn wanted<'a>(snapshot: &'a Snapshot, names: &[String]) -> Result<Vec<&'a Interface>> {
    let mut named = Vec::new();
    for name in names {
        let found = lookup::matching(snapshot, name);
        if found.is_empty() && pending::has(snapshot, name) {
            return Err(Error::refused(format!("network {name:?}"), pending::WHY));
        }
        if found.is_empty() {
            let known: Vec<String> = snapshot.interfaces.iter().map(label).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let why = format!("the pod has no such network or interface; it has {known}");
            return Err(Error::refused(format!("network {name:?}"), why));
        }
        named.extend(found);
    }
    let is_named = |one: &&Interface| named.iter().any(|other| std::ptr::eq(*other, *one));
    Ok(snapshot.interfaces.iter().filter(|one| names.is_empty() || is_named(one)).collect())
}

fn label(interface: &Interface) -> String {
    match &interface.name {
        Some(name) => format!("{name} ({})", interface.network),
        None => interface.network.clone(),
    }
}

fn selected(backend: Backend, interface: &Interface) -> Selected<'_> {
    let evidence =
        interface.evidence.map_or("the pod's data".to_owned(), |found| found.to_string());
    Selected {
        backend,
        interface: Some(interface),
        numa_node: interface.hardware.as_ref().and_then(|hardware| hardware.numa_node),
        origin: format!("{}, by {evidence}", label(interface)),
    }
}

/// One device is one port, also where several interfaces are on it.
fn add<'a>(all: &mut Vec<Selected<'a>>, new: Selected<'a>) {
    match all.iter_mut().find(|other| other.backend.is_same(&new.backend)) {
        Some(first) => first.origin = format!("{}; also {}", first.origin, new.origin),
        None => all.push(new),
    }
}

fn add_unmatched<'a>(
    snapshot: &'a Snapshot,
    options: &Options,
    all: &mut Vec<Selected<'a>>,
    plan: &mut Plan,
) {
    for device in &snapshot.unmatched_devices {
        match unmatched(snapshot, options, device) {
            Ok(backend) => {
                let numa_node = device.hardware.as_ref().and_then(|hardware| hardware.numa_node);
                let origin = format!("{}, which no evidence ties to an interface", device.source);
                add(all, Selected { backend, interface: None, numa_node, origin });
            }
            Err(why) => skip(plan, &device.address, Some(why)),
        }
    }
}

fn unmatched(snapshot: &Snapshot, options: &Options, device: &UnmatchedDevice) -> Found {
    if let Some(why) = elsewhere(snapshot, Some(&device.address), device.own) {
        return Err(why);
    }
    if device.kind == UnmatchedKind::Subfunction {
        return subfunction(options, &device.address);
    }
    let address = device.address.parse().ok().filter(|_| device.kind.is_pci_network_function());
    let Some(address) = address else {
        return Err(format!(
            "a device of type {} without an interface is not given to DPDK",
            device.kind
        ));
    };
    let hardware = device.hardware.as_ref();
    let netdev = hardware.and_then(|hardware| hardware.netdevs.first());
    pci(address, hardware)
        .or_else(|why| netdev.and_then(|name| netdevs::port(options, name)).ok_or(why))
}

/// One of an mlx5 card, which DPDK drives beside its kernel driver.
fn subfunction(options: &Options, name: &str) -> Found {
    let known = name.starts_with("mlx5_core.sf.");
    if !known {
        return Err("DPDK knows no driver for this device of the auxiliary bus".to_owned());
    }
    if !options.release.takes(Form::AuxiliaryBus) {
        let release = options.release;
        return Err(format!("DPDK {release} has no auxiliary bus: 21.08 and later have"));
    }
    Ok(Backend::Auxiliary { name: name.to_owned() })
}

/// DPDK probes its buses one after the other, and which comes first is not said.
fn warn_order(devices: &[Selected<'_>], plan: &mut Plan) {
    let is_pci = |one: &Selected<'_>| matches!(one.backend, Backend::Pci { .. });
    let first = devices.iter().find_map(|one| match &one.backend {
        Backend::Auxiliary { name } => Some(name.clone()),
        _ => None,
    });
    if let Some(name) = first.filter(|_| devices.iter().any(is_pci)) {
        let text = "DPDK does not say whether PCI devices or subfunctions come first: ports are \
                    numbered as if PCI devices did; tell them apart by name or MAC address";
        plan.warn(WarningCode::PortOrder, name, text);
    }
}

fn skip(plan: &mut Plan, what: &str, why: Option<String>) {
    if let Some(why) = why {
        plan.warn(WarningCode::DeviceSkipped, what, format!("not given to DPDK: {why}"));
    }
}

fn no_device() -> String {
    "it is a kernel netdev without a device of its own: --netdevs makes a port of it".to_owned()
}

/// Why this container can't have the device, whatever it is: absent devices are no container's.
fn elsewhere(snapshot: &Snapshot, name: Option<&str>, own: Option<bool>) -> Option<String> {
    match name.filter(|name| is_absent(snapshot, name)) {
        Some(name) => Some(format!("this kernel has no device {name}")),
        None => (own == Some(false)).then(|| "it is another container's device".to_owned()),
    }
}

/// Whether the snapshot says that this kernel lacks the device.
fn is_absent(snapshot: &Snapshot, device: &str) -> bool {
    let absent = |code| code == WarningCode::DeviceAbsent;
    snapshot.warnings.iter().any(|warning| absent(warning.code) && warning.path == device)
}

/// Its name on its bus, for those that are on one.
fn bus_name(detail: &DeviceDetail) -> Option<String> {
    match detail {
        DeviceDetail::Pci(device) => Some(device.address.to_string()),
        DeviceDetail::Subfunction(device) => Some(device.name.clone()),
        _ => None,
    }
}

/// A port on the interface's kernel netdev, where those are asked for. Taking the pod's default
/// interface would cut the pod off.
fn on_netdev(options: &Options, interface: &Interface) -> Option<Backend> {
    let usable = !interface.default && interface.own != Some(false);
    netdevs::port(options, netdev(interface).filter(|_| usable)?)
}

/// The kernel netdev that the interface is.
fn netdev(interface: &Interface) -> Option<&String> {
    let hardware = interface.hardware.as_ref();
    let name = interface.name.as_ref();
    match interface.device.as_ref().map(|device| &device.detail) {
        None => name.filter(|_| interface.kind == Kind::Host),
        Some(DeviceDetail::Pci(_) | DeviceDetail::Subfunction(_)) => {
            let netdevs = &hardware?.netdevs;
            netdevs.iter().find(|netdev| Some(*netdev) == name).or(netdevs.first())
        }
        Some(DeviceDetail::Vdpa(vdpa)) => {
            let shown = hardware.and_then(|hardware| hardware.vdpa.as_ref()?.netdev.as_ref());
            shown.or_else(|| name.filter(|_| vdpa.driver.as_deref() == Some("virtio")))
        }
        Some(_) => None,
    }
}

/// What DPDK drives, or why it can't; no reason for what nobody takes for a DPDK port.
fn choose(
    snapshot: &Snapshot,
    options: &Options,
    interface: &Interface,
) -> std::result::Result<Backend, Option<String>> {
    let Some(device) = &interface.device else {
        // Every pod has a default interface, and it is never meant.
        let expected = interface.default && interface.kind == Kind::Host;
        return Err((!expected).then(|| match interface.kind {
            Kind::Host => no_device(),
            kind => format!("no device is known for this interface of kind {kind}"),
        }));
    };
    let name = bus_name(&device.detail);
    if let Some(why) = elsewhere(snapshot, name.as_deref(), interface.own) {
        return Err(Some(why));
    }
    let hardware = interface.hardware.as_ref();
    let found = match &device.detail {
        DeviceDetail::Pci(device) => pci(device.address, hardware),
        DeviceDetail::Vdpa(device) => vdpa(interface, device),
        DeviceDetail::VhostUser(device) => vhost_user(device),
        DeviceDetail::Memif(device) => memif(snapshot, interface, device),
        DeviceDetail::AfXdp(device) => af_xdp(options, device),
        DeviceDetail::Subfunction(device) => subfunction(options, &device.name),
        DeviceDetail::Unknown(name) => Err(format!("device-info of the unknown type {name:?}")),
    };
    found.map_err(Some)
}

fn pci(address: PciAddress, hardware: Option<&Hardware>) -> Found {
    let Some(hardware) = hardware else {
        return Ok(Backend::Pci { address, iova: Iova::Unknown });
    };
    if let Some(path) = hardware.vdpa.as_ref().and_then(|vdpa| vdpa.char_device.clone()) {
        return Ok(Backend::VhostVdpa { path });
    }
    let driver = hardware.driver.as_deref().unwrap_or("none");
    let Some(kind) = KernelDriver::named(driver) else {
        return Err(format!(
            "its kernel driver is {driver}, and DPDK needs vfio-pci: have the device bound to it \
             in the node's SR-IOV policy"
        ));
    };
    if kind == KernelDriver::Vfio && hardware.vendor.as_deref() == Some(MELLANOX) {
        let why = "it is bound to vfio-pci, and DPDK drives mlx5 devices beside mlx5_core only";
        return Err(format!("{why}: set deviceType netdevice and isRdma in the SR-IOV policy"));
    }
    let iova = match kind {
        KernelDriver::Vfio => vfio_iova(hardware),
        KernelDriver::Bifurcated => Iova::Either,
        KernelDriver::Uio => Iova::Pa,
    };
    Ok(Backend::Pci { address, iova })
}

fn vfio_iova(hardware: &Hardware) -> Iova {
    match hardware.vfio {
        Some(_) if hardware.no_iommu => Iova::Pa,
        Some(_) => Iova::Va,
        None => Iova::Unknown,
    }
}

fn vdpa(interface: &Interface, device: &VdpaDevice) -> Found {
    let shown = interface.hardware.as_ref().and_then(|hardware| hardware.vdpa.as_ref());
    let bus_driver = shown.and_then(|vdpa| vdpa.driver.as_deref());
    if bus_driver == Some("virtio_vdpa") || device.driver.as_deref() == Some("virtio") {
        return Err("its vDPA driver is virtio, which makes it a kernel netdev".to_owned());
    }
    let path = interface.path().ok_or(
        "its character device is unknown: device-info has no path, and sysfs shows no \
         vhost_vdpa device",
    )?;
    Ok(Backend::VhostVdpa { path: path.to_owned() })
}

fn vhost_user(device: &VhostUserDevice) -> Found {
    let path = device.path.clone().ok_or("device-info has no path of its socket")?;
    Ok(Backend::VhostUser { path, server: device.mode == Some(VhostMode::Server) })
}

fn memif(snapshot: &Snapshot, interface: &Interface, device: &MemifDevice) -> Found {
    if let Some(mode) = device.mode.filter(|mode| *mode != MemifMode::Ethernet) {
        return Err(format!("its memif mode is {mode}, and DPDK carries Ethernet only"));
    }
    let path = device.path.clone().ok_or("device-info has no path of its socket")?;
    let server = device.role == Some(MemifRole::Master);
    // Counted over the whole pod, so that an identifier does not depend on what was asked for.
    let before = snapshot.interfaces.iter().take_while(|other| !std::ptr::eq(*other, interface));
    let id = before.filter(|other| memif_path(other) == Some(&path)).count();
    Ok(Backend::Memif { path, server, id })
}

fn memif_path(interface: &Interface) -> Option<&String> {
    match &interface.device.as_ref()?.detail {
        DeviceDetail::Memif(memif) => memif.path.as_ref(),
        _ => None,
    }
}

fn warn_shared_memifs(devices: &[Selected<'_>], plan: &mut Plan) {
    for device in devices {
        let Backend::Memif { path, id: 1.., .. } = &device.backend else { continue };
        let text = format!(
            "several interfaces share {path:?}; their memif ids are given in the pod's order, \
             here to {}: check the peer's",
            device.origin
        );
        plan.warn(WarningCode::MemifShared, path, text);
    }
}

fn af_xdp(options: &Options, device: &AfXdpDevice) -> Found {
    let takes = |form| options.release.takes(form);
    let plugin = match (&device.socket, &device.map) {
        (Some(socket), _) if takes(Form::AfXdpPath) => Some(AfXdpPlugin::Socket(socket.clone())),
        (_, Some(map)) if takes(Form::AfXdpPath) => Some(AfXdpPlugin::PinnedMap(map.clone())),
        (Some(socket), _) if takes(Form::AfXdpCni) && socket == AF_XDP_SOCKET => {
            Some(AfXdpPlugin::FixedSocket)
        }
        (None, None) => None,
        _ => {
            return Err(format!(
                "net_af_xdp of DPDK {} can't use the device plugin's socket or map: 24.07 and \
                 later can",
                options.release
            ));
        }
    };
    Ok(Backend::AfXdp { netdev: device.netdev.clone(), plugin })
}
