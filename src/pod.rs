//! One pod, as seen from inside one of its containers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::parse::network_status::NetworkStatus;
use crate::snapshot::{CpuInfo, Hugepages, Interfaces, Snapshot};

/// A pod, as seen from inside one of its containers. Every call looks afresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    pub(crate) config: PodBuilder,
}

/// How to look at a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodBuilder {
    pub(crate) root: PathBuf,
    pub(crate) downward_api: Option<PathBuf>,
    pub(crate) container: Option<String>,
    pub(crate) assign_by_order: bool,
}

impl Default for PodBuilder {
    fn default() -> PodBuilder {
        PodBuilder {
            root: PathBuf::from("/"),
            downward_api: None,
            container: None,
            assign_by_order: false,
        }
    }
}

impl PodBuilder {
    /// The directory that stands for `/`. With any other than `/`, the environment comes from
    /// `proc/self/environ` below it and the affinity from `proc/self/status`.
    pub fn root(mut self, root: impl Into<PathBuf>) -> PodBuilder {
        self.root = root.into();
        self
    }

    /// The directory the Downward API is mounted at, as the pod sees it. Default:
    /// `/etc/podnetinfo`, else `/etc/podinfo`.
    pub fn downward_api(mut self, directory: impl Into<PathBuf>) -> PodBuilder {
        self.downward_api = Some(directory.into());
        self
    }

    /// The name of the own container. Default: the variable `CONTAINER_NAME`.
    pub fn container(mut self, name: impl Into<String>) -> PodBuilder {
        self.container = Some(name.into());
        self
    }

    /// Whether devices without any evidence are given to interfaces by position:
    /// interfaces in request order, devices by address. Default: no.
    pub fn assign_by_order(mut self, yes: bool) -> PodBuilder {
        self.assign_by_order = yes;
        self
    }

    /// The pod.
    pub fn build(self) -> Pod {
        Pod { config: self }
    }
}

impl Default for Pod {
    fn default() -> Pod {
        Pod::new()
    }
}

impl Pod {
    /// The pod this process runs in.
    pub fn new() -> Pod {
        Pod::builder().build()
    }

    /// A pod looked at in another way.
    pub fn builder() -> PodBuilder {
        PodBuilder::default()
    }

    /// The CPUs of this container.
    pub fn cpu_info(&self) -> Result<CpuInfo> {
        Err(Error::invalid("cpus", "not read yet"))
    }

    /// The hugepages of this container.
    pub fn hugepages(&self) -> Result<Hugepages> {
        Err(Error::invalid("hugepages", "not read yet"))
    }

    /// The interfaces of the pod and the devices behind them.
    pub fn interfaces(&self) -> Result<Interfaces> {
        Err(Error::invalid("interfaces", "not read yet"))
    }

    /// The interfaces, each with the network-status entry it was made from: both have one length.
    pub(crate) fn attachments(&self) -> Result<(Interfaces, Vec<NetworkStatus>)> {
        Err(Error::invalid("interfaces", "not read yet"))
    }

    /// The own container's name: as configured, else the variable `CONTAINER_NAME`.
    pub fn container_name(&self) -> Option<String> {
        self.config.container.clone()
    }

    /// The host name: `/proc/sys/kernel/hostname`, else `/etc/hostname`.
    pub fn host_name(&self) -> Option<String> {
        None
    }

    /// Every annotation of the Downward API's `annotations` file, decoded. Values are bytes: Go's
    /// quoting carries any. An absent file is an empty map.
    pub fn annotations(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        Err(Error::invalid("annotations", "not read yet"))
    }

    /// Everything, read once. Malformed parts are empty and have a warning; the call fails only
    /// when the root itself is no directory.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Err(Error::invalid("snapshot", "not read yet"))
    }
}
