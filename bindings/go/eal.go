package podnet

// #include <podnet.h>
import "C"

// EALOptions says which arguments to make. Its zero value is EAL's arguments for
// every device of this container.
type EALOptions struct {
	// Program is the first argument; empty is "podnet".
	Program string
	// DPDKVersion is the release of the program's DPDK, such as "22.11"; empty is
	// the newest long-term release.
	DPDKVersion string
	// Networks takes only the devices of these: each the name of an interface,
	// "namespace/name" or "name".
	Networks []string
	// Args are more arguments: EAL's, then "--" and the program's own. An option
	// among them replaces the one that would be made; devices add.
	Args []string
	// FilePrefix is what sets DPDK's files apart; empty is made from the pod's UID
	// and the container's name.
	FilePrefix string
	// Memory is in bytes; 0 is the container's limit, or 512 MiB without
	// hugepages.
	Memory uint64
	// NoHuge runs without hugepages.
	NoHuge bool
	// Secondary attaches to the primary process with the same file prefix.
	Secondary bool
	// App is whose arguments follow EAL's.
	App App
	// Queues are the receive queues of each port; 0 is 1.
	Queues uint32
	// Workers are the lcores that forward packets; 0 is what queues and program
	// need.
	Workers uint32
	// MainCPU is the CPU of the main lcore; nil leaves the choice.
	MainCPU *uint32
	// AvoidSMT lets one CPU of each core become an lcore.
	AvoidSMT bool
	// IOVAMode is IOVADefault, IOVAVirtual or IOVAPhysical.
	IOVAMode IOVAMode
	// Netdevs is what becomes of kernel netdevs but for the default interface's.
	Netdevs Netdevs
	// NextHops are where packets are sent to, by l3fwd and testpmd: "NETWORK=MAC"
	// each, the network as in Networks.
	NextHops []string
	// RoutesIPv4 and RoutesIPv6 are the files that l3fwd is told to read its routes
	// from: both or none. Write those of EALArgs to them before it starts.
	RoutesIPv4, RoutesIPv6 string
}

// Netdevs is how kernel netdevs become ports.
type Netdevs uint32

// What becomes of kernel netdevs.
const (
	NetdevsSkip  Netdevs = C.PODNET_NETDEVS_SKIP
	NetdevsAFXDP Netdevs = C.PODNET_NETDEVS_AF_XDP
	NetdevsTap   Netdevs = C.PODNET_NETDEVS_TAP
)

// App is a program whose arguments are known.
type App uint32

// Whose arguments follow EAL's.
const (
	AppNone    App = C.PODNET_APP_NONE
	AppL3fwd   App = C.PODNET_APP_L3FWD
	AppL2fwd   App = C.PODNET_APP_L2FWD
	AppTestpmd App = C.PODNET_APP_TESTPMD
)

// IOVAMode is which addresses devices are given.
type IOVAMode uint32

// Which addresses devices are given.
const (
	// What the ports need.
	IOVADefault  IOVAMode = C.PODNET_IOVA_DEFAULT
	IOVAVirtual  IOVAMode = C.PODNET_IOVA_VA
	IOVAPhysical IOVAMode = C.PODNET_IOVA_PA
)

// EALArgs are arguments for DPDK, and what they stand for.
type EALArgs struct {
	// Args are the program's name, EAL's arguments, "--", the program's.
	Args []string `json:"args"`
	// EAL is how many of them come before the "--": rte_eal_init() takes
	// Args[:EAL].
	EAL int `json:"eal"`
	// Ports are in the order of their numbers.
	Ports []Port `json:"ports"`
	// Lcores are in the order of their numbers; the first is the main lcore.
	Lcores []Lcore `json:"lcores"`
	// Warnings tell what the arguments leave out, and what may keep them from
	// working.
	Warnings []Warning `json:"warnings"`
	// RoutesIPv4 and RoutesIPv6 have to be in the files of these options; empty
	// where none were asked for.
	RoutesIPv4 string `json:"routesIpv4,omitempty"`
	RoutesIPv6 string `json:"routesIpv6,omitempty"`
}

// Port is one DPDK port.
type Port struct {
	// ID is the port's number, if every port before it comes up.
	ID uint32 `json:"id"`
	// Interface is the pod's, Network that of the interface; both are empty for a
	// device that belongs to none.
	Interface string `json:"interface,omitempty"`
	Network   string `json:"network,omitempty"`
	// Devarg is the value of -a or --vdev.
	Devarg string `json:"devarg"`
	// Name is what DPDK calls the port.
	Name     string   `json:"name"`
	MAC      string   `json:"mac,omitempty"`
	IPs      []string `json:"ips"`
	NUMANode *int     `json:"numaNode"`
}

// Lcore is one lcore and the CPU that it runs on.
type Lcore struct {
	ID  uint32 `json:"id"`
	CPU uint32 `json:"cpu"`
}

// Warning is something to know about an answer.
type Warning struct {
	// Code is what kind of thing it is, such as "device-skipped".
	Code string `json:"code"`
	// Path is the file, variable, device or option that it is about.
	Path string `json:"path"`
	// Text is one line for people: what, why, and the next step.
	Text string `json:"text"`
}

// EALArgs makes arguments for DPDK.
func (p Pod) EALArgs(options EALOptions) (*EALArgs, error) {
	var kept allocations
	defer kept.free()
	given := options.given(&kept)
	if kept.err != nil {
		return nil, kept.err
	}
	var args *EALArgs
	err := p.with(func(pod *C.struct_podnet, failure *C.struct_podnet_error) C.int {
		var found *C.struct_podnet_eal_args
		code := C.podnet_eal_args_new(pod, given, &found, failure)
		if code == 0 {
			defer C.podnet_eal_args_free(found)
			args = goEALArgs(found)
		}
		return code
	})
	return args, err
}

// given is the options as C has them.
func (o *EALOptions) given(kept *allocations) *C.struct_podnet_eal_options {
	given := new(C.struct_podnet_eal_options)
	given.size = C.sizeof_struct_podnet_eal_options
	given.program = kept.text(o.Program)
	given.dpdk_version = kept.text(o.DPDKVersion)
	given.networks, given.networks_len = kept.texts(o.Networks)
	given.args, given.args_len = kept.texts(o.Args)
	given.file_prefix = kept.text(o.FilePrefix)
	given.memory = C.uint64_t(o.Memory)
	if o.NoHuge {
		given.flags |= C.PODNET_EAL_NO_HUGE
	}
	if o.Secondary {
		given.flags |= C.PODNET_EAL_SECONDARY
	}
	if o.MainCPU != nil {
		given.flags |= C.PODNET_EAL_MAIN_CPU
		given.main_cpu = C.uint32_t(*o.MainCPU)
	}
	given.app = C.uint32_t(o.App)
	given.queues = C.uint32_t(o.Queues)
	given.workers = C.uint32_t(o.Workers)
	if o.AvoidSMT {
		given.smt = C.PODNET_SMT_AVOID
	}
	given.iova_mode = C.uint32_t(o.IOVAMode)
	given.netdevs = C.uint32_t(o.Netdevs)
	given.next_hops, given.next_hops_len = kept.texts(o.NextHops)
	given.routes_ipv4 = kept.text(o.RoutesIPv4)
	given.routes_ipv6 = kept.text(o.RoutesIPv6)
	return given
}

func goEALArgs(found *C.struct_podnet_eal_args) *EALArgs {
	return &EALArgs{
		Args: list(found.argv, C.size_t(found.argc), text),
		EAL:  int(found.eal_argc),
		Ports: list(found.ports, found.ports_len, func(port *C.struct_podnet_port) Port {
			return Port{
				ID:        uint32(port.id),
				Interface: C.GoString(port.interface_name),
				Network:   C.GoString(port.network),
				Devarg:    C.GoString(port.devarg),
				Name:      C.GoString(port.name),
				MAC:       C.GoString(port.mac),
				IPs:       stringList(&port.ips),
				NUMANode:  index(port.numa_node),
			}
		}),
		Lcores: list(found.lcores, found.lcores_len, func(lcore *C.struct_podnet_lcore) Lcore {
			return Lcore{ID: uint32(lcore.id), CPU: uint32(lcore.cpu)}
		}),
		Warnings: list(found.warnings, found.warnings_len, func(w *C.struct_podnet_warning) Warning {
			return Warning{
				Code: C.GoString(w.code),
				Path: C.GoString(w.path),
				Text: C.GoString(w.text),
			}
		}),
		RoutesIPv4: C.GoString(found.routes_ipv4),
		RoutesIPv6: C.GoString(found.routes_ipv6),
	}
}
