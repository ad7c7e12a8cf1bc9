//! Whether to start: what would go wrong, and whether that may be.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use podnet::WarningCode;
use podnet::eal::{EalArgs, Port, PortDevice};
use podnet::parse::cpulist::CpuSet;
use podnet::snapshot::{Hugepages, PageSize};

use super::args::ExecArgs;
use super::socket::{self, Alias};
use super::units::show_size;
use super::{Failure, preflight, system, warn};

const POLL: Duration = Duration::from_millis(100);

pub struct Checks<'a> {
    pub args: &'a ExecArgs,
    /// The user's arguments of the program.
    pub words: &'a [String],
    pub aliases: &'a [Alias],
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
    pub fn run(&self, made: &EalArgs) -> Result<Vec<PortDevice>, Failure> {
        let chosen = gives(self.words, &CPUS);
        let cpus = if chosen { None } else { cpus_outside(made) };
        let own_memory = gives(self.words, &MEMORY) || self.args.plan.secondary;
        let hugepages = if own_memory { None } else { hugepages_short(made) };
        let fatal: Vec<String> = cpus.into_iter().chain(hugepages).collect();
        let lost = self.lost(&made.ports);
        memlock(made).iter().for_each(warn);
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
/// Options of EAL that choose its memory.
const MEMORY: [&str; 5] = ["-m", "--socket-mem", "--numa-mem", "--no-huge", "--huge-dir"];

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
fn hugepages_short(made: &EalArgs) -> Option<String> {
    let uses = !made.eal.iter().any(|word| word == "--no-huge");
    let hugepages = podnet::get_hugepages().map_err(|error| warn(error.to_string())).ok()?;
    uses.then(|| short_of(planned_memory(&made.eal), &hugepages)).flatten()
}

/// Why `planned` bytes, or any at all, can't be had.
fn short_of(planned: Option<u64>, hugepages: &Hugepages) -> Option<String> {
    let fix = "set resources.limits hugepages-2Mi or -1Gi of this container, on a node that has \
               them, or pass --no-huge";
    let pools = hugepages.pages.iter().flat_map(|page| {
        page.nodes.iter().map(move |node| node.free_pages.saturating_mul(page.size))
    });
    // Where the system shows no pools, nothing can be said of them.
    let free = pools.reduce(u64::saturating_add);
    let left = |page: &PageSize| Some(page.limit?.saturating_sub(page.used.unwrap_or(0)));
    let allowed = hugepages.pages.iter().map(left).sum::<Option<u64>>();
    let allowed = allowed.filter(|_| !hugepages.pages.is_empty());
    let planned = planned.unwrap_or(1);
    match (free, allowed) {
        (Some(0), _) => Some(format!("hugepages: none is free on this system: {fix}")),
        (Some(free), _) if free < planned => Some(format!(
            "hugepages: {} planned, {} free on this system: {fix}",
            show_size(planned),
            show_size(free)
        )),
        (_, Some(allowed)) if allowed < planned => Some(format!(
            "hugepages: {} planned, and the cgroup's limit leaves {}: {fix}",
            show_size(planned),
            show_size(allowed)
        )),
        _ => None,
    }
}

fn describe(port: &Port, why: &str) -> String {
    let of = match (&port.interface, &port.network) {
        (Some(name), Some(network)) => format!(" {name} ({network})"),
        (Some(name), None) | (None, Some(name)) => format!(" {name}"),
        (None, None) => String::new(),
    };
    format!("port {}{of}: {why}", port.id)
}

/// VFIO and vhost-vdpa pin all of DPDK's memory.
fn memlock(made: &EalArgs) -> Option<String> {
    let pins =
        |port: &Port| matches!(port.device, PortDevice::Pci { .. } | PortDevice::VhostVdpa { .. });
    let limit = system::memlock_limit()?;
    let planned = planned_memory(&made.eal)?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let short = planned > limit && made.ports.iter().any(pins) && !may_lock_any(&status);
    short.then(|| {
        format!(
            "memlock limit {}: the devices need {} pinned: give the container the capability \
             IPC_LOCK",
            show_size(limit),
            show_size(planned)
        )
    })
}

/// The bytes of `-m` or `--socket-mem`.
fn planned_memory(eal: &[String]) -> Option<u64> {
    let pair = eal.windows(2).find(|pair| pair[0] == "-m" || pair[0] == "--socket-mem")?;
    let mebibytes = pair[1].split(',').map(|number| number.parse::<u64>().ok());
    mebibytes.sum::<Option<u64>>()?.checked_mul(1 << 20)
}

/// Whether CAP_IPC_LOCK is effective: then the limit does not count.
fn may_lock_any(status: &str) -> bool {
    const CAP_IPC_LOCK: u32 = 14;
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> CAP_IPC_LOCK & 1 == 1)
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

    #[test]
    fn reads_the_capability() {
        assert!(may_lock_any("CapInh:\t0\nCapEff:\t0000000000004000\n"));
        assert!(!may_lock_any("CapBnd:\t0000000000004000\nCapEff:\t00000000a80425fb\n"));
        assert!(!may_lock_any(""));
    }

    #[test]
    fn adds_up_the_memory() {
        assert_eq!(planned_memory(&words("--lcores 0@1 -m 64")), Some(64 << 20));
        assert_eq!(planned_memory(&words("--socket-mem 0,128,64")), Some(192 << 20));
        assert_eq!(planned_memory(&words("--no-pci")), None);
    }

    #[test]
    fn tells_what_hugepages_are_short_of() {
        let hugepages = |file: &str, free: &str| {
            let root = tempfile::tempdir().unwrap();
            let write = |path: &str, text: &str| {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            };
            write("proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
            write("sys/fs/cgroup/hugetlb.2MB.max", file);
            let pool = "sys/devices/system/node/node0/hugepages/hugepages-2048kB";
            write(&format!("{pool}/nr_hugepages"), "256");
            write(&format!("{pool}/free_hugepages"), free);
            podnet::Pod::builder().root(root.path()).build().hugepages().unwrap()
        };
        let short = |planned, file, free| short_of(planned, &hugepages(file, free));
        assert!(short(None, "max", "0").unwrap().contains("none is free"));
        assert!(short(Some(64 << 20), "max", "16").unwrap().contains("64Mi planned, 32Mi free"));
        assert!(short(Some(64 << 20), "33554432", "99").unwrap().contains("limit leaves 32Mi"));
        assert_eq!(short(Some(64 << 20), "67108864", "32"), None);
        assert_eq!(short(None, "max", "1"), None);
        assert_eq!(short_of(Some(1), &Hugepages::default()), None);
    }
}
