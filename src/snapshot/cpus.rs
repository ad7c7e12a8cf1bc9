//! The CPUs of this container.

use serde::Serialize;

use crate::parse::cpulist::CpuSet;

/// The CPUs of this container.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CpuInfo {
    /// The CPUs this process may run on: its affinity.
    pub allowed: CpuSet,
    /// How many those are.
    pub count: usize,
    /// Whether they are ours alone.
    pub exclusive: Exclusive,
    /// What `exclusive` follows from; `None` where it is unknown.
    pub exclusive_reason: Option<ExclusiveReason>,
    /// CPUs that no other container uses.
    pub isolated: Option<CpuSet>,
    /// CPUs shared with other containers.
    pub shared: Option<CpuSet>,
    /// CPUs that also take interrupts.
    pub housekeeping: Option<CpuSet>,
    /// The CFS quota in CPUs, where one is set.
    pub quota: Option<f64>,
    /// The NUMA nodes memory may come from.
    pub memory_nodes: Option<CpuSet>,
    /// The allowed CPUs by NUMA node.
    pub nodes: Vec<NodeCpus>,
    /// The allowed CPUs by physical core: each list holds SMT siblings.
    pub cores: Vec<CpuSet>,
    /// What each source said.
    pub sources: CpuSources,
}

/// Whether CPUs belong to this container alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Exclusive {
    /// A source names them as isolated.
    Yes,
    /// They are every online CPU, or shared ones are among them, or a quota is below their number.
    No,
    /// No source tells.
    Unknown,
}

/// What tells whether CPUs belong to this container alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExclusiveReason {
    /// No: `OPENSHIFT_SHARED_CPUS` are among them.
    SharedCpus,
    /// No: the CFS quota is below the number of CPUs.
    Quota,
    /// No: the cpuset is every online CPU.
    AllOnline,
    /// Yes: `OPENSHIFT_ISOLATED_CPUS` or `DRA_CPUSET_*` covers them.
    IsolatedCpus,
}

/// The allowed CPUs of one NUMA node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NodeCpus {
    /// The node's number.
    pub node: u32,
    /// The allowed CPUs on it.
    pub cpus: CpuSet,
}

/// What the sources of [`CpuInfo`] said.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CpuSources {
    /// `sched_getaffinity(2)`, or `Cpus_allowed_list` under another root.
    pub affinity: Option<CpuSet>,
    /// The cgroup's effective cpuset.
    pub cpuset: Option<CpuSet>,
    /// The version of the hierarchy the cpuset controller is in.
    pub cgroup: Option<CgroupVersion>,
}

/// The version of a cgroup hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CgroupVersion {
    /// One hierarchy per controller.
    V1,
    /// The unified hierarchy.
    V2,
}

display_as_json!(Exclusive, ExclusiveReason, CgroupVersion);
