//! Whether to start: what would go wrong, and whether that may be.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use podnet::WarningCode;
use podnet::eal::{EalArgs, Port, PortDevice};
use podnet::parse::cpulist::CpuSet;

use super::args::ExecArgs;
use super::privileges::Rights;
use super::socket::{self, Alias};
use super::words::{self, Memory};
use super::{Failure, leftovers, memory, preflight, warn};

const POLL: Duration = Duration::from_millis(100);

pub struct Checks<'a> {
    pub args: &'a ExecArgs,
    /// The user's arguments of the program.
    pub words: &'a [String],
    pub aliases: &'a [Alias],
    pub program: &'a Path,
}

impl Checks<'_> {
    /// Until the other side has made every socket that we connect to, but no longer than asked.
    pub fn wait_for_sockets(&self, ports: &[Port]) {
        let Some(limit) = self.args.start.wait_sockets else { return };
        let start = Instant::now();
        while !ports.iter().all(|port| self.is_ready(port)) && start.elapsed() < limit {
            thread::sleep(POLL.min(limit.saturating_sub(start.elapsed())));
        }
    }

    fn is_ready(&self, port: &Port) -> bool {
        let device = self.device(port);
        let peer = preflight::socket_of(&device).filter(|socket| !socket.ours);
        peer.is_none_or(|socket| socket::state(socket.path) == socket::State::Live)
    }

    /// What `port` is made of, by the path that people know.
    fn device(&self, port: &Port) -> PortDevice {
        let mut device = port.device.clone();
        if let PortDevice::VhostUser { path, .. } | PortDevice::Memif { path, .. } = &mut device {
            if let Some(alias) = self.aliases.iter().find(|alias| alias.short == Path::new(path)) {
                *path = alias.long.to_string_lossy().into_owned();
            }
        }
        device
    }

    /// The devices that would not come up, where the others are enough; else why not to start.
    pub fn run(&self, made: &EalArgs, words: &[String]) -> Result<Vec<PortDevice>, Failure> {
        let chosen = gives(self.words, &CPUS);
        let cpus = if chosen { None } else { cpus_outside(made) };
        let hugepages = if self.args.plan.secondary { None } else { hugepages_short(words) };
        let fatal: Vec<String> = cpus.into_iter().chain(hugepages).collect();
        let lost = self.lost(&made.ports);
        let rights = Rights::after_start(self.program, self.args.start.raise_limits);
        rights.lacking(made, words).iter().for_each(warn);
        let verdict = self.not_enough(made, lost.len());
        let ports = lost.iter().map(|(_, why)| why.clone());
        if self.args.start.force {
            fatal.into_iter().chain(ports).for_each(warn);
            return Ok(Vec::new());
        }
        if !fatal.is_empty() || verdict.is_some() {
            let last = "not started: --force starts anyway";
            let reasons = verdict.into_iter().chain([last]).map(str::to_owned);
            let lines = fatal.into_iter().chain(ports).chain(reasons).collect();
            return Err(Failure { code: 1, lines });
        }
        ports.for_each(|why| warn(format!("left out: {why}")));
        Ok(lost.into_iter().map(|(device, _)| device).collect())
    }

    /// The ports that DPDK would start without, each with the reason.
    fn lost(&self, ports: &[Port]) -> Vec<(PortDevice, String)> {
        // The devices and sockets of a secondary process are open in the primary.
        let ports = if self.args.plan.secondary { &[] } else { ports };
        let lost = ports.iter().filter_map(|port| {
            let why = preflight::check(&self.device(port), Path::new("/"))?;
            Some((port.device.clone(), describe(port, &why)))
        });
        lost.collect()
    }

    /// Why not to start without the `lost` ports.
    fn not_enough(&self, made: &EalArgs, lost: usize) -> Option<&'static str> {
        let skipped = made.warnings.iter().any(|one| one.code == WarningCode::DeviceSkipped);
        if !self.args.plan.network.is_empty() && (lost > 0 || skipped) {
            return Some("--network asks for a port that would not come up");
        }
        let none = lost == made.ports.len();
        let expected = self.args.plan.secondary || gives(self.words, &DEVICES);
        (none && !expected).then_some("DPDK would run with no port at all")
    }
}

/// EAL ends without a hint when it can't run on a CPU.
fn cpus_outside(made: &EalArgs) -> Option<String> {
    let allowed = podnet::get_cpu_info().map_err(|error| warn(error.to_string())).ok()?.allowed;
    let planned: CpuSet = made.lcores.iter().map(|lcore| lcore.cpu).collect();
    let outside = planned.difference(&allowed);
    (!outside.is_empty()).then(|| {
        format!(
            "CPU {outside}: this process may run on {allowed} only: give this container \
             resources.limits.cpu for its lcores, or start in the one that the data is of"
        )
    })
}

/// Options of EAL that add a device, and those that choose CPUs.
const DEVICES: [&str; 3] = ["-a", "--allow", "--vdev"];
const CPUS: [&str; 3] = ["-l", "-c", "--lcores"];
/// Whether the user's own arguments of EAL have one of `options`: `-a X`, `-aX`, `--allow=X`.
fn gives(words: &[String], options: &[&str]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| {
        options.iter().any(|option| match word.strip_prefix(option) {
            Some(rest) => rest.is_empty() || rest.starts_with('=') || !option.starts_with("--"),
            None => false,
        })
    })
}

/// EAL ends without a hint when it gets less memory than it was told to take.
fn hugepages_short(words: &[String]) -> Option<String> {
    if words::has(words, "--no-huge") {
        return None;
    }
    let hugepages = podnet::get_hugepages().map_err(|error| warn(error.to_string())).ok()?;
    let nodes = podnet::get_cpu_info().ok().and_then(|cpus| cpus.memory_nodes);
    let mut stale = leftovers::find(&hugepages);
    if words::has(words, "--in-memory") {
        // Without files of its own DPDK does not look for those of others.
        stale.drain(..).for_each(|one| warn(one.describe()));
    }
    memory::short_of(&Memory::of(words), &hugepages, nodes.as_ref(), &stale)
}

fn describe(port: &Port, why: &str) -> String {
    let of = match (&port.interface, &port.network) {
        (Some(name), Some(network)) => format!(" {name} ({network})"),
        (Some(name), None) | (None, Some(name)) => format!(" {name}"),
        (None, None) => String::new(),
    };
    format!("port {}{of}: {why}", port.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn sees_options_of_the_users_own() {
        assert!(gives(&words("--vdev net_tap0"), &DEVICES));
        assert!(gives(&words("--vdev=net_tap0 -- -p 1"), &DEVICES));
        assert!(gives(&words("-a0000:01:00.0"), &DEVICES));
        assert!(gives(&words("--lcores 0@1"), &CPUS));
        assert!(!gives(&words("--log-level 8 --vdevs --allowed -- --vdev -a"), &DEVICES));
    }
}
