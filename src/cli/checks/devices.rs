//! What DPDK loses a port over without ending: looked for before it starts.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use podnet::eal::PortDevice;
use podnet::snapshot::{DeviceDetail, Interface, Snapshot};

use super::{netdev, pci};
use crate::cli::text::reason;
use crate::cli::{socket, system};

/// A socket that the program makes (`ours`) or connects to.
#[derive(Debug, Clone, Copy)]
pub struct Socket<'a> {
    pub path: &'a Path,
    pub ours: bool,
    /// Who is at the other end.
    peer: &'static str,
}

/// The socket of a port, where it has one.
pub fn socket_of(device: &PortDevice) -> Option<Socket<'_>> {
    let (path, ours, peer) = match device {
        PortDevice::VhostUser { path, server } => (path, *server, "vSwitch"),
        // DPDK connects once, when the port starts, and the start fails.
        PortDevice::Memif { path, server } => (path, *server, "memif server"),
        PortDevice::AfXdp { socket, .. } => (socket.as_ref()?, false, "AF_XDP device plugin"),
        _ => return None,
    };
    Some(Socket { path: Path::new(path), ours, peer })
}

/// Takes what makes `device` out of `snapshot`, so that no port is made of it.
pub fn remove(device: &PortDevice, snapshot: &mut Snapshot) {
    let is_this = |one: &Interface| match device {
        PortDevice::Pci { address } => one.pci_address() == Some(*address),
        PortDevice::VhostUser { path, .. }
        | PortDevice::VhostVdpa { path }
        | PortDevice::Memif { path, .. } => one.path() == Some(path),
        PortDevice::AfXdp { netdev, .. } | PortDevice::Tap { netdev } => is_on(one, netdev),
        PortDevice::Auxiliary { name } => is_subfunction(one, name),
        _ => false,
    };
    snapshot.interfaces.retain(|one| !is_this(one));
    snapshot.unmatched_devices.retain(|one| match device {
        PortDevice::Pci { address } => one.address.parse() != Ok(*address),
        PortDevice::Auxiliary { name } => one.address != *name,
        PortDevice::AfXdp { netdev, .. } | PortDevice::Tap { netdev } => {
            !one.hardware.as_ref().is_some_and(|hardware| hardware.netdevs.contains(netdev))
        }
        PortDevice::VhostVdpa { path } => {
            let vdpa = one.hardware.as_ref().and_then(|hardware| hardware.vdpa.as_ref());
            vdpa.and_then(|vdpa| vdpa.char_device.as_ref()) != Some(path)
        }
        _ => true,
    });
}

fn is_subfunction(interface: &Interface, name: &str) -> bool {
    let detail = interface.device.as_ref().map(|device| &device.detail);
    matches!(detail, Some(DeviceDetail::Subfunction(subfunction)) if subfunction.name == name)
}

/// Whether the kernel netdev `name` is what a port of `interface` would be on.
fn is_on(interface: &Interface, name: &String) -> bool {
    if let Some(DeviceDetail::AfXdp(af_xdp)) = interface.device.as_ref().map(|one| &one.detail) {
        return af_xdp.netdev == *name;
    }
    let hardware = interface.hardware.as_ref();
    let vdpa = hardware.and_then(|hardware| hardware.vdpa.as_ref()?.netdev.as_ref());
    interface.name.as_ref() == Some(name)
        || vdpa == Some(name)
        || hardware.is_some_and(|hardware| hardware.netdevs.contains(name))
}

/// Why `device` would not become a port of the system below `root`.
pub fn check(device: &PortDevice, root: &Path) -> Option<String> {
    match device {
        PortDevice::Pci { address } => pci::check(root, *address),
        PortDevice::Auxiliary { name } => pci::check_auxiliary(root, name),
        PortDevice::VhostVdpa { path } => check_vdpa(Path::new(path)),
        PortDevice::AfXdp { netdev, map, .. } => netdev::check(root, netdev)
            .or_else(|| netdev::check_map(map.as_deref()?))
            .or_else(|| check_socket(&socket_of(device)?)),
        PortDevice::Tap { netdev } => netdev::check_tun(Path::new(netdev::TUN))
            .or_else(|| netdev::check(root, netdev))
            .or_else(|| netdev::check_tap(root, netdev)),
        _ => check_socket(&socket_of(device)?),
    }
}

fn check_socket(socket: &Socket<'_>) -> Option<String> {
    if socket.ours { check_server(socket.path) } else { check_client(socket) }
}

fn check_vdpa(path: &Path) -> Option<String> {
    let shown = path.display();
    let missing = "request its resource, of a pool with vdpaType: vhost, in this container's \
                   resources.limits";
    match fs::metadata(path) {
        Err(error) => Some(format!("{shown}: {}: {missing}", reason(&error))),
        Ok(found) if !found.file_type().is_char_device() => {
            Some(format!("{shown}: no character device: {missing}"))
        }
        Ok(_) => no_access(path),
    }
}

/// Why a device node that is there can't be opened.
pub fn no_access(path: &Path) -> Option<String> {
    let error = system::check_read_write(path).err()?;
    Some(format!(
        "{}: {}: run as root, or have the container runtime own devices by the security context \
         (device_ownership_from_security_context)",
        path.display(),
        reason(&error)
    ))
}

fn check_client(socket: &Socket<'_>) -> Option<String> {
    let Socket { path, peer, .. } = socket;
    let shown = path.display();
    match socket::state(path) {
        socket::State::Absent => Some(format!(
            "{shown}: no socket there: start the {peer}, mount the volume it makes its sockets in \
             at this path, or wait for it with --wait-sockets 30s"
        )),
        socket::State::Stale => Some(format!(
            "{shown}: nobody listens on this socket: restart the {peer}, or wait for it with \
             --wait-sockets 30s"
        )),
        socket::State::Other => Some(format!(
            "{shown}: no socket but another kind of file: check the mountPath of the volume"
        )),
        socket::State::Live if socket::is_abstract(path) => None,
        socket::State::Live => system::check_read_write(path).err().map(|error| {
            let fix = "run as the socket's owner or group (runAsUser, supplementalGroups)";
            format!("{shown}: {}: {fix}", reason(&error))
        }),
    }
}

fn check_server(path: &Path) -> Option<String> {
    let shown = path.display();
    match socket::own_state(path) {
        socket::State::Live => {
            let why = "another process listens on this socket: end it, or give each its own";
            return Some(format!("{shown}: {why}"));
        }
        socket::State::Other => {
            let why = "a file that is no socket is in its place: remove it";
            return Some(format!("{shown}: {why}"));
        }
        socket::State::Absent | socket::State::Stale => {}
    }
    if socket::is_abstract(path) {
        return None;
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let error = system::check_make_in(directory).err()?;
    Some(format!(
        "{}: {}: the socket is made there: mount a volume that this user may write to (fsGroup)",
        directory.display(),
        reason(&error)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_interface_of_a_subfunction_out() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/roots/subfunction-netdev/root");
        let mut snapshot = podnet::Pod::builder().root(root).build().snapshot().unwrap();
        remove(&PortDevice::Auxiliary { name: "mlx5_core.sf.9".into() }, &mut snapshot);
        let names: Vec<_> = snapshot.interfaces.iter().map(|one| one.name.as_deref()).collect();
        assert_eq!(names, [Some("eth0"), Some("net1")]);
    }
}
