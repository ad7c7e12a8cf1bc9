package podnet

// A CPUSet is a set of CPUs or of NUMA nodes.
type CPUSet struct {
	// List is as Linux writes it, such as "2-5,34".
	List string
	// IDs are the numbers, ascending.
	IDs []int
}

// String returns the List.
func (s CPUSet) String() string { return s.List }

// MarshalText returns the List.
func (s CPUSet) MarshalText() ([]byte, error) { return []byte(s.List), nil }

// CPUInfo is the CPUs of this container.
type CPUInfo struct {
	// Allowed is where this process may run: its affinity.
	Allowed CPUSet `json:"allowed"`
	Count   int    `json:"count"`
	// Exclusive tells whether they are ours alone, and ExclusiveReason what says
	// so; it is empty where Exclusive is unknown.
	Exclusive       Exclusive       `json:"exclusive"`
	ExclusiveReason ExclusiveReason `json:"exclusiveReason,omitempty"`
	// Isolated are the CPUs that no other container uses, Shared those that others
	// use too, Housekeeping those that also take interrupts, where a source
	// names them.
	Isolated     *CPUSet `json:"isolated"`
	Shared       *CPUSet `json:"shared"`
	Housekeeping *CPUSet `json:"housekeeping"`
	// Quota is the CFS quota in CPUs, such as 1.5.
	Quota *float64 `json:"quota"`
	// MemoryNodes are the NUMA nodes that memory may come from.
	MemoryNodes *CPUSet `json:"memoryNodes"`
	// Nodes are the allowed CPUs by NUMA node, Cores by physical core.
	Nodes   []NodeCPUs `json:"nodes"`
	Cores   []CPUSet   `json:"cores"`
	Sources CPUSources `json:"sources"`
}

// NodeCPUs is the allowed CPUs of one NUMA node.
type NodeCPUs struct {
	Node int    `json:"node"`
	CPUs CPUSet `json:"cpus"`
}

// CPUSources is what the sources of a CPUInfo said.
type CPUSources struct {
	// Affinity is what sched_getaffinity(2) says, or proc/self/status under
	// another root.
	Affinity *CPUSet `json:"affinity"`
	// Cpuset is the cgroup's effective one.
	Cpuset *CPUSet `json:"cpuset"`
	// Cgroup is "v1" or "v2", the hierarchy that Cpuset is from.
	Cgroup string `json:"cgroup,omitempty"`
}

// Exclusive tells whether CPUs are this container's alone.
type Exclusive string

// Whether CPUs are this container's alone.
const (
	ExclusiveUnknown Exclusive = "unknown"
	ExclusiveYes     Exclusive = "yes"
	ExclusiveNo      Exclusive = "no"
)

// ExclusiveReason is what tells whether CPUs are this container's alone.
type ExclusiveReason string

// What tells whether CPUs are this container's alone.
const (
	// No: shared CPUs are among them.
	ReasonSharedCPUs ExclusiveReason = "shared-cpus"
	// No: the quota is below their number.
	ReasonQuota ExclusiveReason = "quota"
	// No: they are every online CPU.
	ReasonAllOnline ExclusiveReason = "all-online"
	// Yes: a source names them as isolated.
	ReasonIsolatedCPUs ExclusiveReason = "isolated-cpus"
)

// Hugepages is the hugepages of this container.
type Hugepages struct {
	// Pages has every page size that a source names, smallest first.
	Pages []PageSize `json:"pages"`
	// Containers is what the Downward API says of each container of the pod.
	Containers []ContainerHugepages `json:"containers"`
}

// PageSize is what this container may use of one page size, in bytes.
type PageSize struct {
	Size    uint64  `json:"size"`
	Request *uint64 `json:"request"`
	// Limit is the least that any source states; nil is unknown, never unlimited.
	Limit *uint64 `json:"limit"`
	// Used is what the cgroup has charged.
	Used        *uint64     `json:"used"`
	LimitSource LimitSource `json:"limitSource,omitempty"`
	// Mounts is where hugetlbfs of this size is mounted.
	Mounts []string `json:"mounts"`
	// Nodes are the pools of each NUMA node. They are the node's, not the
	// container's.
	Nodes []NodePages `json:"nodes"`
}

// NodePages is the pages of one size on one NUMA node.
type NodePages struct {
	Node       int    `json:"node"`
	TotalPages uint64 `json:"totalPages"`
	FreePages  uint64 `json:"freePages"`
}

// ContainerHugepages is what the Downward API says of one container and one page
// size, in bytes.
type ContainerHugepages struct {
	Name    string  `json:"name"`
	Size    uint64  `json:"size"`
	Request *uint64 `json:"request"`
	Limit   *uint64 `json:"limit"`
}

// LimitSource is where a hugepage limit is from.
type LimitSource string

// Where a hugepage limit is from.
const (
	LimitDownwardAPI LimitSource = "downward-api"
	LimitCgroup      LimitSource = "cgroup"
	LimitDRA         LimitSource = "dra"
	LimitMount       LimitSource = "mount"
)

// Interfaces is the interfaces of the pod and the devices behind them.
type Interfaces struct {
	// State tells how far the networks of the pod have come, and PendingNetworks
	// which of the requested ones have no status yet.
	State           State    `json:"state"`
	PendingNetworks []string `json:"pendingNetworks"`
	// Interfaces has one entry per attachment, in the order of network-status.
	Interfaces []Interface `json:"interfaces"`
	// UnmatchedDevices are allocated, but no evidence ties them to an interface.
	UnmatchedDevices []UnmatchedDevice `json:"unmatchedDevices"`
}

// State is how far the networks of a pod have come.
type State string

// How far the networks of a pod have come.
const (
	// There is no annotations file.
	StateNoAnnotations State = "no-annotations"
	// There is neither a status nor a request.
	StateNoStatus State = "no-status"
	// At least one requested network has no status yet.
	StatePending State = "pending"
	// Every requested network has its status.
	StateComplete State = "complete"
)

// Interface is one attachment of the pod to a network.
type Interface struct {
	// Name is in the pod; DPDK's devices have one without a netdev.
	Name string `json:"name,omitempty"`
	// Network is "namespace/name" of its definition, or the CNI's own name.
	Network string `json:"network"`
	Kind    Kind   `json:"kind"`
	// Default is true for the pod's default network.
	Default bool    `json:"default"`
	MAC     string  `json:"mac,omitempty"`
	MTU     *uint64 `json:"mtu"`
	// IPs have a prefix only where a source gives one.
	IPs      []string `json:"ips"`
	Gateways []string `json:"gateways"`
	DNS      DNS      `json:"dns"`
	// Evidence is why Device is taken to be this interface's.
	Evidence Evidence `json:"evidence,omitempty"`
	// Own tells whether the device is this container's.
	Own    *bool   `json:"own"`
	Device *Device `json:"device"`
	// Hardware is what this kernel shows of the device.
	Hardware *Hardware `json:"hardware"`
	// Sources are the annotations and variables that all this is from.
	Sources []string `json:"sources"`
}

// Kind is what stands behind an interface.
type Kind string

// What stands behind an interface.
const (
	// A device-info type that the library does not know.
	KindUnknown Kind = "unknown"
	// A kernel netdev without a device of its own.
	KindHost Kind = "host"
	// A PCI virtual function.
	KindSRIOV Kind = "sr-iov"
	// Another PCI device.
	KindPCI       Kind = "pci"
	KindVDPA      Kind = "vdpa"
	KindVhostUser Kind = "vhost-user"
	KindMemif     Kind = "memif"
	KindAFXDP     Kind = "af-xdp"
	// A subfunction of a PCI device.
	KindSubfunction Kind = "subfunction"
)

// Evidence is why a device is taken to be an interface's.
type Evidence string

// Why a device is taken to be an interface's, strongest first.
const (
	// The attachment's device-info in network-status.
	EvidenceDeviceInfo Evidence = "device-info"
	// DRA metadata names the interface, or has the same PCI address.
	EvidenceDRA Evidence = "dra"
	// A netdev of the PCI device has the interface's name.
	EvidenceNetdev Evidence = "netdev"
	// The interface's alias is the PCI address.
	EvidenceIfalias Evidence = "ifalias"
	// The interface's MAC address is the virtual function's, and no other's.
	EvidenceMAC Evidence = "mac"
	// The userspace CNI's own data names the interface.
	EvidenceUserspace Evidence = "userspace"
	// One interface and one device were left.
	EvidenceOnlyCandidate Evidence = "only-candidate"
	// By position, because the caller asked for it.
	EvidenceOrder Evidence = "order"
)

// DNS is what the CNI said of name resolution.
type DNS struct {
	Nameservers []string `json:"nameservers"`
	Domain      string   `json:"domain,omitempty"`
	Search      []string `json:"search"`
	Options     []string `json:"options"`
}

// Device is a device in the terms of the Device Information Spec. The member
// that Type names is set, the others are nil.
type Device struct {
	// Type is "pci", "vdpa", "vhost-user", "memif", "af-xdp", or one that the
	// library does not know.
	Type      string           `json:"type"`
	Version   string           `json:"version,omitempty"`
	PCI       *PCIDevice       `json:"pci"`
	VDPA      *VDPADevice      `json:"vdpa"`
	VhostUser *VhostUserDevice `json:"vhostUser"`
	Memif     *MemifDevice     `json:"memif"`
	AFXDP     *AFXDPDevice     `json:"afXdp"`

	Subfunction *SubfunctionDevice `json:"subfunction"`
}

// PCIDevice is a PCI device.
type PCIDevice struct {
	// Address is such as "0000:3b:02.6", PFAddress its physical function's.
	Address   string `json:"address"`
	PFAddress string `json:"pfAddress,omitempty"`
	// VhostNet is the path of its vhost-net device.
	VhostNet    string   `json:"vhostNet,omitempty"`
	RDMADevices []string `json:"rdmaDevices"`
	Representor string   `json:"representor,omitempty"`
}

// VDPADevice is a vDPA device.
type VDPADevice struct {
	// ParentDevice is its name under /sys/bus/vdpa/devices.
	ParentDevice string `json:"parentDevice,omitempty"`
	// Driver is "vhost" or "virtio", Path the character device of the first.
	Driver      string `json:"driver,omitempty"`
	Path        string `json:"path,omitempty"`
	PCIAddress  string `json:"pciAddress,omitempty"`
	PFAddress   string `json:"pfAddress,omitempty"`
	Representor string `json:"representor,omitempty"`
}

// VhostUserDevice is a vhost-user socket.
type VhostUserDevice struct {
	// Mode is the part that the application plays: "client" or "server".
	Mode string `json:"mode,omitempty"`
	Path string `json:"path,omitempty"`
}

// MemifDevice is a memif socket.
type MemifDevice struct {
	// Role is the part that the application plays: "master" or "slave".
	Role string `json:"role,omitempty"`
	// Mode is "ethernet", "ip" or "inject-punt".
	Mode string `json:"mode,omitempty"`
	Path string `json:"path,omitempty"`
}

// AFXDPDevice is a device of the AF_XDP device plugin.
type AFXDPDevice struct {
	Netdev string `json:"netdev"`
	// Socket hands out the XSK map, Map is the path of the pinned one.
	Socket string `json:"socket,omitempty"`
	Map    string `json:"map,omitempty"`
}

// SubfunctionDevice is a subfunction of a PCI device.
type SubfunctionDevice struct {
	// Name is such as "mlx5_core.sf.4", Number what it was made with, or nil.
	Name   string `json:"name"`
	Number *int   `json:"number"`
	// Parent is the address of the PCI device that it is part of.
	Parent string `json:"parent,omitempty"`
}

// Hardware is what this kernel shows of a PCI or vDPA device, or of a
// subfunction, whose vendor, device, class and NUMA node are its PCI device's.
type Hardware struct {
	// Vendor and Device have four hexadecimal digits, Class has six.
	Vendor string `json:"vendor,omitempty"`
	Device string `json:"device,omitempty"`
	Class  string `json:"class,omitempty"`
	// Driver is the kernel driver bound to it.
	Driver     string `json:"driver,omitempty"`
	NUMANode   *int   `json:"numaNode"`
	IOMMUGroup *int   `json:"iommuGroup"`
	// NoIOMMU tells that the group is vfio-noiommu.
	NoIOMMU bool `json:"noIommu"`
	// VFIO is the node of that group, where vfio-pci drives the device.
	VFIO string `json:"vfio,omitempty"`
	// PhysicalFunction is the address of the one that it is a virtual function
	// of, VirtualFunction its index among those, from 0.
	PhysicalFunction string        `json:"physicalFunction,omitempty"`
	VirtualFunction  *int          `json:"virtualFunction"`
	Netdevs          []string      `json:"netdevs"`
	RDMADevices      []string      `json:"rdmaDevices"`
	VDPA             *VDPAHardware `json:"vdpa"`
}

// VDPAHardware is what this kernel shows of a vDPA device.
type VDPAHardware struct {
	// Name is under /sys/bus/vdpa/devices.
	Name string `json:"name"`
	// Driver is "vhost_vdpa", with a CharDevice, or "virtio_vdpa", with a Netdev.
	Driver     string `json:"driver,omitempty"`
	CharDevice string `json:"charDevice,omitempty"`
	Netdev     string `json:"netdev,omitempty"`
}

// UnmatchedDevice is an allocated device that no evidence ties to an interface.
type UnmatchedDevice struct {
	Type UnmatchedType `json:"type"`
	// Address is the identifier that its source gave.
	Address string `json:"address"`
	// Own tells whether it is this container's.
	Own *bool `json:"own"`
	// Source is the variable that lists it.
	Source string `json:"source"`
	// Hardware is what this kernel shows of it.
	Hardware *Hardware `json:"hardware"`
}

// UnmatchedType is what an unmatched device is.
type UnmatchedType string

// What an unmatched device is.
const (
	// A PCI network function.
	UnmatchedPCI UnmatchedType = "pci"
	// A subfunction on the auxiliary bus.
	UnmatchedSubfunction UnmatchedType = "subfunction"
	// A PCI device that is no network function.
	UnmatchedAccelerator UnmatchedType = "accelerator"
	// A netdev of the AF_XDP device plugin.
	UnmatchedAFXDP UnmatchedType = "af-xdp"
	// A vDPA device.
	UnmatchedVDPA UnmatchedType = "vdpa"
)
