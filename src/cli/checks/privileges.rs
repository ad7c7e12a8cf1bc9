//! What devices need beyond their nodes: capabilities, and memory that may be locked. An `execve`
//! of anybody but root drops every capability that is not ambient.

use std::path::Path;

use podnet::eal::{EalArgs, KernelDriver, PortDevice};
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, capabilities, capability_is_in_ambient_set, configure_capability_in_ambient_set,
    set_capabilities,
};

use super::pci;
use super::user_devices::user_devices;
use crate::cli::text::reason;
use crate::cli::units::show_size;
use crate::cli::words::{self, Memory};

/// What ports may need, by the names that a pod's specification uses. IPC_LOCK is not among them:
/// it only lifts the limit of locked memory.
const NAMES: [(CapabilitySet, &str); 5] = [
    (CapabilitySet::NET_ADMIN, "NET_ADMIN"),
    (CapabilitySet::NET_RAW, "NET_RAW"),
    (CapabilitySet::BPF, "BPF"),
    (CapabilitySet::SYS_RAWIO, "SYS_RAWIO"),
    (CapabilitySet::SYS_ADMIN, "SYS_ADMIN"),
];

/// What `--raise-limits` does: lifts the limit of locked memory and makes the capabilities that
/// podnet's file gave it ambient, for they would end with the `execve`. Those of root stay by
/// themselves. What can't be raised is no error: [`Rights::lacking`] has told what is too little.
pub fn raise() -> Result<(), String> {
    let limit = Limit::raised();
    let _ = setrlimit(Resource::Memlock, Rlimit { current: limit.0, maximum: limit.0 });
    hand_on().map_err(|error| {
        format!(
            "capabilities: podnet's own can't be handed on: {}: give the program's file its own \
             (setcap), or run as root",
            reason(&error.into())
        )
    })
}

fn hand_on() -> rustix::io::Result<()> {
    let mut sets = capabilities(None)?;
    if geteuid().is_root() || sets.permitted.is_empty() {
        return Ok(());
    }
    sets.inheritable |= sets.permitted;
    set_capabilities(None, sets)?;
    sets.permitted.iter().try_for_each(|one| configure_capability_in_ambient_set(one, true))
}

/// Bytes of memory that may be locked; `None` without a limit.
#[derive(Debug, Clone, Copy)]
struct Limit(Option<u64>);

impl Limit {
    fn now() -> Limit {
        Limit(getrlimit(Resource::Memlock).current)
    }

    /// Without CAP_SYS_RESOURCE everybody may go up to the hard limit.
    fn raised() -> Limit {
        let has_no_bounds = capabilities(None)
            .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_RESOURCE));
        Limit(getrlimit(Resource::Memlock).maximum.filter(|_| !has_no_bounds))
    }

    fn is_less_than(self, bytes: u64) -> bool {
        self.0.is_some_and(|limit| limit < bytes)
    }
}

/// What the program will have.
pub struct Rights {
    /// All that podnet may hand on.
    held: CapabilitySet,
    kept: CapabilitySet,
    limit: Limit,
    raised: bool,
}

impl Rights {
    /// Of `program`, with or without [`raise`]. One with capabilities of its own file is taken to
    /// have the right ones.
    pub fn after_start(program: &Path, raised: bool) -> Rights {
        let held = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.permitted);
        let has_own =
            rustix::fs::getxattr(program, "security.capability", &mut [0_u8; 64][..]).is_ok();
        let kept = match (has_own, raised || geteuid().is_root()) {
            (true, _) => CapabilitySet::all(),
            (false, true) => held,
            (false, false) => held
                .iter()
                .filter(|one| capability_is_in_ambient_set(*one).unwrap_or(false))
                .collect(),
        };
        let limit = if raised { Limit::raised() } else { Limit::now() };
        Rights { held, kept, limit, raised }
    }

    /// What the devices of a command line need and the program will not have, a sentence each.
    pub fn lacking(&self, made: &EalArgs, words: &[String]) -> Vec<String> {
        let needed = needed(made, words, Path::new("/"));
        let lacks = |one: CapabilitySet| needed.contains(one) && !self.has(one);
        let missing = NAMES.iter().filter(|(one, _)| lacks(*one));
        let missing = missing.map(|(one, name)| {
            format!("capability {name}: the devices need it: {}", self.fix(*one, name))
        });
        missing.chain(self.memory(needed, words)).collect()
    }

    fn has(&self, capability: CapabilitySet) -> bool {
        let enough = match capability {
            CapabilitySet::BPF => CapabilitySet::BPF | CapabilitySet::SYS_ADMIN,
            other => other,
        };
        self.kept.intersects(enough)
    }

    fn fix(&self, capability: CapabilitySet, name: &str) -> String {
        let file = format!("cap_{}+p", name.to_lowercase());
        if self.held.contains(capability) {
            return format!(
                "podnet holds it and hands it on with --raise-limits (PODNET_RAISE_LIMITS=true); \
                 or `setcap {file}e` on the program in its image"
            );
        }
        let add = format!("name {name} in securityContext.capabilities.add of this container");
        if geteuid().is_root() {
            return add;
        }
        format!(
            "{add}; for a user other than root, `setcap {file}` on podnet in its image, no \
             allowPrivilegeEscalation: false, and --raise-limits, too"
        )
    }

    /// Why the program could not lock the memory that its arguments take, which devices pin.
    fn memory(&self, needed: CapabilitySet, words: &[String]) -> Option<String> {
        const LOCK: CapabilitySet = CapabilitySet::IPC_LOCK;
        let planned = Memory::of(words).bytes.filter(|bytes| self.limit.is_less_than(*bytes))?;
        let limit = show_size(self.limit.0?);
        if !needed.contains(LOCK) || self.has(LOCK) {
            return None;
        }
        let raises = !self.raised && !Limit::raised().is_less_than(planned);
        let fix = match raises {
            true => "raise it with --raise-limits (PODNET_RAISE_LIMITS=true)".to_owned(),
            false => self.fix(LOCK, "IPC_LOCK"),
        };
        let planned = show_size(planned);
        Some(format!("memlock limit {limit}: the devices need {planned} pinned: {fix}"))
    }
}

/// What the ports of `made` and those of the user's own need of the system below `root`.
fn needed(made: &EalArgs, words: &[String], root: &Path) -> CapabilitySet {
    let physical = match words::value(words, &["--iova-mode"]) {
        Some("pa") => PHYSICAL,
        _ => CapabilitySet::empty(),
    };
    let users =
        user_devices(words, &made.ports).into_iter().filter_map(|one| match one.is_packet_socket {
            true => Some(CapabilitySet::NET_RAW),
            false => Some(needed_by(&one.device?, root)),
        });
    let ports = made.ports.iter().map(|port| needed_by(&port.device, root));
    ports.chain(users).fold(physical, CapabilitySet::union)
}

/// The kernel shows physical addresses to SYS_ADMIN alone, and gives devices without an IOMMU to
/// SYS_RAWIO.
const PHYSICAL: CapabilitySet = CapabilitySet::SYS_ADMIN.union(CapabilitySet::SYS_RAWIO);
const NETDEV: CapabilitySet = CapabilitySet::NET_RAW.union(CapabilitySet::NET_ADMIN);

fn needed_by(device: &PortDevice, root: &Path) -> CapabilitySet {
    match device {
        PortDevice::Pci { address } => match pci::driver(root, *address) {
            Some(KernelDriver::Bifurcated) => NETDEV | CapabilitySet::IPC_LOCK,
            _ if pci::has_no_iommu(root, *address) => PHYSICAL | CapabilitySet::IPC_LOCK,
            _ => CapabilitySet::IPC_LOCK,
        },
        PortDevice::Auxiliary { .. } => NETDEV | CapabilitySet::IPC_LOCK,
        PortDevice::VhostVdpa { .. } => CapabilitySet::IPC_LOCK,
        // Without a device plugin DPDK loads its program by itself.
        PortDevice::AfXdp { socket: None, map: None, .. } => {
            NETDEV | CapabilitySet::IPC_LOCK | CapabilitySet::BPF
        }
        PortDevice::AfXdp { .. } => CapabilitySet::NET_RAW | CapabilitySet::IPC_LOCK,
        PortDevice::Tap { .. } => CapabilitySet::NET_ADMIN,
        _ => CapabilitySet::empty(),
    }
}
