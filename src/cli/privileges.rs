//! What devices need beyond their nodes: capabilities, and memory that may be locked. An `execve`
//! of anybody but root drops every capability that is not ambient.

use std::path::Path;

use podnet::eal::{EalArgs, KernelDriver, PortDevice};
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities,
};

use super::memory::Planned;
use super::pci;
use super::preflight::reason;
use super::units::show_size;

/// What ports may need, by the names that a pod's specification uses.
const NAMES: [(CapabilitySet, &str); 6] = [
    (CapabilitySet::IPC_LOCK, "IPC_LOCK"),
    (CapabilitySet::NET_ADMIN, "NET_ADMIN"),
    (CapabilitySet::NET_RAW, "NET_RAW"),
    (CapabilitySet::BPF, "BPF"),
    (CapabilitySet::SYS_RAWIO, "SYS_RAWIO"),
    (CapabilitySet::SYS_ADMIN, "SYS_ADMIN"),
];

/// Lifts the limit of locked memory, and says what is missing all the same.
pub fn raise_limits(made: &EalArgs, words: &[String], program: &Path) -> Vec<String> {
    let maximum = getrlimit(Resource::Memlock).maximum;
    let set = |limit| setrlimit(Resource::Memlock, Rlimit { current: limit, maximum: limit });
    if set(None).is_err() {
        // Without CAP_SYS_RESOURCE as far as everybody may; `memlock` says when that is too low.
        let _ = set(maximum);
    }
    let needed = needed(made, Path::new("/"));
    let missing = NAMES.iter().filter(|(one, _)| needed.contains(*one) && !holds(*one));
    missing.map(|(_, name)| describe(name)).chain(memlock(made, words, program)).collect()
}

fn holds(capability: CapabilitySet) -> bool {
    capabilities(None).is_ok_and(|sets| sets.permitted.contains(capability))
}

fn describe(name: &str) -> String {
    format!(
        "capability {name}: podnet does not hold it, and the devices need it: name it in \
         securityContext.capabilities.add of this container; for a user other than root, `setcap \
         cap_{}+p` on podnet in its image, too, and no allowPrivilegeEscalation: false",
        name.to_lowercase()
    )
}

/// Makes the capabilities that podnet's file gave it ambient, for they would end with the
/// `execve`. Those of root stay by themselves.
pub fn hand_on() -> Option<String> {
    if geteuid().is_root() {
        return None;
    }
    let hand_on = || {
        let mut sets = capabilities(None)?;
        if sets.permitted.is_empty() {
            return Ok(());
        }
        sets.inheritable |= sets.permitted;
        set_capabilities(None, sets)?;
        sets.permitted.iter().try_for_each(|one| configure_capability_in_ambient_set(one, true))
    };
    hand_on().err().map(|error| {
        format!(
            "capabilities: podnet's own can't be handed on: {}: give the program's file its own \
             (setcap), or run as root",
            reason(&error.into())
        )
    })
}

/// What the ports of `made` need of the system below `root`.
fn needed(made: &EalArgs, root: &Path) -> CapabilitySet {
    let physical = match made.eal.iter().any(|word| word == "--iova-mode=pa") {
        // The kernel shows physical addresses to SYS_ADMIN alone.
        true => CapabilitySet::SYS_ADMIN | CapabilitySet::SYS_RAWIO,
        false => CapabilitySet::empty(),
    };
    let ports = made.ports.iter().map(|port| needed_by(&port.device, root));
    ports.fold(physical, CapabilitySet::union)
}

fn needed_by(device: &PortDevice, root: &Path) -> CapabilitySet {
    const NETDEV: CapabilitySet = CapabilitySet::NET_RAW.union(CapabilitySet::NET_ADMIN);
    match device {
        PortDevice::Pci { address } => match pci::driver(root, *address) {
            Some(KernelDriver::Bifurcated) => NETDEV | CapabilitySet::IPC_LOCK,
            _ => CapabilitySet::IPC_LOCK,
        },
        PortDevice::VhostVdpa { .. } => CapabilitySet::IPC_LOCK,
        // Without a device plugin DPDK loads its program by itself.
        PortDevice::AfXdp { socket: None, map: None, .. } => {
            NETDEV | CapabilitySet::IPC_LOCK | CapabilitySet::BPF
        }
        PortDevice::AfXdp { .. } => CapabilitySet::NET_RAW | CapabilitySet::IPC_LOCK,
        _ => CapabilitySet::empty(),
    }
}

/// Why `program` could not lock the memory that its arguments take, which VFIO and vhost-vdpa pin.
pub fn memlock(made: &EalArgs, words: &[String], program: &Path) -> Option<String> {
    let pins = |device: &PortDevice| {
        matches!(device, PortDevice::Pci { .. } | PortDevice::VhostVdpa { .. })
    };
    let limit = getrlimit(Resource::Memlock).current?;
    let planned = Planned::of(words).bytes?;
    let short = planned > limit && made.ports.iter().any(|port| pins(&port.device));
    (short && !may_lock_any(program)).then(|| {
        format!(
            "memlock limit {}: the devices need {} pinned: give the container the capability \
             IPC_LOCK, or raise the limit as far as it goes with --raise-limits",
            show_size(limit),
            show_size(planned)
        )
    })
}

/// Whether the program will have CAP_IPC_LOCK, so that the limit does not count. One with
/// capabilities of its own file is taken to have the right ones.
fn may_lock_any(program: &Path) -> bool {
    holds(CapabilitySet::IPC_LOCK)
        || rustix::fs::getxattr(program, "security.capability", &mut [0_u8; 64][..]).is_ok()
}
