//! The answers, as plain data: what `podnet show --json` prints.
//!
//! One schema for the command, the C function `podnet_get_json()` and the
//! bindings. Keys are added, never renamed; a value that no source gives is
//! `null` or an empty list and never left out. Sizes are bytes, CPU lists are
//! Linux lists (`2-5,34`), addresses are lower case.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::parse::cpulist::CpuSet;
use crate::parse::pci::PciAddress;
use crate::warning::Warning;

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
    /// The namespace.
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

/// The hugepages of this container.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Hugepages {
    /// One entry per page size that any source names, smallest first.
    pub pages: Vec<PageSize>,
    /// What the Downward API says of each container of the pod.
    pub containers: Vec<ContainerHugepages>,
}

/// What this container may use of one page size. All sizes are bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PageSize {
    /// The size of a page.
    pub size: u64,
    /// The request in the pod's specification.
    pub request: Option<u64>,
    /// The least that any source states; `None` is *unknown*, never *unlimited*.
    pub limit: Option<u64>,
    /// What the cgroup has charged.
    pub used: Option<u64>,
    /// Where `limit` came from.
    pub limit_source: Option<LimitSource>,
    /// Where hugetlbfs of this size is mounted.
    pub mounts: Vec<String>,
    /// The pools of each NUMA node. They are the node's, not the container's.
    pub nodes: Vec<NodePages>,
}

/// Where a hugepage limit came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LimitSource {
    /// A `hugepages_<size>_limit_<container>` file.
    DownwardApi,
    /// The hugetlb controller, fault or reservation limit.
    Cgroup,
    /// A DRA memory driver.
    Dra,
    /// The `size=` option of the mount.
    Mount,
}

/// The pages of one size on one NUMA node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NodePages {
    /// The node's number.
    pub node: u32,
    /// Pages in its pool.
    pub total_pages: u64,
    /// Pages of it that are free.
    pub free_pages: u64,
}

/// What the Downward API says of one container and one page size, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerHugepages {
    /// The container.
    pub name: String,
    /// The size of a page.
    pub size: u64,
    /// Its request.
    pub request: Option<u64>,
    /// Its limit.
    pub limit: Option<u64>,
}

/// The interfaces of the pod, and the devices behind them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Interfaces {
    /// How far the networks of the pod have come.
    pub state: State,
    /// Requested networks that have no status yet.
    pub pending_networks: Vec<String>,
    /// One entry per attachment, in the order of network-status.
    pub interfaces: Vec<Interface>,
    /// Allocated devices that no evidence ties to an interface.
    pub unmatched_devices: Vec<UnmatchedDevice>,
}

/// One attachment of the pod to a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Interface {
    /// The interface's name in the pod; DPDK devices have one without a netdev.
    pub name: Option<String>,
    /// The network: `namespace/name` of its definition, or the CNI's own name.
    pub network: String,
    /// What stands behind the interface.
    pub kind: Kind,
    /// Whether it is the pod's default network.
    pub default: bool,
    /// The MAC address, lower case.
    pub mac: Option<String>,
    /// The MTU in bytes.
    pub mtu: Option<u64>,
    /// Addresses, with a prefix only where a source gives one.
    pub ips: Vec<String>,
    /// Gateways of the default routes.
    pub gateways: Vec<String>,
    /// What the CNI said of name resolution.
    pub dns: Dns,
    /// Why `device` is taken to belong to this interface; `None` without a device.
    pub evidence: Option<Evidence>,
    /// Whether the device is this container's; `None` where nothing tells.
    pub own: Option<bool>,
    /// The device.
    pub device: Option<Device>,
    /// What this kernel shows of the device.
    pub hardware: Option<Hardware>,
    /// Where all this came from.
    pub sources: Vec<String>,
}

/// What stands behind an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A kernel netdev without a device of its own.
    Host,
    /// A PCI virtual function.
    SrIov,
    /// Another PCI device.
    Pci,
    /// A vDPA device.
    Vdpa,
    /// A vhost-user socket.
    VhostUser,
    /// A memif socket.
    Memif,
    /// An AF_XDP device.
    AfXdp,
    /// A device-info type this version does not know.
    Unknown,
}

/// Why a device is taken to belong to an interface, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Evidence {
    /// `device-info` of the attachment in network-status.
    DeviceInfo,
    /// DRA metadata names the interface, or has the same PCI address.
    Dra,
    /// A netdev of the PCI device has the interface's name.
    Netdev,
    /// The interface's alias is the PCI address.
    Ifalias,
    /// The interface's MAC is the virtual function's, and no other's.
    Mac,
    /// The userspace CNI's own data names the interface.
    Userspace,
    /// One interface and one device were left.
    OnlyCandidate,
    /// By position, because the caller asked for it.
    Order,
}

/// `dns` of a network-status entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Dns {
    /// Addresses of name servers.
    pub nameservers: Vec<String>,
    /// The local domain.
    pub domain: Option<String>,
    /// Search domains.
    pub search: Vec<String>,
    /// Resolver options.
    pub options: Vec<String>,
}

/// A device, in the terms of the Device Information Spec.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// The version of the specification its device-info names.
    pub version: Option<String>,
    /// The device itself.
    pub detail: DeviceDetail,
}

/// The parts of [`Device`] that depend on its type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceDetail {
    /// A PCI device.
    Pci(PciDevice),
    /// A vDPA device.
    Vdpa(VdpaDevice),
    /// A vhost-user socket.
    VhostUser(VhostUserDevice),
    /// A memif socket.
    Memif(MemifDevice),
    /// An AF_XDP device.
    AfXdp(AfXdpDevice),
    /// A type this version does not know, by its name.
    Unknown(String),
}

/// `pci` of a device-info, Device Information Spec 1.1.0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PciDevice {
    /// The device's address.
    pub address: PciAddress,
    /// The address of its physical function.
    pub pf_address: Option<PciAddress>,
    /// The path of its vhost-net device.
    pub vhost_net: Option<String>,
    /// The names of its RDMA devices.
    pub rdma_devices: Vec<String>,
    /// The name of its representor.
    pub representor: Option<String>,
}

/// `vdpa` of a device-info.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VdpaDevice {
    /// Its name under `/sys/bus/vdpa/devices`.
    pub parent_device: Option<String>,
    /// `vhost` or `virtio`.
    pub driver: Option<String>,
    /// The character device of the `vhost` driver.
    pub path: Option<String>,
    /// The address of the PCI device it is made of.
    pub pci_address: Option<PciAddress>,
    /// The address of that device's physical function.
    pub pf_address: Option<PciAddress>,
    /// The name of its representor.
    pub representor: Option<String>,
}

/// `vhost-user` of a device-info.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VhostUserDevice {
    /// The part the application plays.
    pub mode: Option<VhostMode>,
    /// The socket.
    pub path: Option<String>,
}

/// The part the application plays on a vhost-user socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VhostMode {
    /// The host makes the socket, the application connects.
    Client,
    /// The application makes the socket.
    Server,
}

/// `memif` of a device-info.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MemifDevice {
    /// The part the application plays.
    pub role: Option<MemifRole>,
    /// What is carried.
    pub mode: Option<MemifMode>,
    /// The socket.
    pub path: Option<String>,
}

/// The part the application plays on a memif socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MemifRole {
    /// The application makes the socket.
    Master,
    /// The host makes the socket, the application connects.
    Slave,
}

/// What a memif carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MemifMode {
    /// Ethernet frames.
    Ethernet,
    /// IP packets.
    Ip,
    /// Inject and punt.
    InjectPunt,
}

/// A device of the AF_XDP device plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AfXdpDevice {
    /// The netdev.
    pub netdev: String,
    /// The socket that hands out the XSK map.
    pub socket: Option<String>,
    /// The pinned XSK map.
    pub map: Option<String>,
}

/// What this kernel shows of a PCI or vDPA device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Hardware {
    /// The PCI vendor, four hexadecimal digits.
    pub vendor: Option<String>,
    /// The PCI device, four hexadecimal digits.
    pub device: Option<String>,
    /// The PCI class, six hexadecimal digits.
    pub class: Option<String>,
    /// The kernel driver bound to it.
    pub driver: Option<String>,
    /// The NUMA node it is on.
    pub numa_node: Option<u32>,
    /// Its IOMMU group.
    pub iommu_group: Option<u32>,
    /// The VFIO node of that group, where `vfio-pci` drives the device.
    pub vfio: Option<String>,
    /// The physical function it is a virtual function of.
    pub physical_function: Option<PciAddress>,
    /// Its index among the virtual functions, from 0.
    pub virtual_function: Option<u32>,
    /// Its netdevs in this network namespace.
    pub netdevs: Vec<String>,
    /// Its RDMA devices.
    pub rdma_devices: Vec<String>,
    /// The vDPA device on it.
    pub vdpa: Option<VdpaHardware>,
}

/// What this kernel shows of a vDPA device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VdpaHardware {
    /// Its name under `/sys/bus/vdpa/devices`.
    pub name: String,
    /// The driver on the vDPA bus: `vhost_vdpa` or `virtio_vdpa`.
    pub driver: Option<String>,
    /// Its character device, for `vhost_vdpa`.
    pub char_device: Option<String>,
    /// Its netdev, for `virtio_vdpa`.
    pub netdev: Option<String>,
}

/// An allocated device that no evidence ties to an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnmatchedDevice {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: UnmatchedKind,
    /// The identifier its source gave.
    pub address: String,
    /// Whether it is this container's.
    pub own: Option<bool>,
    /// The variable that lists it.
    pub source: String,
    /// What this kernel shows of it.
    pub hardware: Option<Hardware>,
}

/// What an unmatched device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum UnmatchedKind {
    /// A PCI network function.
    Pci,
    /// A subfunction on the auxiliary bus.
    Subfunction,
    /// A PCI device of another class.
    Accelerator,
    /// An AF_XDP netdev.
    AfXdp,
    /// A vDPA device.
    Vdpa,
}

/// A resource claim, filled by the DRA sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Claim {
    /// The claim's name.
    pub name: String,
}

impl Interface {
    /// The address of the PCI device behind the interface, a vDPA device's own one included.
    pub fn pci_address(&self) -> Option<PciAddress> {
        self.device.as_ref()?.pci_address()
    }
}

impl Device {
    /// The type as device-info spells it.
    pub fn type_name(&self) -> &str {
        match &self.detail {
            DeviceDetail::Pci(_) => "pci",
            DeviceDetail::Vdpa(_) => "vdpa",
            DeviceDetail::VhostUser(_) => "vhost-user",
            DeviceDetail::Memif(_) => "memif",
            DeviceDetail::AfXdp(_) => "af-xdp",
            DeviceDetail::Unknown(name) => name,
        }
    }

    /// The address of the PCI device, a vDPA device's own one included.
    pub fn pci_address(&self) -> Option<PciAddress> {
        match &self.detail {
            DeviceDetail::Pci(pci) => Some(pci.address),
            DeviceDetail::Vdpa(vdpa) => vdpa.pci_address,
            _ => None,
        }
    }
}

impl Serialize for Device {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize, Default)]
        #[serde(rename_all = "camelCase")]
        struct Flat<'a> {
            r#type: &'a str,
            version: Option<&'a str>,
            pci: Option<&'a PciDevice>,
            vdpa: Option<&'a VdpaDevice>,
            vhost_user: Option<&'a VhostUserDevice>,
            memif: Option<&'a MemifDevice>,
            af_xdp: Option<&'a AfXdpDevice>,
        }
        let mut flat =
            Flat { r#type: self.type_name(), version: self.version.as_deref(), ..Flat::default() };
        match &self.detail {
            DeviceDetail::Pci(pci) => flat.pci = Some(pci),
            DeviceDetail::Vdpa(vdpa) => flat.vdpa = Some(vdpa),
            DeviceDetail::VhostUser(vhost_user) => flat.vhost_user = Some(vhost_user),
            DeviceDetail::Memif(memif) => flat.memif = Some(memif),
            DeviceDetail::AfXdp(af_xdp) => flat.af_xdp = Some(af_xdp),
            DeviceDetail::Unknown(_) => {}
        }
        flat.serialize(serializer)
    }
}

/// Prints the kebab-case name that JSON has for a unit variant.
macro_rules! display_as_json {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.serialize(f)
            }
        }
    )*};
}
display_as_json!(
    State,
    Exclusive,
    ExclusiveReason,
    CgroupVersion,
    LimitSource,
    Kind,
    Evidence,
    VhostMode,
    MemifRole,
    MemifMode,
    UnmatchedKind
);
