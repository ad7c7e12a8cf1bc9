//! What DPDK loses a port over without ending: looked for before it starts.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use podnet::eal::{Port, PortDevice};
use podnet::parse::pci::PciAddress;
use podnet::snapshot::{Interface, Snapshot};

use super::{pci, socket, system};

/// What stands behind a port on this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    Pci(PciAddress),
    VhostVdpa(PathBuf),
    /// A socket of `driver`, that we make (`ours`) or connect to.
    Socket {
        driver: Driver,
        path: PathBuf,
        ours: bool,
    },
    /// Nothing that could be checked.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    VhostUser,
    Memif,
}

impl Device {
    /// What `port` is made of, as far as it can be looked at.
    pub fn of(port: &Port) -> Device {
        let socket = |driver, path: &str, ours| Device::Socket { driver, path: path.into(), ours };
        match &port.device {
            PortDevice::Pci { address } => Device::Pci(*address),
            PortDevice::VhostVdpa { path } => Device::VhostVdpa(path.into()),
            PortDevice::VhostUser { path, server } => socket(Driver::VhostUser, path, *server),
            // One in the abstract namespace is no file.
            PortDevice::Memif { path, server } if path.starts_with('/') => {
                socket(Driver::Memif, path, *server)
            }
            _ => Device::Other,
        }
    }

    /// Takes what makes this device out of `snapshot`, so that no port is made of it.
    pub fn remove_from(&self, snapshot: &mut Snapshot) {
        let is_this = |one: &Interface| match self {
            Device::Pci(address) => one.pci_address() == Some(*address),
            Device::VhostVdpa(path) | Device::Socket { path, .. } => {
                one.path().map(Path::new) == Some(path)
            }
            Device::Other => false,
        };
        snapshot.interfaces.retain(|one| !is_this(one));
        if let Device::Pci(address) = self {
            snapshot.unmatched_devices.retain(|one| one.address.parse() != Ok(*address));
        }
    }

    /// Why this device would not become a port of the system below `root`.
    pub fn check(&self, root: &Path) -> Option<String> {
        match self {
            Device::Pci(address) => pci::check(root, *address),
            Device::VhostVdpa(path) => check_vdpa(path),
            Device::Socket { driver, path, ours: false } => check_client(*driver, path),
            Device::Socket { path, ours: true, .. } => check_server(path),
            Device::Other => None,
        }
    }
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

fn check_client(driver: Driver, path: &Path) -> Option<String> {
    let shown = path.display();
    let peer = match driver {
        Driver::VhostUser => "vSwitch",
        // DPDK connects once, when the port starts, and the start fails.
        Driver::Memif => "memif server",
    };
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
        socket::State::Live => system::check_read_write(path).err().map(|error| {
            let fix = "run as the socket's owner or group (runAsUser, supplementalGroups)";
            format!("{shown}: {}: {fix}", reason(&error))
        }),
    }
}

fn check_server(path: &Path) -> Option<String> {
    let shown = path.display();
    match socket::state(path) {
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
    let directory = path.parent().unwrap_or(Path::new("/"));
    let error = system::check_make_in(directory).err()?;
    Some(format!(
        "{}: {}: the socket is made there: mount a volume that this user may write to (fsGroup)",
        directory.display(),
        reason(&error)
    ))
}

/// The system's word for it, without the number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
