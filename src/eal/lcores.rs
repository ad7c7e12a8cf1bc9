//! Which CPUs become lcores.
//!
//! Lcore numbers are always 0, 1, 2 and so on, mapped to CPUs by `--lcores`:
//! that is right for every release, and for CPUs past RTE_MAX_LCORE.

use std::cmp::Reverse;
use std::ops::Range;

use super::devices::Selected;
use super::names::named;
use super::{App, Lcore, Options, Plan};
use crate::error::{Error, Result};
use crate::parse::cpulist::CpuSet;
use crate::snapshot::{CpuInfo, Snapshot};
use crate::warning::WarningCode;

/// RTE_MAX_LCORE of distribution builds on x86-64; other builds have more.
const MAX_LCORES: usize = 128;

/// Whether both SMT siblings of a core may become lcores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Smt {
    /// Every allowed CPU may.
    #[default]
    Use,
    /// One CPU of each core may.
    Avoid,
}

named!(Smt, "smt", "use or avoid", "use" => Use, "avoid" => Avoid);

/// The lcores, and what runs on them.
#[derive(Debug)]
pub(super) struct Layout {
    pub lcores: Vec<Lcore>,
    /// The numbers of those that forward packets.
    pub forwarding: Range<u32>,
    /// Queues of each port.
    pub queues: u32,
}

pub(super) fn lay_out(
    snapshot: &Snapshot,
    options: &Options,
    devices: &[Selected<'_>],
    plan: &mut Plan,
) -> Result<Layout> {
    let info = snapshot.cpus.as_ref().ok_or_else(no_cpus)?;
    let main = main_cpu(info, options, devices)?;
    let workers = candidates(info, options, devices, main);
    let cpus = choose(options, devices.len(), main, workers, plan);
    let lcores: Vec<Lcore> =
        (0..).zip(cpus).map(|(id, cpu)| Lcore { id, cpu }).take(MAX_LCORES).collect();
    let count = lcores.len() as u32;
    let queues = options.queues.unwrap_or(1);
    let layout = Layout {
        lcores,
        forwarding: if main_forwards(options.app) { 0..count } else { 1.min(count - 1)..count },
        queues: match options.app {
            App::L3fwd => queues.max(count),
            App::L2fwd => 1,
            _ => queues,
        },
    };
    check_quota(info, &layout, plan);
    explain(info, options, &layout, plan);
    Ok(layout)
}

fn no_cpus() -> Error {
    Error::Missing {
        path: "cpus".to_owned(),
        what: "the allowed CPUs".to_owned(),
        hint: "`podnet show cpus` says what could not be read".to_owned(),
    }
}

/// l3fwd and l2fwd poll on their main lcore too; testpmd does not, and any other program is taken
/// to be like it.
fn main_forwards(app: App) -> bool {
    matches!(app, App::L3fwd | App::L2fwd)
}

fn main_cpu(info: &CpuInfo, options: &Options, devices: &[Selected<'_>]) -> Result<u32> {
    if let Some(cpu) = options.main_cpu {
        let why = || format!("not one of the allowed CPUs {}", info.allowed);
        let allowed = info.allowed.contains(cpu);
        return allowed
            .then_some(cpu)
            .ok_or_else(|| Error::refused(format!("main CPU {cpu}"), why()));
    }
    let first_of = |set: &Option<CpuSet>| set.as_ref()?.intersection(&info.allowed).first();
    let first = if main_forwards(options.app) {
        ranked(info, devices).first().copied()
    } else {
        first_of(&info.housekeeping).or_else(|| first_of(&info.shared)).or(info.allowed.first())
    };
    first.ok_or_else(no_cpus)
}

/// The allowed CPUs, the best for a worker first: not shared, isolated, on a device's NUMA node,
/// and on a core of their own.
fn ranked(info: &CpuInfo, devices: &[Selected<'_>]) -> Vec<u32> {
    let is_in = |set: &Option<CpuSet>, cpu| set.as_ref().is_some_and(|set| set.contains(cpu));
    let near = |cpu| {
        devices
            .iter()
            .any(|device| device.numa_node.is_some() && device.numa_node == node_of(info, cpu))
    };
    let mut cpus: Vec<u32> = info.allowed.iter().collect();
    cpus.sort_by_cached_key(|&cpu| {
        let interrupted = is_in(&info.shared, cpu) || is_in(&info.housekeeping, cpu);
        (
            interrupted,
            Reverse(is_in(&info.isolated, cpu)),
            Reverse(near(cpu)),
            sibling(info, cpu),
            cpu,
        )
    });
    cpus
}

/// The NUMA node of a CPU, where the system shows nodes.
pub(super) fn node_of(info: &CpuInfo, cpu: u32) -> Option<u32> {
    info.nodes.iter().find(|node| node.cpus.contains(cpu)).map(|node| node.node)
}

fn core_of(info: &CpuInfo, cpu: u32) -> Option<&CpuSet> {
    info.cores.iter().find(|core| core.contains(cpu))
}

/// The place of a CPU among the siblings of its core.
fn sibling(info: &CpuInfo, cpu: u32) -> usize {
    core_of(info, cpu).map_or(0, |core| core.iter().take_while(|other| *other < cpu).count())
}

/// The CPUs that may be lcores beside the main one, best first.
fn candidates(info: &CpuInfo, options: &Options, devices: &[Selected<'_>], main: u32) -> Vec<u32> {
    let mut taken = vec![main];
    for cpu in ranked(info, devices) {
        let core = core_of(info, cpu).filter(|_| options.smt == Smt::Avoid);
        let busy = |other: &u32| core.is_some_and(|core| core.contains(*other));
        if cpu != main && !taken.iter().any(busy) {
            taken.push(cpu);
        }
    }
    taken.split_off(1)
}

/// The CPU of each lcore, the main one's first.
fn choose(
    options: &Options,
    ports: usize,
    main: u32,
    others: Vec<u32>,
    plan: &mut Plan,
) -> Vec<u32> {
    let available = others.len() + 1;
    let forwards = main_forwards(options.app);
    let queues = options.queues.unwrap_or(1);
    let workers = match options.app {
        App::L3fwd | App::Testpmd => options.workers.unwrap_or(queues),
        App::L2fwd => options.workers.unwrap_or(1).min(ports.max(1) as u32),
        App::None => options.workers.unwrap_or(others.len() as u32),
    };
    let wanted = workers as usize + usize::from(!forwards);
    let reachable = available.min(MAX_LCORES);
    let shares_main = !forwards && others.is_empty() && workers > 0;
    if wanted > reachable && !(shares_main && workers == 1 && options.app == App::Testpmd) {
        warn_few(wanted, reachable, plan);
    }
    let others: CpuSet = others.into_iter().take(wanted.min(reachable) - 1).collect();
    let shared = shares_main.then_some(main);
    [main].into_iter().chain(others.iter()).chain(shared).collect()
}

fn warn_few(wanted: usize, reachable: usize, plan: &mut Plan) {
    let text = if reachable == MAX_LCORES {
        format!(
            "{wanted} lcores wanted, {MAX_LCORES} made: distribution builds of DPDK take no more"
        )
    } else {
        format!(
            "{wanted} lcores wanted, but there are CPUs for {reachable}: raise the container's \
             CPU limit or ask for fewer"
        )
    };
    plan.warn(WarningCode::CpusFew, "cpus", text);
}

fn check_quota(info: &CpuInfo, layout: &Layout, plan: &mut Plan) {
    let busy: CpuSet = layout.lcores.iter().map(|lcore| lcore.cpu).collect();
    let Some(quota) = info.quota.filter(|quota| *quota < busy.len() as f64) else { return };
    // In thousandths, as in a pod's specification.
    let text = format!(
        "{} CPUs poll but the quota is {}m: the kernel will stop them; give the container \
         whole CPUs with requests equal to limits",
        busy.len(),
        (quota * 1000.0) as u64
    );
    plan.warn(WarningCode::CpusFew, "cpus.quota", text);
}

fn explain(info: &CpuInfo, options: &Options, layout: &Layout, plan: &mut Plan) {
    let pairs: Vec<String> =
        layout.lcores.iter().map(|lcore| format!("{}@{}", lcore.id, lcore.cpu)).collect();
    let role = if main_forwards(options.app) { "which forwards too" } else { "beside the workers" };
    let why = format!("the main lcore first, {role}; of the allowed CPUs {}", info.allowed);
    plan.eal(&["--lcores", &pairs.join(",")], why);
}
