//! Device arguments: `-a` and `--vdev`, and the ports they make.
//!
//! DPDK has no way to escape a comma in a device argument, so what a pod's
//! data says is checked before it becomes part of one.

use super::devices::{AfXdpPlugin, Backend, Selected};
use super::lcores::Layout;
use super::mac::Mac;
use super::release::Form;
use super::{Options, Plan, Port};
use crate::error::{Error, Result};

/// RTE_DEV_NAME_MAX_LEN without its NUL.
const MAX_NAME: usize = 63;

/// The longest path of a socket: `sun_path` without its NUL, unix(7).
pub const MAX_SOCKET_PATH: usize = 107;

/// IFNAMSIZ without its NUL.
const MAX_NETDEV: usize = 15;

/// Queue pairs of virtio_user before 23.03, of net_memif and of net_tap.
const OLD_VIRTIO_USER_PAIRS: u32 = 8;
const MEMIF_PAIRS: u32 = 255;
const TAP_PAIRS: u32 = 16;

pub(super) fn add(
    devices: &[Selected<'_>],
    layout: &Layout,
    options: &Options,
    plan: &mut Plan,
) -> Result<Vec<Port>> {
    let mut ports: Vec<Port> = Vec::new();
    for (id, device) in (0..).zip(devices) {
        check_interface(device)?;
        check_queues(device, layout.queues, options)?;
        let (name, devarg) = match &device.backend {
            Backend::Pci { address, .. } => (address.to_string(), address.to_string()),
            Backend::Auxiliary { name } => {
                check_name(name)?;
                (name.clone(), format!("auxiliary:{name}"))
            }
            backend => {
                let name = unique_name(backend, device, &ports);
                let keys = match backend {
                    Backend::TapRedirect { netdev } => tap_redirect(netdev, devices, &ports)?,
                    _ => keys(device, layout.queues)?,
                };
                let devarg = [name.clone()].into_iter().chain(keys).collect::<Vec<_>>().join(",");
                (name, devarg)
            }
        };
        ports.push(port(id, device, name, devarg));
    }
    emit(devices, &ports, plan);
    Ok(ports)
}

fn emit(devices: &[Selected<'_>], ports: &[Port], plan: &mut Plan) {
    if !devices.iter().any(|device| matches!(device.backend, Backend::Pci { .. })) {
        plan.eal(&["--no-pci"], "no port is a PCI device, and without it DPDK probes the node's");
    }
    for (device, port) in devices.iter().zip(ports) {
        let option = if device.backend.is_virtual() { "--vdev" } else { "-a" };
        plan.eal(&[option, &port.devarg], format!("port {}: {}", port.id, device.origin));
    }
}

fn port(id: u32, device: &Selected<'_>, name: String, devarg: String) -> Port {
    let interface = device.interface;
    Port {
        id,
        interface: interface.and_then(|interface| interface.name.clone()),
        network: interface.map(|interface| interface.network.clone()),
        devarg,
        name,
        device: device.backend.device(),
        mac: interface.and_then(|interface| interface.mac.clone()),
        ips: interface.map(|interface| interface.ips.clone()).unwrap_or_default(),
        numa_node: device.numa_node,
    }
}

/// A name that shows up in DPDK's logs and telemetry: `net_virtio_user_net1`.
fn unique_name(backend: &Backend, device: &Selected<'_>, ports: &[Port]) -> String {
    let driver = match backend {
        Backend::Memif { .. } => "net_memif",
        Backend::AfXdp { .. } => "net_af_xdp",
        backend if backend.tap_netdev().is_some() => "net_tap",
        _ => "net_virtio_user",
    };
    let interface = device.interface.and_then(|interface| interface.name.as_deref());
    let wanted = match interface {
        Some(interface) => format!("{driver}_{interface}"),
        None => format!("{driver}_port{}", ports.len()),
    };
    let taken = |name: &String| ports.iter().any(|port| port.name == *name);
    let numbered = (1..).map(|number| format!("{}_{number}", cut(&wanted, MAX_NAME - 4)));
    let mut names = std::iter::once(cut(&wanted, MAX_NAME).to_owned()).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or(wanted)
}

/// Names are ASCII by the time they come here.
fn cut(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}

/// The keys of a virtual device, each with its value.
fn keys(device: &Selected<'_>, queues: u32) -> Result<Vec<String>> {
    let mac = mac(device)?.map(|mac| format!("mac={mac}"));
    let mut keys = match &device.backend {
        Backend::Pci { .. } | Backend::Auxiliary { .. } | Backend::TapRedirect { .. } => Vec::new(),
        // Without `mac` net_tap gives the netdev another address.
        Backend::Tap { netdev } => vec![format!("iface={}", checked_netdev(netdev)?)],
        Backend::VhostUser { path, .. } => virtio_user(socket(device, path)?, queues),
        Backend::VhostVdpa { path } => virtio_user(file(device, path)?, queues),
        Backend::Memif { path, server, id } => memif(device, path, *server, *id)?,
        Backend::AfXdp { netdev, plugin } => {
            return af_xdp(device, netdev, plugin.as_ref(), queues);
        }
    };
    keys.extend(mac);
    if matches!(device.backend, Backend::VhostUser { server: true, .. }) {
        keys.push("server=1".to_owned());
    }
    Ok(keys)
}

/// `cq=1`: without a control queue there is no promiscuous mode, and before 23.03 one queue pair.
fn virtio_user(path: &str, queues: u32) -> Vec<String> {
    vec![format!("path={path}"), format!("queues={queues}"), "cq=1".to_owned()]
}

/// No device is asked for more queues than its driver makes; a port that can't be set up ends the
/// application.
fn check_queues(device: &Selected<'_>, queues: u32, options: &Options) -> Result<()> {
    let old = !options.release.takes(Form::VirtioUserManyQueues);
    let (driver, most) = match &device.backend {
        backend if backend.is_virtio_user() && old => ("virtio_user", OLD_VIRTIO_USER_PAIRS),
        Backend::Memif { .. } => ("net_memif", MEMIF_PAIRS),
        Backend::AfXdp { netdev, .. } => return check_rx_queues(netdev, queues, options),
        backend if backend.tap_netdev().is_some() => ("net_tap", TAP_PAIRS),
        _ => return Ok(()),
    };
    let why = || {
        let release = options.release;
        format!("{driver} of DPDK {release} has at most {most}: ask for fewer queues or workers")
    };
    let fits = queues <= most;
    fits.then_some(()).ok_or_else(|| Error::invalid(format!("{queues} queues"), why()))
}

/// AF_XDP takes one queue of the netdev for each of the port's.
fn check_rx_queues(netdev: &str, queues: u32, options: &Options) -> Result<()> {
    let Some(most) = options.rx_queues_of(netdev).filter(|most| *most < queues) else {
        return Ok(());
    };
    let why = format!(
        "{netdev} has {most} receive queues, and AF_XDP takes one of them for each: ask for fewer \
         queues or workers"
    );
    Err(Error::refused(format!("{queues} queues"), why))
}

/// Sockets are files unless they are named with an `@`, but DPDK's default is the other way.
fn memif(device: &Selected<'_>, path: &str, server: bool, id: usize) -> Result<Vec<String>> {
    let role = if server { "server" } else { "client" };
    let (path, is_abstract) = match path.strip_prefix('@') {
        Some(name) => (safe(device, "socket name", name, MAX_SOCKET_PATH - 1)?, "yes"),
        None => (socket(device, path)?, "no"),
    };
    Ok(vec![
        format!("role={role}"),
        format!("id={id}"),
        format!("socket={path}"),
        format!("socket-abstract={is_abstract}"),
    ])
}

fn af_xdp(
    device: &Selected<'_>,
    netdev: &str,
    plugin: Option<&AfXdpPlugin>,
    queues: u32,
) -> Result<Vec<String>> {
    let iface = format!("iface={}", checked_netdev(netdev)?);
    let mut keys = vec![iface, format!("queue_count={queues}")];
    match plugin {
        None => {}
        Some(AfXdpPlugin::FixedSocket) => keys.push("use_cni=1".to_owned()),
        Some(AfXdpPlugin::Socket(path)) => {
            keys.push(format!("use_cni=1,dp_path={}", socket(device, path)?));
        }
        Some(AfXdpPlugin::PinnedMap(path)) => {
            keys.push(format!("use_pinned_map=1,dp_path={}", file(device, path)?));
        }
    }
    Ok(keys)
}

/// The tap device's own name tells its netdev and fits into IFNAMSIZ. Its MAC address is the
/// netdev's.
fn tap_redirect(remote: &str, devices: &[Selected<'_>], ports: &[Port]) -> Result<Vec<String>> {
    checked_netdev(remote)?;
    let name = |number: usize| match number {
        0 => cut(&format!("dpdk-{remote}"), MAX_NETDEV).to_owned(),
        _ => format!("{}-{number}", cut(&format!("dpdk-{remote}"), MAX_NETDEV - 5)),
    };
    let taken = |name: &String| {
        let key = format!(",iface={name},");
        let is_netdev = |device: &Selected<'_>| device.backend.tap_netdev() == Some(name);
        devices.iter().any(is_netdev) || ports.iter().any(|port| port.devarg.contains(&key))
    };
    let free = (0..=devices.len() + ports.len()).map(name).find(|name| !taken(name));
    Ok(vec![format!("iface={}", free.unwrap_or_else(|| name(0))), format!("remote={remote}")])
}

/// A kernel netdev's name: IFNAMSIZ is short.
fn checked_netdev(name: &str) -> Result<&str> {
    check_name(name)?;
    let why = format!("{} bytes long, and a netdev's name has at most {MAX_NETDEV}", name.len());
    let fits = name.len() <= MAX_NETDEV;
    fits.then_some(name).ok_or_else(|| Error::refused(format!("interface name {name:?}"), why))
}

/// A file's path that fits into a `sun_path`.
fn socket<'a>(device: &Selected<'_>, path: &'a str) -> Result<&'a str> {
    if path.len() > MAX_SOCKET_PATH {
        let why = format!(
            "{} bytes long, and a socket's path has at most {MAX_SOCKET_PATH}: mount the volume at a \
             shorter path",
            path.len()
        );
        return Err(Error::refused(subject(device, "socket path", path), why));
    }
    file(device, path)
}

fn file<'a>(device: &Selected<'_>, path: &'a str) -> Result<&'a str> {
    if !path.starts_with('/') {
        return Err(Error::refused(subject(device, "path", path), "expected an absolute path"));
    }
    safe(device, "path", path, usize::MAX)
}

/// `value`, if it is no more than one key's value: releases differ in what `=` and brackets in a
/// value mean, and a comma ends it.
fn safe<'a>(device: &Selected<'_>, what: &str, value: &'a str, longest: usize) -> Result<&'a str> {
    let why = if value.is_empty() {
        "empty".to_owned()
    } else if value.len() > longest {
        format!("{} bytes long, and at most {longest} fit", value.len())
    } else if let Some(bad) = value.chars().find(|c| c.is_control() || ",=[]".contains(*c)) {
        format!("{bad:?} can't be part of a DPDK device argument")
    } else {
        return Ok(value);
    };
    Err(Error::refused(subject(device, what, value), why))
}

fn subject(device: &Selected<'_>, what: &str, value: &str) -> String {
    let name = device.interface.and_then(|interface| interface.name.as_deref());
    let shown: String = value.chars().take(128).collect();
    format!("{what} {shown:?} of {}", name.unwrap_or("a device"))
}

fn check_interface(device: &Selected<'_>) -> Result<()> {
    match device.interface.and_then(|interface| interface.name.as_deref()) {
        Some(name) => check_name(name),
        None => Ok(()),
    }
}

/// A name that is one word in a device argument, wherever it stands.
fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    let valid = !name.is_empty() && !name.starts_with('-') && name.chars().all(plain);
    let shown: String = name.chars().take(128).collect();
    let why = "expected letters, digits, and `_.:-` but for a dash at its beginning";
    valid.then_some(()).ok_or_else(|| Error::refused(format!("interface name {shown:?}"), why))
}

/// The MAC address a virtual device is given; a zero one means that there is none.
fn mac(device: &Selected<'_>) -> Result<Option<String>> {
    let Some(mac) = device.interface.and_then(|interface| interface.mac.as_deref()) else {
        return Ok(None);
    };
    let invalid = |why| Error::refused(subject(device, "MAC address", mac), why);
    let mac = Mac::parse(mac).ok_or_else(|| invalid("expected one like 02:11:22:33:44:55"))?;
    if mac.is_group() {
        return Err(invalid("a group address can't be a port's own"));
    }
    Ok((!mac.is_zero()).then(|| mac.to_string()))
}
