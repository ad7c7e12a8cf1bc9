//! The CPUs.

use std::ffi::{c_char, c_int};

use super::error::podnet_error;
use super::owned::{Kept, Owned, answer};
use super::pod::podnet;
use crate::parse::cpulist::CpuSet;
use crate::pod::Pod;
use crate::snapshot::{CgroupVersion, CpuInfo, Exclusive, ExclusiveReason, NodeCpus};

/// Nothing tells. For members that are a question.
pub const PODNET_UNKNOWN: u32 = 0;
/// It is so.
pub const PODNET_YES: u32 = 1;
/// It is not so.
pub const PODNET_NO: u32 = 2;

/// PODNET_NO: CPUs shared with other containers are among them.
pub const PODNET_EXCLUSIVE_SHARED_CPUS: u32 = 1;
/// PODNET_NO: the quota is below their number.
pub const PODNET_EXCLUSIVE_QUOTA: u32 = 2;
/// PODNET_NO: the cpuset is every online CPU.
pub const PODNET_EXCLUSIVE_ALL_ONLINE: u32 = 3;
/// PODNET_YES: a source names them as isolated.
pub const PODNET_EXCLUSIVE_ISOLATED_CPUS: u32 = 4;

/// A set of CPUs or of NUMA nodes.
#[repr(C)]
pub struct podnet_cpuset {
    /// As Linux lists it, such as "2-5,34". NULL when no source gives the set.
    pub list: *const c_char,
    /// The numbers, ascending; NULL when there are none.
    pub ids: *const u32,
    /// How many they are.
    pub len: usize,
}

/// The allowed CPUs of one NUMA node.
#[repr(C)]
pub struct podnet_node_cpus {
    /// The node's number.
    pub node: i64,
    /// The allowed CPUs on it.
    pub cpus: podnet_cpuset,
    /// Zero.
    pub reserved: [u64; 4],
}

/// The allowed CPUs of one physical core.
#[repr(C)]
pub struct podnet_core {
    /// SMT siblings.
    pub cpus: podnet_cpuset,
    /// Zero.
    pub reserved: [u64; 4],
}

/// The CPUs of this container.
#[repr(C)]
pub struct podnet_cpu_info {
    /// The CPUs that this process may run on: its affinity.
    pub allowed: podnet_cpuset,
    /// Whether they are ours alone: PODNET_YES, PODNET_NO or PODNET_UNKNOWN.
    pub exclusive: u32,
    /// What tells that: one of PODNET_EXCLUSIVE_, or 0.
    pub exclusive_reason: u32,
    /// The version of the cgroup hierarchy that cpuset is from, 1 or 2; 0
    /// without one.
    pub cgroup_version: u32,
    /// Zero.
    pub zero: u32,
    /// The CPUs that no other container uses, where a source names them.
    pub isolated: podnet_cpuset,
    /// The CPUs shared with other containers, where a source names them.
    pub shared: podnet_cpuset,
    /// The CPUs that also take interrupts, where a source names them.
    pub housekeeping: podnet_cpuset,
    /// The CFS quota in CPUs, such as 1.5; negative without one.
    pub quota: f64,
    /// The NUMA nodes that memory may come from.
    pub memory_nodes: podnet_cpuset,
    /// The allowed CPUs by NUMA node; NULL when the kernel shows no nodes.
    pub nodes: *const podnet_node_cpus,
    /// How many nodes there are.
    pub nodes_len: usize,
    /// The allowed CPUs by physical core; NULL when the kernel shows no cores.
    pub cores: *const podnet_core,
    /// How many cores there are.
    pub cores_len: usize,
    /// What sched_getaffinity() says, or proc/self/status under another root.
    pub affinity: podnet_cpuset,
    /// The cgroup's effective cpuset.
    pub cpuset: podnet_cpuset,
}

const _: () = assert!(
    size_of::<podnet_cpuset>() == 24
        && size_of::<podnet_node_cpus>() == 64
        && size_of::<podnet_core>() == 56
        && size_of::<podnet_cpu_info>() == 224
);

/// The CPUs of this container.
///
/// Returns 0 and sets *ret, which podnet_cpu_info_free() frees. Else returns
/// -EINVAL for a NULL argument, -ENOENT when no source of the CPUs is there,
/// -EBADMSG for a malformed source, or why a source can't be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_get_cpu_info(
    pod: *const podnet,
    ret: *mut *mut podnet_cpu_info,
    err: *mut podnet_error,
) -> c_int {
    // SAFETY: the arguments are as the header says.
    unsafe { answer(pod, ret, err, Pod::cpu_info, view) }
}

/// Frees what podnet_get_cpu_info() returned. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn podnet_cpu_info_free(info: *mut podnet_cpu_info) {
    // SAFETY: it is NULL or from podnet_get_cpu_info(), and not used afterwards.
    unsafe { Owned::take_back(info) };
}

fn view(info: &CpuInfo, kept: &mut Kept) -> podnet_cpu_info {
    // Names every member, so that none that is added is forgotten.
    let CpuInfo {
        allowed,
        count: _,
        exclusive,
        exclusive_reason,
        isolated,
        shared,
        housekeeping,
        quota,
        memory_nodes,
        nodes,
        cores,
        sources,
    } = info;
    podnet_cpu_info {
        allowed: cpuset(Some(allowed), kept),
        exclusive: match exclusive {
            Exclusive::Unknown => PODNET_UNKNOWN,
            Exclusive::Yes => PODNET_YES,
            Exclusive::No => PODNET_NO,
        },
        exclusive_reason: exclusive_reason.map_or(0, reason_number),
        cgroup_version: match sources.cgroup {
            None => 0,
            Some(CgroupVersion::V1) => 1,
            Some(CgroupVersion::V2) => 2,
        },
        zero: 0,
        isolated: cpuset(isolated.as_ref(), kept),
        shared: cpuset(shared.as_ref(), kept),
        housekeeping: cpuset(housekeeping.as_ref(), kept),
        quota: quota.unwrap_or(-1.0),
        memory_nodes: cpuset(memory_nodes.as_ref(), kept),
        nodes: node_list(nodes, kept),
        nodes_len: nodes.len(),
        cores: core_list(cores, kept),
        cores_len: cores.len(),
        affinity: cpuset(sources.affinity.as_ref(), kept),
        cpuset: cpuset(sources.cpuset.as_ref(), kept),
    }
}

fn reason_number(reason: ExclusiveReason) -> u32 {
    match reason {
        ExclusiveReason::SharedCpus => PODNET_EXCLUSIVE_SHARED_CPUS,
        ExclusiveReason::Quota => PODNET_EXCLUSIVE_QUOTA,
        ExclusiveReason::AllOnline => PODNET_EXCLUSIVE_ALL_ONLINE,
        ExclusiveReason::IsolatedCpus => PODNET_EXCLUSIVE_ISOLATED_CPUS,
    }
}

fn node_list(nodes: &[NodeCpus], kept: &mut Kept) -> *const podnet_node_cpus {
    let views = nodes
        .iter()
        .map(|NodeCpus { node, cpus }| podnet_node_cpus {
            node: i64::from(*node),
            cpus: cpuset(Some(cpus), kept),
            reserved: [0; 4],
        })
        .collect();
    kept.list(views)
}

fn core_list(cores: &[CpuSet], kept: &mut Kept) -> *const podnet_core {
    let views = cores
        .iter()
        .map(|core| podnet_core { cpus: cpuset(Some(core), kept), reserved: [0; 4] })
        .collect();
    kept.list(views)
}

fn cpuset(set: Option<&CpuSet>, kept: &mut Kept) -> podnet_cpuset {
    let ids: Vec<u32> = set.map(|set| set.iter().collect()).unwrap_or_default();
    podnet_cpuset { list: kept.optional(set), len: ids.len(), ids: kept.list(ids) }
}
