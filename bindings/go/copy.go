package podnet

// #include <podnet.h>
import "C"

import "unsafe"

// list copies an array of C's. It is empty, not nil, for none.
func list[From, To any](first *From, length C.size_t, copied func(*From) To) []To {
	items := make([]To, 0, length)
	if first == nil {
		return items
	}
	from := unsafe.Slice(first, int(length))
	for i := range from {
		items = append(items, copied(&from[i]))
	}
	return items
}

func text(text **C.char) string { return C.GoString(*text) }

func stringList(strings *C.struct_podnet_strings) []string {
	return list(strings.items, strings.len, text)
}

func number(value C.uint64_t) *uint64 {
	if value == C.PODNET_NONE {
		return nil
	}
	number := uint64(value)
	return &number
}

func index(value C.int64_t) *int {
	if value < 0 {
		return nil
	}
	number := int(value)
	return &number
}

func answer(value C.uint32_t) *bool {
	if value == C.PODNET_UNKNOWN {
		return nil
	}
	yes := value == C.PODNET_YES
	return &yes
}

// name is the one at the place of a constant; a constant that is newer than
// this package has none.
func name[Name ~string](names []Name, value C.uint32_t) Name {
	if int(value) < len(names) {
		return names[value]
	}
	return ""
}

// The names of constants, each at the place that is its value.
var (
	exclusives       = []Exclusive{ExclusiveUnknown, ExclusiveYes, ExclusiveNo}
	exclusiveReasons = []ExclusiveReason{
		"", ReasonSharedCPUs, ReasonQuota, ReasonAllOnline, ReasonIsolatedCPUs,
	}
	cgroups      = []string{"", "v1", "v2"}
	limitSources = []LimitSource{"", LimitDownwardAPI, LimitCgroup, LimitDRA, LimitMount}
	states       = []State{StateNoAnnotations, StateNoStatus, StatePending, StateComplete}
	kinds        = []Kind{
		KindUnknown, KindHost, KindSRIOV, KindPCI, KindVDPA, KindVhostUser, KindMemif, KindAFXDP,
		KindSubfunction,
	}
	evidences = []Evidence{
		"", EvidenceDeviceInfo, EvidenceDRA, EvidenceNetdev, EvidenceIfalias, EvidenceMAC,
		EvidenceUserspace, EvidenceOnlyCandidate, EvidenceOrder,
	}
	unmatchedTypes = []UnmatchedType{
		"", UnmatchedPCI, UnmatchedSubfunction, UnmatchedAccelerator, UnmatchedAFXDP, UnmatchedVDPA,
	}
	vhostModes = []string{"", "client", "server"}
	memifRoles = []string{"", "master", "slave"}
	memifModes = []string{"", "ethernet", "ip", "inject-punt"}
)

func cpuSet(set *C.struct_podnet_cpuset) *CPUSet {
	if set.list == nil {
		return nil
	}
	ids := list(set.ids, set.len, func(id *C.uint32_t) int { return int(*id) })
	return &CPUSet{List: C.GoString(set.list), IDs: ids}
}

// someCPUSet is for a set that every result has.
func someCPUSet(set *C.struct_podnet_cpuset) CPUSet {
	if found := cpuSet(set); found != nil {
		return *found
	}
	return CPUSet{}
}

func goCPUInfo(info *C.struct_podnet_cpu_info) *CPUInfo {
	var quota *float64
	if info.quota >= 0 {
		value := float64(info.quota)
		quota = &value
	}
	return &CPUInfo{
		Allowed:         someCPUSet(&info.allowed),
		Count:           int(info.allowed.len),
		Exclusive:       name(exclusives, info.exclusive),
		ExclusiveReason: name(exclusiveReasons, info.exclusive_reason),
		Isolated:        cpuSet(&info.isolated),
		Shared:          cpuSet(&info.shared),
		Housekeeping:    cpuSet(&info.housekeeping),
		Quota:           quota,
		MemoryNodes:     cpuSet(&info.memory_nodes),
		Nodes: list(info.nodes, info.nodes_len, func(node *C.struct_podnet_node_cpus) NodeCPUs {
			return NodeCPUs{Node: int(node.node), CPUs: someCPUSet(&node.cpus)}
		}),
		Cores: list(info.cores, info.cores_len, func(core *C.struct_podnet_core) CPUSet {
			return someCPUSet(&core.cpus)
		}),
		Sources: CPUSources{
			Affinity: cpuSet(&info.affinity),
			Cpuset:   cpuSet(&info.cpuset),
			Cgroup:   name(cgroups, info.cgroup_version),
		},
	}
}

func goHugepages(all *C.struct_podnet_hugepages) *Hugepages {
	return &Hugepages{
		Pages:      list(all.pages, all.pages_len, pageSize),
		Containers: list(all.containers, all.containers_len, containerHugepages),
	}
}

func pageSize(page *C.struct_podnet_page_size) PageSize {
	return PageSize{
		Size:        uint64(page.size),
		Request:     number(page.request),
		Limit:       number(page.limit),
		Used:        number(page.used),
		LimitSource: name(limitSources, page.limit_source),
		Mounts:      stringList(&page.mounts),
		Nodes: list(page.nodes, page.nodes_len, func(node *C.struct_podnet_node_pages) NodePages {
			return NodePages{
				Node:       int(node.node),
				TotalPages: uint64(node.total_pages),
				FreePages:  uint64(node.free_pages),
			}
		}),
	}
}

func containerHugepages(container *C.struct_podnet_container_hugepages) ContainerHugepages {
	return ContainerHugepages{
		Name:    C.GoString(container.name),
		Size:    uint64(container.size),
		Request: number(container.request),
		Limit:   number(container.limit),
	}
}

func goInterfaces(all *C.struct_podnet_interfaces) *Interfaces {
	return &Interfaces{
		State:           name(states, all.state),
		PendingNetworks: stringList(&all.pending_networks),
		Interfaces:      list(all.interfaces, all.interfaces_len, goInterface),
		UnmatchedDevices: list(all.unmatched_devices, all.unmatched_devices_len,
			func(device *C.struct_podnet_unmatched_device) UnmatchedDevice {
				return UnmatchedDevice{
					Type:     name(unmatchedTypes, device.device_type),
					Address:  C.GoString(device.address),
					Own:      answer(device.own),
					Source:   C.GoString(device.source),
					Hardware: hardware(device.hardware),
				}
			}),
	}
}

func goInterface(nic *C.struct_podnet_interface) Interface {
	return Interface{
		Name:     C.GoString(nic.name),
		Network:  C.GoString(nic.network),
		Kind:     name(kinds, nic.kind),
		Default:  nic.is_default == 1,
		MAC:      C.GoString(nic.mac),
		MTU:      number(nic.mtu),
		IPs:      stringList(&nic.ips),
		Gateways: stringList(&nic.gateways),
		DNS: DNS{
			Nameservers: stringList(&nic.dns.nameservers),
			Domain:      C.GoString(nic.dns.domain),
			Search:      stringList(&nic.dns.search),
			Options:     stringList(&nic.dns.options),
		},
		Evidence: name(evidences, nic.evidence),
		Own:      answer(nic.own),
		Device:   device(nic.device),
		Hardware: hardware(nic.hardware),
		Sources:  stringList(&nic.sources),
	}
}

func device(found *C.struct_podnet_device) *Device {
	if found == nil {
		return nil
	}
	device := &Device{Type: C.GoString(found.type_name), Version: C.GoString(found.version)}
	if pci := found.pci; pci != nil {
		device.PCI = &PCIDevice{
			Address:     C.GoString(pci.address),
			PFAddress:   C.GoString(pci.pf_address),
			VhostNet:    C.GoString(pci.vhost_net),
			RDMADevices: stringList(&pci.rdma_devices),
			Representor: C.GoString(pci.representor),
		}
	}
	if vdpa := found.vdpa; vdpa != nil {
		device.VDPA = &VDPADevice{
			ParentDevice: C.GoString(vdpa.parent_device),
			Driver:       C.GoString(vdpa.driver),
			Path:         C.GoString(vdpa.path),
			PCIAddress:   C.GoString(vdpa.pci_address),
			PFAddress:    C.GoString(vdpa.pf_address),
			Representor:  C.GoString(vdpa.representor),
		}
	}
	if socket := found.vhost_user; socket != nil {
		device.VhostUser = &VhostUserDevice{
			Mode: name(vhostModes, socket.mode),
			Path: C.GoString(socket.path),
		}
	}
	if socket := found.memif; socket != nil {
		device.Memif = &MemifDevice{
			Role: name(memifRoles, socket.role),
			Mode: name(memifModes, socket.mode),
			Path: C.GoString(socket.path),
		}
	}
	if xdp := found.af_xdp; xdp != nil {
		device.AFXDP = &AFXDPDevice{
			Netdev: C.GoString(xdp.netdev),
			Socket: C.GoString(xdp.socket),
			Map:    C.GoString(xdp._map),
		}
	}
	if function := found.subfunction; function != nil {
		device.Subfunction = &SubfunctionDevice{
			Name:   C.GoString(function.name),
			Number: index(function.number),
			Parent: C.GoString(function.parent),
		}
	}
	return device
}

func hardware(found *C.struct_podnet_hardware) *Hardware {
	if found == nil {
		return nil
	}
	hardware := &Hardware{
		Vendor:           C.GoString(found.vendor),
		Device:           C.GoString(found.device),
		Class:            C.GoString(found.class_code),
		Driver:           C.GoString(found.driver),
		NUMANode:         index(found.numa_node),
		IOMMUGroup:       index(found.iommu_group),
		NoIOMMU:          found.no_iommu == 1,
		VFIO:             C.GoString(found.vfio),
		PhysicalFunction: C.GoString(found.physical_function),
		VirtualFunction:  index(found.virtual_function),
		Netdevs:          stringList(&found.netdevs),
		RDMADevices:      stringList(&found.rdma_devices),
	}
	if vdpa := found.vdpa; vdpa != nil {
		hardware.VDPA = &VDPAHardware{
			Name:       C.GoString(vdpa.name),
			Driver:     C.GoString(vdpa.driver),
			CharDevice: C.GoString(vdpa.char_device),
			Netdev:     C.GoString(vdpa.netdev),
		}
	}
	return hardware
}
