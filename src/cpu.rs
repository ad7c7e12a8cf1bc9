//! GetCPUInfo: the CPUs of this container, from affinity, cgroup and environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::cgroup::{self, Cgroups};
use crate::error::{Error, Result};
use crate::parse::cgroup::Controller;
use crate::parse::cpulist::CpuSet;
use crate::parse::limit;
use crate::root::Root;
use crate::snapshot::{CgroupVersion, CpuInfo, CpuSources, Exclusive, ExclusiveReason, NodeCpus};
use crate::warning::{Findings, WarningCode};

const CPUS: &str = "/sys/devices/system/cpu";
const NODES: &str = "/sys/devices/system/node";

/// Version 2 leaves `cpuset.cpus` empty where nothing was set; version 1 without `effective_cpus`
/// has only that.
const CPUSET_CPUS: [&str; 3] = ["cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"];
const CPUSET_MEMS: [&str; 3] = ["cpuset.mems.effective", "cpuset.effective_mems", "cpuset.mems"];

/// Reads the CPUs; `None` where no source tells, with a finding that says so.
pub(crate) fn read(root: &Root, cgroups: &Cgroups, findings: &mut Findings) -> Option<CpuInfo> {
    let cpuset = cgroups.controller("cpuset");
    let cpuset_list = cpuset.as_ref().and_then(|cpuset| list(root, cpuset, CPUSET_CPUS, findings));
    let cpuset_cpus = cpuset_list.as_ref().map(|(_, cpus)| cpus.clone());
    let affinity = findings.take(root.affinity()).flatten();
    let Some(allowed) = affinity.clone().or_else(|| cpuset_cpus.clone()) else {
        findings.warn(
            WarningCode::CpusMissing,
            "/proc/self/status",
            "/proc/self/status: CPUs: neither an affinity nor a cpuset is there to read",
        );
        return None;
    };
    warn_if_different(affinity.as_ref(), cpuset_list.as_ref(), findings);

    let environment = findings.take(root.environment()).unwrap_or_default();
    let classes = Classes::read(&environment, findings);
    let quota = cgroups.controller("cpu").and_then(|cpu| quota(root, &cpu, findings));
    let online = findings.take(number_list(root, &format!("{CPUS}/online"))).flatten();
    let (exclusive, exclusive_reason) = exclusive(&Facts {
        allowed: &allowed,
        cpuset: cpuset_cpus.as_ref().unwrap_or(&allowed),
        online: online.as_ref(),
        classes: &classes,
        quota,
    });
    Some(CpuInfo {
        count: allowed.len(),
        exclusive,
        exclusive_reason,
        isolated: classes.isolated,
        shared: classes.shared,
        housekeeping: classes.housekeeping,
        quota,
        memory_nodes: memory_nodes(root, cpuset.as_ref(), findings),
        nodes: nodes(root, &allowed, findings),
        cores: cores(root, &allowed, findings),
        sources: CpuSources {
            affinity,
            cgroup: cpuset_cpus.as_ref().and(cpuset.as_ref()).map(|controller| controller.version),
            cpuset: cpuset_cpus,
        },
        allowed,
    })
}

/// The first of `files` in the cgroup that names any CPU or node, and its path.
fn list(
    root: &Root,
    controller: &Controller,
    files: [&str; 3],
    findings: &mut Findings,
) -> Option<(String, CpuSet)> {
    files.into_iter().find_map(|file| {
        let (path, text) = cgroup::nearest(root, controller, file, findings)?;
        findings
            .take(parse_list(&path, "list", &text))
            .filter(|set| !set.is_empty())
            .map(|set| (path, set))
    })
}

fn warn_if_different(
    affinity: Option<&CpuSet>,
    cpuset: Option<&(String, CpuSet)>,
    findings: &mut Findings,
) {
    let (Some(affinity), Some((path, cpuset))) = (affinity, cpuset) else { return };
    if affinity != cpuset {
        let text = format!(
            "{path}: {cpuset}: the affinity of this process is {affinity}: isolcpus keeps \
             CPUs out of it, something changed it after the start, or the cpuset changed since"
        );
        findings.warn(WarningCode::CpusetDiffers, path, text);
    }
}

/// The CPU classes that the environment names.
struct Classes {
    isolated: Option<CpuSet>,
    shared: Option<CpuSet>,
    housekeeping: Option<CpuSet>,
}

impl Classes {
    /// CRI-O's variables, and the DRA CPU driver's, one for each claim.
    fn read(environment: &BTreeMap<String, Vec<u8>>, findings: &mut Findings) -> Classes {
        let mut union = |wanted: &dyn Fn(&str) -> bool| {
            let mut all: Option<CpuSet> = None;
            for (name, value) in environment.iter().filter(|(name, _)| wanted(name)) {
                let parsed = parse_list(name, "value", &String::from_utf8_lossy(value));
                if let Some(set) = findings.take(parsed).filter(|set| !set.is_empty()) {
                    all = Some(all.unwrap_or_default().union(&set));
                }
            }
            all
        };
        Classes {
            isolated: union(&|name| {
                name == "OPENSHIFT_ISOLATED_CPUS" || name.starts_with("DRA_CPUSET_")
            }),
            shared: union(&|name| name == "OPENSHIFT_SHARED_CPUS"),
            housekeeping: union(&|name| name == "OPENSHIFT_HOUSEKEEPING_CPUS"),
        }
    }
}

/// What tells whether CPUs are ours alone.
struct Facts<'a> {
    allowed: &'a CpuSet,
    cpuset: &'a CpuSet,
    online: Option<&'a CpuSet>,
    classes: &'a Classes,
    quota: Option<f64>,
}

fn exclusive(facts: &Facts<'_>) -> (Exclusive, Option<ExclusiveReason>) {
    let covers = |set: &CpuSet| facts.allowed.is_subset(set);
    let meets = |set: &CpuSet| !set.intersection(facts.cpuset).is_empty();
    let throttled = facts.quota.is_some_and(|quota| quota < facts.cpuset.len() as f64);
    if facts.classes.shared.as_ref().is_some_and(meets) {
        (Exclusive::No, Some(ExclusiveReason::SharedCpus))
    } else if throttled {
        (Exclusive::No, Some(ExclusiveReason::Quota))
    } else if facts.online == Some(facts.cpuset) {
        (Exclusive::No, Some(ExclusiveReason::AllOnline))
    } else if facts.classes.isolated.as_ref().is_some_and(covers) {
        (Exclusive::Yes, Some(ExclusiveReason::IsolatedCpus))
    } else {
        (Exclusive::Unknown, None)
    }
}

/// The least quota from the own cgroup up, in CPUs.
fn quota(root: &Root, cpu: &Controller, findings: &mut Findings) -> Option<f64> {
    let file = match cpu.version {
        CgroupVersion::V2 => "cpu.max",
        CgroupVersion::V1 => "cpu.cfs_quota_us",
    };
    let mut quotas = Vec::new();
    for (path, text) in cgroup::every(root, cpu, file, findings) {
        let cpus = match cpu.version {
            CgroupVersion::V2 => limit::cpu_max(&text),
            CgroupVersion::V1 => {
                let period = path.replace("cpu.cfs_quota_us", "cpu.cfs_period_us");
                let period = findings.take(root.text(&period)).flatten();
                limit::cpus(&text, period.as_deref())
            }
        };
        let cpus = cpus.map_err(|why| Error::malformed(path, "quota and period", why));
        quotas.extend(findings.take(cpus).flatten());
    }
    quotas.into_iter().min_by(f64::total_cmp)
}

fn memory_nodes(
    root: &Root,
    cpuset: Option<&Controller>,
    findings: &mut Findings,
) -> Option<CpuSet> {
    cpuset
        .and_then(|controller| list(root, controller, CPUSET_MEMS, findings))
        .map(|(_, nodes)| nodes)
        .or_else(|| findings.take(root.status_list("Mems_allowed_list")).flatten())
}

fn number_list(root: &Root, path: &str) -> Result<Option<CpuSet>> {
    let Some(text) = root.text(path)? else { return Ok(None) };
    parse_list(path, "list", &text).map(Some)
}

fn parse_list(path: &str, place: &str, text: &str) -> Result<CpuSet> {
    text.parse::<CpuSet>().map_err(|why| Error::malformed(path, place, why.to_string()))
}

/// The allowed CPUs of each NUMA node that has any.
fn nodes(root: &Root, allowed: &CpuSet, findings: &mut Findings) -> Vec<NodeCpus> {
    let mut nodes = Vec::new();
    for (node, directory) in numa_nodes(root, findings) {
        let cpus = findings.take(number_list(root, &format!("{directory}/cpulist"))).flatten();
        let cpus = cpus.unwrap_or_default().intersection(allowed);
        if !cpus.is_empty() {
            nodes.push(NodeCpus { node, cpus });
        }
    }
    nodes
}

/// The numbers of the system's NUMA nodes, ascending, each with its directory.
pub(crate) fn numa_nodes(root: &Root, findings: &mut Findings) -> Vec<(u32, String)> {
    let names = findings.take(root.list(NODES)).unwrap_or_default();
    let node = |name: &String| name.strip_prefix("node")?.parse().ok();
    let nodes: CpuSet = names.iter().filter_map(node).collect();
    nodes.iter().map(|node| (node, format!("{NODES}/node{node}"))).collect()
}

/// The allowed CPUs by physical core. Kernels before 5.3 know the siblings by the other name.
fn cores(root: &Root, allowed: &CpuSet, findings: &mut Findings) -> Vec<CpuSet> {
    let mut cores: Vec<CpuSet> = Vec::new();
    let mut seen = BTreeSet::new();
    for cpu in allowed.iter() {
        if seen.contains(&cpu) {
            continue;
        }
        let siblings = ["core_cpus_list", "thread_siblings_list"].into_iter().find_map(|file| {
            findings.take(number_list(root, &format!("{CPUS}/cpu{cpu}/topology/{file}"))).flatten()
        });
        let Some(siblings) = siblings else { continue };
        let siblings = siblings.intersection(allowed);
        seen.extend(siblings.iter());
        cores.push(siblings);
    }
    cores
}
