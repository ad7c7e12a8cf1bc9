//! The answers, as plain data: what `podnet show --json` prints.
//!
//! One schema for the command, the C function `podnet_get_json()` and the
//! bindings. Keys are added, never renamed; a value that no source gives is
//! `null` or an empty list and never left out. Sizes are bytes, CPU lists are
//! Linux lists (`2-5,34`), addresses are lower case.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::warning::Warning;

/// Prints the kebab-case name that JSON has for a unit variant.
macro_rules! display_as_json {
    ($($type:ty),*) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                serde::Serialize::serialize(self, f)
            }
        }
    )*};
}
pub(crate) use display_as_json;

mod cpus;
mod device;
mod hugepages;
mod interfaces;

pub use cpus::*;
pub use device::*;
pub use hugepages::*;
pub use interfaces::*;

/// Everything this container was given, read once.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// The version of this schema: `podnet/v1`.
    pub schema: &'static str,
    /// Who the pod is, as far as its files tell.
    pub pod: PodIdentity,
    /// The name of the own container, where it is known.
    pub container: Option<String>,
    /// How far the networks of the pod have come.
    pub state: State,
    /// Requested networks that have no status yet, as `namespace/name@interface`.
    pub pending_networks: Vec<String>,
    /// The CPUs; `None` when no source of them can be read.
    pub cpus: Option<CpuInfo>,
    /// The hugepages.
    pub hugepages: Hugepages,
    /// One entry per attachment, in the order of network-status.
    pub interfaces: Vec<Interface>,
    /// Allocated devices that no evidence ties to an interface.
    pub unmatched_devices: Vec<UnmatchedDevice>,
    /// Resource claims, filled by the DRA sources.
    pub claims: Vec<Claim>,
    /// Everything the reader should know about the rest.
    pub warnings: Vec<Warning>,
}

/// Who the pod is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PodIdentity {
    /// From the label `statefulset.kubernetes.io/pod-name`.
    pub name: Option<String>,
    /// The namespace; no source that is read yet has it.
    pub namespace: Option<String>,
    /// From the cgroup path, else from the kubelet's paths in mountinfo.
    pub uid: Option<String>,
    /// The Downward API's `labels` file.
    pub labels: BTreeMap<String, String>,
}

/// How far the networks of the pod have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// There is no annotations file.
    NoAnnotations,
    /// There is neither a status nor a request.
    NoStatus,
    /// At least one requested network has no status yet.
    Pending,
    /// Every requested network has its status.
    Complete,
}

/// A resource claim, filled by the DRA sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Claim {
    /// The claim's name.
    pub name: String,
}

display_as_json!(State);
