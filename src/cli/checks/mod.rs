//! Whether to start: what would go wrong, and whether that may be.

mod cpus;
pub mod devices;
mod hugepages;
mod leftovers;
mod netdev;
mod pci;
mod primary;
pub mod privileges;
pub mod user_devices;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use podnet::eal::{EalArgs, Port, PortDevice};
use podnet::snapshot::State;
use podnet::{Snapshot, WarningCode};

use super::args::ExecArgs;
use super::socket::{self, Alias};
use super::words::{self, Memory};
use super::{Failure, warn};
use privileges::Rights;

const POLL: Duration = Duration::from_millis(100);

pub struct Checks<'a> {
    pub args: &'a ExecArgs,
    pub aliases: &'a [Alias],
    pub program: &'a Path,
    /// DPDK's runtime directory.
    pub runtime: &'a Path,
}

impl Checks<'_> {
    /// Until the other side has made every socket that we connect to, but no longer than asked.
    pub fn wait_for_sockets(&self, made: &EalArgs, words: &[String]) {
        let Some(limit) = self.args.start.wait_sockets else { return };
        let devices = user_devices::all_devices(made, words).into_iter();
        let devices: Vec<_> = devices.map(|device| self.by_known_path(device)).collect();
        let start = Instant::now();
        while !devices.iter().all(is_ready) && start.elapsed() < limit {
            thread::sleep(POLL.min(limit.saturating_sub(start.elapsed())));
        }
    }

    /// `device` by the path that people know.
    fn by_known_path(&self, mut device: PortDevice) -> PortDevice {
        if let PortDevice::VhostUser { path, .. } | PortDevice::Memif { path, .. } = &mut device {
            if let Some(alias) = self.aliases.iter().find(|alias| alias.short == Path::new(path)) {
                *path = alias.long.to_string_lossy().into_owned();
            }
        }
        device
    }

    /// The devices that would not come up, where the others are enough; else why not to start.
    pub fn run(
        &self,
        snapshot: &Snapshot,
        made: &EalArgs,
        words: &[String],
    ) -> Result<Vec<PortDevice>, Failure> {
        let cpus = cpus::check(made, words).into_iter();
        let rights = Rights::after_start(self.program, self.args.start.raise_limits);
        rights.lacking(made, words).iter().for_each(warn);
        if words::value(words, &["--proc-type"]) == Some("secondary") {
            // Its memory, devices and sockets are the primary's.
            let fatal = cpus.chain(primary::check(words, self.runtime)).collect();
            return self.decide(fatal, Lost::default(), None);
        }
        let lost = self.lost(made, words);
        let verdict = self.not_enough(snapshot, made, &lost);
        self.decide(cpus.chain(self.hugepages_short(words)).collect(), lost, verdict)
    }

    fn decide(
        &self,
        fatal: Vec<String>,
        lost: Lost,
        verdict: Option<String>,
    ) -> Result<Vec<PortDevice>, Failure> {
        let ports = lost.planned.iter().map(|(_, why)| why.clone());
        if self.args.start.force {
            fatal.into_iter().chain(ports).chain(lost.users).for_each(warn);
            return Ok(Vec::new());
        }
        if !fatal.is_empty() || verdict.is_some() {
            let last = "not started: --force starts anyway".to_owned();
            let reasons = verdict.into_iter().chain([last]);
            let lines = fatal.into_iter().chain(ports).chain(lost.users).chain(reasons).collect();
            return Err(Failure { code: 1, lines });
        }
        ports.for_each(|why| warn(format!("left out: {why}")));
        lost.users.iter().for_each(warn);
        Ok(lost.planned.into_iter().map(|(device, _)| device).collect())
    }

    /// EAL ends without a hint when it gets less memory than it was told to take.
    fn hugepages_short(&self, words: &[String]) -> Option<String> {
        if self.args.plan.no_huge || words::has(words, "--no-huge") {
            return None;
        }
        let hugepages = podnet::get_hugepages().map_err(|error| warn(error.to_string())).ok()?;
        let nodes = podnet::get_cpu_info().ok().and_then(|cpus| cpus.memory_nodes);
        let mut stale = leftovers::find(&hugepages);
        if words::has(words, "--in-memory") {
            // Without files of its own DPDK does not look for those of others.
            stale.drain(..).for_each(|one| warn(one.describe()));
        }
        hugepages::short_of(&Memory::of(words), &hugepages, nodes.as_ref(), &stale)
    }

    /// The ports that DPDK would start without.
    fn lost(&self, made: &EalArgs, words: &[String]) -> Lost {
        let root = Path::new("/");
        let planned = made.ports.iter().filter_map(|port| {
            let why = devices::check(&self.by_known_path(port.device.clone()), root)?;
            Some((port.device.clone(), describe(port, &why)))
        });
        let users = user_devices::user_devices(words, &made.ports);
        let lost = users.iter().filter_map(|one| {
            Some(format!("{} {}", one.label, devices::check(one.device.as_ref()?, root)?))
        });
        let lost: Vec<String> = lost.collect();
        Lost { planned: planned.collect(), remains: users.len() > lost.len(), users: lost }
    }

    /// Why not to start without the `lost` ports.
    fn not_enough(&self, snapshot: &Snapshot, made: &EalArgs, lost: &Lost) -> Option<String> {
        let skipped = made.warnings.iter().any(|one| one.code == WarningCode::DeviceSkipped);
        if !self.args.plan.network.is_empty() && (!lost.planned.is_empty() || skipped) {
            return Some("--network asks for a port that would not come up".to_owned());
        }
        let some = lost.planned.len() < made.ports.len() || lost.remains;
        let told = skipped || !lost.planned.is_empty() || !lost.users.is_empty();
        let why = if told { String::new() } else { format!(": {}", without_devices(snapshot)) };
        (!some).then(|| format!("DPDK would run with no port at all{why}"))
    }
}

/// Whether the other side of `device`, where that has one, has made its socket.
fn is_ready(device: &PortDevice) -> bool {
    let peer = devices::socket_of(device).filter(|socket| !socket.ours);
    peer.is_none_or(|socket| socket::state(socket.path) == socket::State::Live)
}

/// Why there is no device in a pod, and what to do.
fn without_devices(snapshot: &Snapshot) -> String {
    match snapshot.state {
        State::NoAnnotations => {
            "no annotations are mounted, and no variable lists a device: mount \
                                 the Downward API at /etc/podnetinfo, and request the resource of \
                                 the devices in this container's resources.limits"
                .to_owned()
        }
        State::Pending => format!(
            "not attached yet: {}: wait for them with --wait-networks 60s",
            snapshot.pending_networks.join(", ")
        ),
        _ => "no interface has a device of its own: ask for its network in \
              k8s.v1.cni.cncf.io/networks, wait for it with --wait-networks 60s, or take kernel \
              netdevs with --netdevs"
            .to_owned(),
    }
}

/// Ports that would not come up, with the reasons.
#[derive(Default)]
struct Lost {
    planned: Vec<(PortDevice, String)>,
    /// Why, of those of the user's own arguments.
    users: Vec<String>,
    /// Whether others of those remain.
    remains: bool,
}

fn describe(port: &Port, why: &str) -> String {
    let of = match (&port.interface, &port.network) {
        (Some(name), Some(network)) => format!(" {name} ({network})"),
        (Some(name), None) | (None, Some(name)) => format!(" {name}"),
        (None, None) => String::new(),
    };
    format!("port {}{of}: {why}", port.id)
}
