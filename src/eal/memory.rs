//! Memory: how much, from which pages and nodes, and in which addressing mode.
//!
//! DPDK sizes itself by the node's free hugepages and never looks at the
//! container's limit, so the limit has to be told to it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::devices::{Backend, Iova, Selected};
use super::lcores::{self, Layout};
use super::release::Form;
use super::{App, Options, Plan};
use crate::error::{Error, Result};
use crate::ordered::filled;
use crate::snapshot::{Hugepages, PageSize, Snapshot};
use crate::warning::WarningCode;

/// What addresses devices are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IovaMode {
    /// Virtual addresses, which need an IOMMU or no device at all.
    Va,
    /// Physical addresses, which need privileges.
    Pa,
}

impl FromStr for IovaMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<IovaMode> {
        match text {
            "va" => Ok(IovaMode::Va),
            "pa" => Ok(IovaMode::Pa),
            _ => Err(Error::invalid(format!("IOVA mode {text:?}"), "expected va or pa")),
        }
    }
}

impl fmt::Display for IovaMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IovaMode::Va => "va",
            IovaMode::Pa => "pa",
        })
    }
}

const MIB: u64 = 1 << 20;

/// The unit of EAL's options, which read 0 as nothing said.
pub(super) const LEAST: u64 = MIB;

/// What `--no-huge` takes when nothing is asked for.
const NO_HUGE_BYTES: u64 = 512 * MIB;

/// The least that l3fwd's longest-prefix-match tables and buffers need.
const L3FWD_BYTES: u64 = 256 * MIB;

/// The share of a NUMA node that has devices but no lcores.
const DEVICE_NODE_BYTES: u64 = 64 * MIB;

/// No kernel has more NUMA nodes; a larger number in a file is an attack or a mistake.
const MAX_NODES: u32 = 1024;

/// What the pod's author does about hugepages.
const ASK_FOR_HUGEPAGES: &str = "set resources.limits hugepages-2Mi (or -1Gi) and mount an \
                                 emptyDir of medium HugePages, or pass --no-huge";

/// Beside `--no-huge` EAL ends over `--iova-mode=pa`, or takes virtual addresses nonetheless.
pub(super) const NO_HUGE_PHYSICAL: &str = "DPDK has no physical addresses without hugepages, which a device without an IOMMU needs: \
     leave --no-huge out and give the container hugepages, or use a node with an IOMMU";

pub(super) fn add(
    snapshot: &Snapshot,
    options: &Options,
    devices: &[Selected<'_>],
    layout: &Layout,
    plan: &mut Plan,
) -> Result<()> {
    if options.no_huge {
        add_no_huge(options, plan);
    } else if !options.secondary {
        add_hugepages(snapshot, options, devices, layout, plan)?;
        add_segments(devices, plan);
    }
    add_iova_mode(options, devices, plan)
}

/// Also where no hugepages are known: EAL may find some.
fn add_segments(devices: &[Selected<'_>], plan: &mut Plan) {
    if devices.iter().any(|device| matches!(device.backend, Backend::VhostUser { .. })) {
        let why = "a vhost-user peer takes at most eight memory regions";
        plan.eal(&["--single-file-segments"], why);
    }
}

fn add_no_huge(options: &Options, plan: &mut Plan) {
    let bytes = options.memory.unwrap_or(NO_HUGE_BYTES);
    plan.eal(&["--no-huge"], "as asked for");
    plan.eal(&["-m", &mib(bytes)], "MiB of ordinary memory");
    take(options, bytes, plan);
}

fn add_hugepages(
    snapshot: &Snapshot,
    options: &Options,
    devices: &[Selected<'_>],
    layout: &Layout,
    plan: &mut Plan,
) -> Result<()> {
    let hugepages = &snapshot.hugepages;
    let sizes = usable(hugepages);
    if sizes.is_empty() {
        warn(
            plan,
            &format!("no hugepages are known that this container may use: {ASK_FOR_HUGEPAGES}"),
        );
        return Ok(());
    }
    if let Some(bytes) = budget(options, &sizes, plan) {
        let amount = Amount { bytes, sizes: &sizes };
        amount.check()?;
        add_amount(snapshot, options, devices, layout, &amount, plan);
    }
    add_page_mode(options, hugepages, &sizes, plan);
    warn_of_files(devices, plan);
    Ok(())
}

/// The page sizes of which the container may have at least one; where no limit is known, those
/// the node has or the pod mounts.
fn usable(hugepages: &Hugepages) -> Vec<&PageSize> {
    let pages = || hugepages.pages.iter().filter(|page| page.size > 0);
    let granted: Vec<_> =
        pages().filter(|page| page.limit.is_some_and(|limit| limit >= page.size)).collect();
    if !granted.is_empty() {
        return granted;
    }
    let is_there = |page: &&PageSize| {
        !page.mounts.is_empty() || page.nodes.iter().any(|node| node.total_pages > 0)
    };
    pages().filter(|page| page.limit.is_none()).filter(is_there).collect()
}

/// How much is taken: what was asked for, within the limit; `None` where neither is known.
fn budget(options: &Options, sizes: &[&PageSize], plan: &mut Plan) -> Option<u64> {
    let whole_pages = |page: &&PageSize| Some(page.limit? / page.size * page.size);
    let limits: Option<Vec<u64>> = sizes.iter().map(whole_pages).collect();
    let limit = limits.map(|limits| limits.into_iter().fold(0, u64::saturating_add));
    let used = sizes.iter().filter_map(|page| page.used).fold(0, u64::saturating_add);
    if limit.is_some() && used > 0 {
        let text = format!(
            "{used} bytes of the container's hugepages are in use already, by another process or \
             by files left behind in their mount: DPDK may not get the rest of the limit"
        );
        warn(plan, &text);
    }
    match (options.memory, limit) {
        (Some(asked), Some(limit)) if asked > limit => {
            let text = format!(
                "{asked} bytes asked for, but the container's limit is {limit}: raise the limit \
                 of its hugepages"
            );
            warn(plan, &text);
            Some(limit)
        }
        (asked, limit) => asked.or(limit),
    }
}

/// Bytes to take, from pages of these sizes, smallest first.
struct Amount<'a> {
    bytes: u64,
    sizes: &'a [&'a PageSize],
}

impl Amount<'_> {
    /// What was asked for may be less than a page; a limit never is.
    fn check(&self) -> Result<()> {
        let (bytes, page) = (self.bytes, self.unit());
        let why = format!(
            "less than one page of the container's hugepages, {page} bytes: ask for that at least, \
             or limit hugepages of a smaller size"
        );
        let fits = self.round_down(bytes) > 0;
        fits.then_some(()).ok_or_else(|| Error::refused(format!("memory of {bytes} bytes"), why))
    }

    /// The unit in which memory can be taken: a page, and a MiB for EAL's options.
    fn unit(&self) -> u64 {
        self.sizes.iter().map(|page| page.size).min().unwrap_or(MIB).max(MIB)
    }

    fn round_down(&self, bytes: u64) -> u64 {
        bytes / self.unit() * self.unit()
    }
}

fn add_amount(
    snapshot: &Snapshot,
    options: &Options,
    devices: &[Selected<'_>],
    layout: &Layout,
    amount: &Amount<'_>,
    plan: &mut Plan,
) {
    let nodes = nodes(snapshot, devices, layout);
    if nodes.is_empty() {
        let bytes = amount.round_down(amount.bytes);
        plan.eal(
            &["-m", &mib(bytes)],
            "MiB of hugepages: the container's limit or what was asked for",
        );
        return take(options, bytes, plan);
    }
    let shares = cap_to_free(parts(amount, &nodes), &nodes, plan);
    let last = shares.keys().max().copied().unwrap_or(0);
    let list = |absent: &str| {
        let share = |node| shares.get(&node).filter(|bytes| **bytes > 0);
        let entry = |node| share(node).map_or(absent.to_owned(), |bytes| mib(*bytes));
        (0..=last).map(entry).collect::<Vec<_>>().join(",")
    };
    let why = "MiB of hugepages on each NUMA node: those of the lcores and devices, within the \
               container's limit";
    plan.eal(&["--socket-mem", &list("0")], why);
    // 0 would be no limit, so 1 stands for none.
    plan.eal(&["--socket-limit", &list("1")], "DPDK may not grow past the container's limit");
    take(options, shares.values().sum(), plan);
}

/// The NUMA nodes memory is taken from, each with its number of lcores.
fn nodes(snapshot: &Snapshot, devices: &[Selected<'_>], layout: &Layout) -> BTreeMap<u32, u64> {
    let Some(cpus) = &snapshot.cpus else { return BTreeMap::new() };
    let memory = cpus.memory_nodes.as_ref().filter(|nodes| !nodes.is_empty());
    if let Some(only) = memory
        .filter(|nodes| nodes.len() == 1)
        .and_then(|nodes| nodes.first().filter(|node| *node < MAX_NODES))
    {
        return filled([(only, layout.lcores.len() as u64)]);
    }
    let is_usable =
        |node: u32| node < MAX_NODES && memory.is_none_or(|memory| memory.contains(node));
    let mut nodes = BTreeMap::new();
    for node in devices.iter().filter_map(|device| device.numa_node).filter(|n| is_usable(*n)) {
        nodes.entry(node).or_insert(0);
    }
    for lcore in &layout.lcores {
        // Without the node of an lcore nothing can be told to be on the right one.
        let Some(node) = lcores::node_of(cpus, lcore.cpu) else { return BTreeMap::new() };
        if is_usable(node) {
            *nodes.entry(node).or_insert(0) += 1;
        }
    }
    nodes
}

/// What pages of one size give to each NUMA node.
struct Part<'a> {
    page: &'a PageSize,
    shares: BTreeMap<u32, u64>,
    /// The bytes that their limit leaves.
    room: u64,
}

impl Part<'_> {
    fn share(&self, node: u32) -> u64 {
        self.shares.get(&node).copied().unwrap_or(0)
    }

    /// Takes what a node has free of at most `bytes`, within the limit.
    fn take(&mut self, node: u32, bytes: u64) -> u64 {
        let found = self.page.nodes.iter().find(|pool| pool.node == node);
        let free = found.map_or(0, |pool| pool.free_pages.saturating_mul(self.page.size));
        let share = self.share(node);
        let most = free.min(bytes).min(share.saturating_add(self.room));
        let taken = Amount { bytes: most, sizes: &[self.page] }.round_down(most);
        self.room -= taken.saturating_sub(share);
        taken
    }
}

/// Each page size is shared out by itself, the largest first, as EAL fills a node: what is no
/// whole larger page would else be asked of the smaller ones, past their limit.
fn parts<'a>(amount: &Amount<'a>, nodes: &BTreeMap<u32, u64>) -> Vec<Part<'a>> {
    let mut rest = amount.bytes;
    let largest_first = amount.sizes.iter().rev();
    let part = |page: &&'a PageSize| {
        let bytes = page.limit.map_or(rest, |limit| limit.min(rest));
        let one = Amount { bytes, sizes: &[*page] };
        let taken = one.round_down(bytes);
        rest -= taken;
        let room = page.limit.map_or(u64::MAX, |limit| limit - taken);
        Part { page, shares: share_out(&one, nodes), room }
    };
    largest_first.map(part).collect()
}

/// Bytes by NUMA node: by lcores, and a little for nodes that only have devices.
fn share_out(amount: &Amount<'_>, nodes: &BTreeMap<u32, u64>) -> BTreeMap<u32, u64> {
    let total = amount.round_down(amount.bytes);
    let lcores: u64 = nodes.values().sum();
    let little = DEVICE_NODE_BYTES.next_multiple_of(amount.unit());
    let device_nodes = nodes.values().filter(|lcores| **lcores == 0).count() as u64;
    let is_enough = lcores == 0 || total / 2 >= little.saturating_mul(device_nodes + 1);
    let little = if lcores == 0 { total / device_nodes.max(1) } else { little };
    let little = if is_enough { amount.round_down(little) } else { 0 };
    let rest = total - little * device_nodes;
    let share = |count: u64| match count {
        0 => little,
        count => {
            amount.round_down((u128::from(rest) * u128::from(count) / u128::from(lcores)) as u64)
        }
    };
    let mut shares: BTreeMap<u32, u64> =
        filled(nodes.iter().map(|(node, count)| (*node, share(*count))));
    let left = total - shares.values().sum::<u64>();
    if let Some((node, _)) = nodes.iter().max_by_key(|(node, count)| (**count, u32::MAX - **node)) {
        *shares.entry(*node).or_default() += left;
    }
    shares
}

/// Bytes by NUMA node, within what each has free of each page size, where that is known and there
/// is some.
fn cap_to_free(
    mut parts: Vec<Part<'_>>,
    nodes: &BTreeMap<u32, u64>,
    plan: &mut Plan,
) -> BTreeMap<u32, u64> {
    let shown = parts.iter().any(|part| !part.page.nodes.is_empty());
    let mut capped = BTreeMap::new();
    for node in nodes.keys().copied() {
        let planned: u64 = parts.iter().map(|part| part.share(node)).sum();
        let take = |taken: u64, part: &mut Part<'_>| taken + part.take(node, planned - taken);
        let free = if shown { parts.iter_mut().fold(0, take) } else { planned };
        if free < planned {
            let text = format!(
                "NUMA node {node} has {free} bytes of free hugepages that the container may use, \
                 for the {planned} planned: other pods or a process of this one have the rest"
            );
            warn(plan, &text);
        }
        capped.insert(node, if free > 0 { free } else { planned });
    }
    capped
}

/// Anonymous pages leave nothing behind and need no mount, but take every size the node has, the
/// largest first. Where it has a size that the container may not use, files in a mount are safe.
fn add_page_mode(options: &Options, hugepages: &Hugepages, sizes: &[&PageSize], plan: &mut Plan) {
    let is_free = |page: &&PageSize| page.nodes.iter().any(|node| node.free_pages > 0);
    let is_usable = |page: &PageSize| sizes.iter().any(|usable| usable.size == page.size);
    let foreign: Vec<&PageSize> =
        hugepages.pages.iter().filter(is_free).filter(|page| !is_usable(page)).collect();
    let mounts: Vec<&String> = sizes.iter().filter_map(|page| page.mounts.first()).collect();
    match (foreign.as_slice(), mounts.as_slice()) {
        ([], _) => {
            plan.eal(&["--in-memory"], "leaves no hugepage files behind");
        }
        (_, [mount]) => {
            plan.eal(
                &["--huge-dir", mount],
                "only pages of this mount's size: the node has \
                                              others that the container may not use",
            );
        }
        (_, [_, _, ..]) => {}
        ([other], []) if options.release.takes(Form::PageSizeLimit) => {
            plan.eal(&["--in-memory"], "no hugetlbfs is mounted");
            let limit = format!("{}:0", size_name(other.size));
            plan.eal(&["--pagesz-mem", &limit], "the container may not use pages of this size");
        }
        _ => {
            plan.eal(&["--in-memory"], "no hugetlbfs is mounted");
            warn(
                plan,
                "the node has free hugepages of a size that the container may not use, and DPDK \
                 may try them: mount an emptyDir of the medium HugePages-<size> that it may use",
            );
        }
    }
}

/// vhost-vdpa reports a mapping that fails, and its port is up all the same.
fn warn_of_files(devices: &[Selected<'_>], plan: &mut Plan) {
    let is_vdpa = |device: &Selected<'_>| matches!(device.backend, Backend::VhostVdpa { .. });
    let in_memory = plan.eal.iter().any(|word| word == "--in-memory");
    if !in_memory && devices.iter().any(is_vdpa) {
        warn(
            plan,
            "vhost-vdpa beside hugepages in files: DPDK may say `Failed to send IOTLB update (Bad \
             address)`, of memory that the device then does not reach: use a node without free \
             hugepages of a size that the container may not use",
        );
    }
}

/// A page size as EAL reads it: `2M`.
fn size_name(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let fits = units.iter().find(|(shift, _)| bytes >> shift > 0);
    fits.map_or(bytes.to_string(), |(shift, unit)| format!("{}{unit}", bytes >> shift))
}

fn take(options: &Options, bytes: u64, plan: &mut Plan) {
    plan.memory = Some(bytes);
    if options.app == App::L3fwd && bytes < L3FWD_BYTES {
        let text = format!(
            "l3fwd needs {L3FWD_BYTES} bytes at least and gets {bytes}: raise the limit of the \
             container's hugepages, or --memory"
        );
        warn(plan, &text);
    }
}

fn add_iova_mode(options: &Options, devices: &[Selected<'_>], plan: &mut Plan) -> Result<()> {
    if let Some(mode) = options.iova_mode {
        plan.eal(&[&format!("--iova-mode={mode}")], "as asked for");
        return Ok(());
    }
    if options.secondary {
        return Ok(());
    }
    let needs_of = |mode| move |device: &&Selected<'_>| iova(&device.backend) == Some(mode);
    let needing = |mode| devices.iter().find(needs_of(mode));
    if let Some(device) = needing(Iova::Pa).filter(|_| options.no_huge) {
        return Err(Error::refused(device.origin.clone(), NO_HUGE_PHYSICAL));
    }
    let needs = |mode| needing(mode).is_some();
    let chosen = match (needs(Iova::Va), needs(Iova::Pa)) {
        (true, true) => {
            let text = "some devices need virtual and some physical addresses (--iova-mode): use \
                        a node with an IOMMU for all of them";
            warn(plan, text);
            None
        }
        // EAL finds out by itself.
        _ if needs(Iova::Unknown) => None,
        (true, false) => Some(("--iova-mode=va", "every device is behind an IOMMU or vDPA")),
        (false, true) => Some(("--iova-mode=pa", "a device without an IOMMU")),
        (false, false) if needs(Iova::Either) => None,
        (false, false) => Some(("--iova-mode=va", "no port is hardware")),
    };
    if let Some((argument, why)) = chosen {
        plan.eal(&[argument], why);
    }
    Ok(())
}

/// The mode a port needs; `None` where it never touches addresses of hardware.
fn iova(backend: &Backend) -> Option<Iova> {
    match backend {
        Backend::Pci { iova, .. } => Some(*iova),
        // mlx5 has no preference, on any bus.
        Backend::Auxiliary { .. } => Some(Iova::Either),
        // Up to 23.11 a vDPA device is given virtual addresses whatever the mode.
        Backend::VhostVdpa { .. } => Some(Iova::Va),
        _ => None,
    }
}

fn mib(bytes: u64) -> String {
    (bytes / MIB).to_string()
}

fn warn(plan: &mut Plan, text: &str) {
    plan.warn(WarningCode::MemoryPlan, "hugepages", text);
}
