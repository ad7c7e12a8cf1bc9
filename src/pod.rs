//! One pod, as seen from inside one of its containers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cgroup::Cgroups;
use crate::downward_api::DownwardApi;
use crate::error::{Error, Result};
use crate::interfaces::netdevs;
use crate::parse::network_status::NetworkStatus;
use crate::parse::pci::PciAddress;
use crate::parse::pcidevice;
use crate::root::{self, Root};
use crate::snapshot::{CpuInfo, Hugepages, Interfaces, Snapshot};
use crate::warning::{Findings, Warning};
use crate::{cpu, downward_api, hugepages, identity, interfaces};

/// The version of the snapshot's schema.
const SCHEMA: &str = "podnet/v1";

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

    /// The root that the variable `PODNET_ROOT` names, if it names one. In a setuid program it
    /// counts for nothing.
    pub fn root_from_environment(self) -> PodBuilder {
        match root::from_environment() {
            Some(root) => self.root(root),
            None => self,
        }
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

/// The annotations of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotations {
    /// The decoded values by key. They are bytes: Go's quoting carries any.
    pub values: BTreeMap<String, Vec<u8>>,
    /// What could not be read or understood.
    pub warnings: Vec<Warning>,
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
    ///
    /// # Errors
    /// When a source is malformed, or none is there.
    pub fn cpu_info(&self) -> Result<CpuInfo> {
        let view = View::open(&self.config)?;
        let mut findings = Findings::default();
        let cpus = cpu::read(&view.root, &view.cgroups(&mut findings), &mut findings);
        findings.into_result(cpus)?.ok_or_else(|| Error::Missing {
            path: "/proc/self/status".to_owned(),
            what: "the CPUs".to_owned(),
            hint: "neither an affinity nor a cpuset is there to read".to_owned(),
        })
    }

    /// The hugepages of this container.
    ///
    /// # Errors
    /// When a source is malformed.
    pub fn hugepages(&self) -> Result<Hugepages> {
        let view = View::open(&self.config)?;
        let mut findings = Findings::default();
        let cgroups = view.cgroups(&mut findings);
        let downward = view.downward_api(&mut findings);
        let container = view.container(&mut findings);
        let own = container.as_deref();
        let hugepages = hugepages::read(&view.root, &cgroups, &downward, own, &mut findings);
        findings.into_result(hugepages)
    }

    /// The interfaces of the pod and the devices behind them.
    ///
    /// # Errors
    /// When the annotations, a status or a request in them is malformed. What is not there yet is
    /// no error: [`Interfaces::state`] tells.
    pub fn interfaces(&self) -> Result<Interfaces> {
        self.attachments().map(|(interfaces, _)| interfaces)
    }

    /// The interfaces, each with the network-status entry it was made from: both have one length.
    pub(crate) fn attachments(&self) -> Result<(Interfaces, Vec<NetworkStatus>)> {
        View::open(&self.config)?.attachments()
    }

    /// Every annotation that the Downward API mounts, in its `annotations` file or in one of its
    /// own, decoded. Values are bytes: Go's quoting carries any. Without files it is an empty map.
    ///
    /// What can't be read or understood is a warning, and costs nothing else.
    ///
    /// # Errors
    /// Only when the root itself is no directory.
    pub fn annotations(&self) -> Result<Annotations> {
        let view = View::open(&self.config)?;
        let mut findings = Findings::default();
        let downward = view.downward_api(&mut findings);
        let values = downward.annotations(&mut findings);
        Ok(Annotations { values, warnings: findings.into_warnings() })
    }

    /// The own container's name: as configured, else the variable `CONTAINER_NAME`.
    pub fn container_name(&self) -> Option<String> {
        View::open(&self.config).ok()?.container(&mut Findings::default())
    }

    /// What DPDK arguments need to know of the pod beside its snapshot; nothing where the root is no
    /// directory. For [`EalBuilder::facts`](crate::eal::EalBuilder::facts).
    pub fn eal_facts(&self) -> EalFacts {
        let Ok(root) = Root::open(&self.config.root) else { return EalFacts::default() };
        EalFacts {
            host_name: host_name(&root),
            vf_tokens: vf_tokens(&root),
            rx_queues: netdevs::rx_queues(&root),
            taps: netdevs::taps(&root),
        }
    }

    /// Everything, read once. Malformed parts are empty and have a warning.
    ///
    /// # Errors
    /// Only when the root itself is no directory.
    pub fn snapshot(&self) -> Result<Snapshot> {
        View::open(&self.config).map(|view| view.snapshot())
    }
}

/// What DPDK arguments need to know of the pod beside its snapshot: [`Pod::eal_facts`] finds it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct EalFacts {
    /// The host name: `/proc/sys/kernel/hostname`, else `/etc/hostname`. It stands in the prefix of
    /// DPDK's files where the pod's UID is unknown.
    pub host_name: Option<String>,
    /// The tokens that VFIO asks for virtual functions, by device, of the `PCIDEVICE_*_INFO`
    /// variables. They are secrets, and a snapshot is shown to people.
    pub vf_tokens: Vec<(PciAddress, String)>,
    /// The receive queues of each netdev in the pod, which AF_XDP ports can't have more of; one for
    /// a virtual netdev such as a veth, which DPDK takes to have no more.
    pub rx_queues: Vec<(String, u32)>,
    /// The names of the tap devices in this network namespace, which net_tap opens.
    pub taps: Vec<String>,
}

fn host_name(root: &Root) -> Option<String> {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .into_iter()
        .find_map(|path| root.text(path).ok().flatten().filter(|name| !name.is_empty()))
}

fn vf_tokens(root: &Root) -> Vec<(PciAddress, String)> {
    let variables = root.environment().unwrap_or_default().into_iter();
    let plugins = variables.filter(|(name, _)| name.starts_with(pcidevice::PREFIX));
    plugins.flat_map(|(_, value)| pcidevice::vf_tokens(&value)).collect()
}

/// One look at the pod: every file is read at most once through it.
pub(crate) struct View<'a> {
    pub root: Root,
    config: &'a PodBuilder,
}

impl<'a> View<'a> {
    pub fn open(config: &'a PodBuilder) -> Result<View<'a>> {
        Ok(View { root: Root::open(&config.root)?, config })
    }

    fn snapshot(&self) -> Snapshot {
        let mut findings = Findings::default();
        let downward = self.downward_api(&mut findings);
        self.snapshot_of(&downward, findings)
    }

    /// Everything, with what was read of the Downward API before, and found in doing so.
    pub fn snapshot_of(&self, downward: &DownwardApi, mut findings: Findings) -> Snapshot {
        let cgroups = self.cgroups(&mut findings);
        let container = self.container(&mut findings);
        let cpus = cpu::read(&self.root, &cgroups, &mut findings);
        let own = container.as_deref();
        let hugepages = hugepages::read(&self.root, &cgroups, downward, own, &mut findings);
        let (read, _) = self.interfaces(downward, &mut findings);
        let Interfaces { state, pending_networks, interfaces, unmatched_devices } = read;
        Snapshot {
            schema: SCHEMA,
            pod: identity::read(downward, &cgroups, &mut findings),
            container,
            state,
            pending_networks,
            cpus,
            hugepages,
            interfaces,
            unmatched_devices,
            claims: Vec::new(),
            warnings: findings.into_warnings(),
        }
    }

    fn cgroups(&self, findings: &mut Findings) -> Cgroups {
        Cgroups::read(&self.root, findings)
    }

    /// The interfaces, each with the network-status entry it was made from.
    pub fn attachments(&self) -> Result<(Interfaces, Vec<NetworkStatus>)> {
        let mut findings = Findings::default();
        let downward = self.downward_api(&mut findings);
        let read = self.interfaces(&downward, &mut findings);
        findings.into_result(read)
    }

    /// Where on the running system the Downward API is mounted, or would be.
    pub fn downward_api_host_path(&self) -> Option<PathBuf> {
        let configured = self.configured_downward_api();
        self.root.host_path(downward_api::directory(&self.root, configured.as_deref()))
    }

    fn configured_downward_api(&self) -> Option<Cow<'_, str>> {
        self.config.downward_api.as_ref().map(|path| path.to_string_lossy())
    }

    pub fn downward_api(&self, findings: &mut Findings) -> DownwardApi {
        let configured = self.configured_downward_api();
        let read = DownwardApi::read(&self.root, configured.as_deref());
        findings.take(read).unwrap_or_default()
    }

    fn container(&self, findings: &mut Findings) -> Option<String> {
        let from_environment = || {
            let environment = findings.take(self.root.environment())?;
            let name = String::from_utf8(environment.get("CONTAINER_NAME")?.clone()).ok()?;
            Some(name).filter(|name| !name.is_empty())
        };
        self.config.container.clone().or_else(from_environment)
    }

    fn interfaces(
        &self,
        downward: &DownwardApi,
        findings: &mut Findings,
    ) -> (Interfaces, Vec<NetworkStatus>) {
        interfaces::read(&self.root, downward, self.config.assign_by_order, findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_snapshot_opens_nothing_twice() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/pods");
        for sample in ["sr-iov", "vdpa", "memif"] {
            let pod = Pod::builder().root(format!("{samples}/{sample}")).build();
            let view = View::open(&pod.config).unwrap();
            let snapshot = view.snapshot();
            assert!(snapshot.interfaces.len() > 1, "{sample}");
            let opened = view.root.opened.borrow();
            let mut seen = HashSet::new();
            let again: Vec<_> = opened.iter().filter(|path| !seen.insert(*path)).collect();
            assert!(again.is_empty() && opened.len() > 10, "{sample}: opened again: {again:?}");
        }
    }
}
