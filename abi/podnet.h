/*
 * podnet: what a Kubernetes pod was given - CPUs, hugepages and network
 * interfaces - and the arguments DPDK needs for it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Errors. A call that can fail returns 0 or a negative errno value. Its last
 * parameter may be NULL or point to a struct podnet_error of the caller's, which
 * is written on failure only. On failure *ret stays as it was. -ENOTRECOVERABLE
 * is a bug of this library; the process is unharmed.
 *
 * Memory. Results belong to the caller, who frees each with the function of its
 * name: everything a result points to goes with it. Results don't change, and
 * stay valid when the pod is closed.
 *
 * Threads. What a function takes as a const pointer may be used by several
 * threads at a time, what it takes as another pointer by one. There is no other
 * state: no thread, no signal handler, no last error.
 *
 * Strings are UTF-8. A NUL character inside one is shown as U+FFFD. A list that
 * a call takes has at most 65536 elements.
 *
 * Growth. A struct that begins with "size" may grow at its end, and so may
 * results; elements of arrays grow into "reserved". Members that are not used
 * must be zero.
 */


#ifndef PODNET_H
#define PODNET_H

/* Made by cbindgen from src/capi. To change it: PODNET_BLESS=1 cargo test --test headers */

#include <stddef.h>
#include <stdint.h>

/** The version of this header; podnet_version() is the library's. */
#define PODNET_VERSION "0.1.0"
#define PODNET_VERSION_MAJOR 0
#define PODNET_VERSION_MINOR 1
#define PODNET_VERSION_PATCH 0


/**
 * Devices without any evidence are given to interfaces by position: interfaces
 * in request order, devices by address. For podnet_config.flags.
 */
#define PODNET_ASSIGN_BY_ORDER 1

/**
 * Nothing tells. For members that are a question.
 */
#define PODNET_UNKNOWN 0

/**
 * It is so.
 */
#define PODNET_YES 1

/**
 * It is not so.
 */
#define PODNET_NO 2

/**
 * PODNET_NO: CPUs shared with other containers are among them.
 */
#define PODNET_EXCLUSIVE_SHARED_CPUS 1

/**
 * PODNET_NO: the quota is below their number.
 */
#define PODNET_EXCLUSIVE_QUOTA 2

/**
 * PODNET_NO: the cpuset is every online CPU.
 */
#define PODNET_EXCLUSIVE_ALL_ONLINE 3

/**
 * PODNET_YES: a source names them as isolated.
 */
#define PODNET_EXCLUSIVE_ISOLATED_CPUS 4

/**
 * A size or a number of bytes that no source gives: unknown, never unlimited.
 */
#define PODNET_NONE UINT64_MAX

/**
 * No source states a limit.
 */
#define PODNET_LIMIT_NONE 0

/**
 * A hugepages_<size>_limit_<container> file of the Downward API.
 */
#define PODNET_LIMIT_DOWNWARD_API 1

/**
 * The hugetlb controller of the cgroup.
 */
#define PODNET_LIMIT_CGROUP 2

/**
 * A memory driver of Dynamic Resource Allocation.
 */
#define PODNET_LIMIT_DRA 3

/**
 * The size of the mount.
 */
#define PODNET_LIMIT_MOUNT 4

/**
 * A type that this version does not know.
 */
#define PODNET_DEVICE_UNKNOWN 0

/**
 * A PCI device.
 */
#define PODNET_DEVICE_PCI 1

/**
 * A vDPA device.
 */
#define PODNET_DEVICE_VDPA 2

/**
 * A vhost-user socket.
 */
#define PODNET_DEVICE_VHOST_USER 3

/**
 * A memif socket.
 */
#define PODNET_DEVICE_MEMIF 4

/**
 * A device of the AF_XDP device plugin.
 */
#define PODNET_DEVICE_AF_XDP 5

/**
 * A subfunction on the auxiliary bus.
 */
#define PODNET_DEVICE_SUBFUNCTION 6

/**
 * The host makes the socket, the application connects.
 */
#define PODNET_VHOST_CLIENT 1

/**
 * The application makes the socket.
 */
#define PODNET_VHOST_SERVER 2

/**
 * The application makes the socket.
 */
#define PODNET_MEMIF_MASTER 1

/**
 * The host makes the socket, the application connects.
 */
#define PODNET_MEMIF_SLAVE 2

/**
 * Ethernet frames.
 */
#define PODNET_MEMIF_ETHERNET 1

/**
 * IP packets.
 */
#define PODNET_MEMIF_IP 2

/**
 * Inject and punt.
 */
#define PODNET_MEMIF_INJECT_PUNT 3

/**
 * A device-info type that this version does not know.
 */
#define PODNET_KIND_UNKNOWN 0

/**
 * A kernel netdev without a device of its own.
 */
#define PODNET_KIND_HOST 1

/**
 * A PCI virtual function.
 */
#define PODNET_KIND_SR_IOV 2

/**
 * Another PCI device.
 */
#define PODNET_KIND_PCI 3

/**
 * A vDPA device.
 */
#define PODNET_KIND_VDPA 4

/**
 * A vhost-user socket.
 */
#define PODNET_KIND_VHOST_USER 5

/**
 * A memif socket.
 */
#define PODNET_KIND_MEMIF 6

/**
 * A device of the AF_XDP device plugin.
 */
#define PODNET_KIND_AF_XDP 7

/**
 * A subfunction of a PCI device.
 */
#define PODNET_KIND_SUBFUNCTION 8

/**
 * There is no device.
 */
#define PODNET_EVIDENCE_NONE 0

/**
 * The attachment's device-info in network-status.
 */
#define PODNET_EVIDENCE_DEVICE_INFO 1

/**
 * DRA metadata names the interface, or has the same PCI address.
 */
#define PODNET_EVIDENCE_DRA 2

/**
 * A netdev of the device has the interface's name.
 */
#define PODNET_EVIDENCE_NETDEV 3

/**
 * The interface's alias is the PCI address.
 */
#define PODNET_EVIDENCE_IFALIAS 4

/**
 * The interface's MAC address is the virtual function's, and no other's.
 */
#define PODNET_EVIDENCE_MAC 5

/**
 * The userspace CNI's own data names the interface.
 */
#define PODNET_EVIDENCE_USERSPACE 6

/**
 * One interface and one device were left.
 */
#define PODNET_EVIDENCE_ONLY_CANDIDATE 7

/**
 * By position, because the caller asked for it.
 */
#define PODNET_EVIDENCE_ORDER 8

/**
 * There is no annotations file.
 */
#define PODNET_STATE_NO_ANNOTATIONS 0

/**
 * There is neither a status nor a request.
 */
#define PODNET_STATE_NO_STATUS 1

/**
 * At least one requested network has no status yet.
 */
#define PODNET_STATE_PENDING 2

/**
 * Every requested network has its status.
 */
#define PODNET_STATE_COMPLETE 3

/**
 * A PCI network function.
 */
#define PODNET_UNMATCHED_PCI 1

/**
 * A subfunction on the auxiliary bus.
 */
#define PODNET_UNMATCHED_SUBFUNCTION 2

/**
 * A PCI device that is no network function.
 */
#define PODNET_UNMATCHED_ACCELERATOR 3

/**
 * A netdev of the AF_XDP device plugin.
 */
#define PODNET_UNMATCHED_AF_XDP 4

/**
 * A vDPA device.
 */
#define PODNET_UNMATCHED_VDPA 5

/**
 * The interface is there now.
 */
#define PODNET_EVENT_ADDED 1

/**
 * The interface is gone.
 */
#define PODNET_EVENT_REMOVED 2

/**
 * Anything of the interface but its name and network is another.
 */
#define PODNET_EVENT_CHANGED 3

/**
 * Any other program: EAL arguments alone.
 */
#define PODNET_APP_NONE 0

/**
 * DPDK's l3fwd.
 */
#define PODNET_APP_L3FWD 1

/**
 * DPDK's l2fwd.
 */
#define PODNET_APP_L2FWD 2

/**
 * DPDK's testpmd.
 */
#define PODNET_APP_TESTPMD 3

/**
 * Both SMT siblings of a core may become lcores.
 */
#define PODNET_SMT_USE 0

/**
 * One CPU of each core may become an lcore.
 */
#define PODNET_SMT_AVOID 1

/**
 * What the ports need.
 */
#define PODNET_IOVA_DEFAULT 0

/**
 * Virtual addresses.
 */
#define PODNET_IOVA_VA 1

/**
 * Physical addresses.
 */
#define PODNET_IOVA_PA 2

/**
 * Kernel netdevs are left out.
 */
#define PODNET_NETDEVS_SKIP 0

/**
 * Kernel netdevs become ports by AF_XDP.
 */
#define PODNET_NETDEVS_AF_XDP 1

/**
 * Kernel netdevs become ports by net_tap: tap devices are opened, packets of
 * any other are redirected.
 */
#define PODNET_NETDEVS_TAP 2

/**
 * Run without hugepages.
 */
#define PODNET_EAL_NO_HUGE 1

/**
 * Attach to the primary process with the same file prefix.
 */
#define PODNET_EAL_SECONDARY 2

/**
 * podnet_eal_options.main_cpu counts.
 */
#define PODNET_EAL_MAIN_CPU 4

/**
 * A pod, as seen from inside one of its containers. Every call looks at it
 * afresh. Several threads may use one at a time.
 */
struct podnet;

/**
 * The changes of a pod's interfaces from podnet_watch_open() on.
 */
struct podnet_watch;

/**
 * How to look at a pod. Set size to sizeof(struct podnet_config) and everything
 * that you don't need to zero.
 */
struct podnet_config {
    /**
     * sizeof(struct podnet_config).
     */
    size_t size;
    /**
     * The directory that stands for "/"; NULL is "/". Under any other, the
     * environment is read from proc/self/environ below it.
     */
    const char *root;
    /**
     * The directory the Downward API is mounted at, as the pod sees it; NULL is
     * /etc/podnetinfo, or /etc/podinfo where that does not exist.
     */
    const char *downward_api_dir;
    /**
     * The name of the own container; NULL is the variable CONTAINER_NAME.
     */
    const char *container_name;
    /**
     * PODNET_ASSIGN_BY_ORDER or 0.
     */
    uint64_t flags;
};

/**
 * Why a call failed. The caller owns it; every call that takes one takes NULL
 * as well, and writes it on failure only.
 */
struct podnet_error {
    /**
     * What the call returned: a negative errno value.
     */
    int code;
    /**
     * One line, "path: what: why", UTF-8, cut to fit.
     */
    char text[1020];
};

/**
 * A set of CPUs or of NUMA nodes.
 */
struct podnet_cpuset {
    /**
     * As Linux lists it, such as "2-5,34". NULL when no source gives the set.
     */
    const char *list;
    /**
     * The numbers, ascending; NULL when there are none.
     */
    const uint32_t *ids;
    /**
     * How many they are.
     */
    size_t len;
};

/**
 * The allowed CPUs of one NUMA node.
 */
struct podnet_node_cpus {
    /**
     * The node's number.
     */
    int64_t node;
    /**
     * The allowed CPUs on it.
     */
    struct podnet_cpuset cpus;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * The allowed CPUs of one physical core.
 */
struct podnet_core {
    /**
     * SMT siblings.
     */
    struct podnet_cpuset cpus;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * The CPUs of this container.
 */
struct podnet_cpu_info {
    /**
     * The CPUs that this process may run on: its affinity.
     */
    struct podnet_cpuset allowed;
    /**
     * Whether they are ours alone: PODNET_YES, PODNET_NO or PODNET_UNKNOWN.
     */
    uint32_t exclusive;
    /**
     * What tells that: one of PODNET_EXCLUSIVE_, or 0.
     */
    uint32_t exclusive_reason;
    /**
     * The version of the cgroup hierarchy that cpuset is from, 1 or 2; 0
     * without one.
     */
    uint32_t cgroup_version;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * The CPUs that no other container uses, where a source names them.
     */
    struct podnet_cpuset isolated;
    /**
     * The CPUs shared with other containers, where a source names them.
     */
    struct podnet_cpuset shared;
    /**
     * The CPUs that also take interrupts, where a source names them.
     */
    struct podnet_cpuset housekeeping;
    /**
     * The CFS quota in CPUs, such as 1.5; negative without one.
     */
    double quota;
    /**
     * The NUMA nodes that memory may come from.
     */
    struct podnet_cpuset memory_nodes;
    /**
     * The allowed CPUs by NUMA node; NULL when the kernel shows no nodes.
     */
    const struct podnet_node_cpus *nodes;
    /**
     * How many nodes there are.
     */
    size_t nodes_len;
    /**
     * The allowed CPUs by physical core; NULL when the kernel shows no cores.
     */
    const struct podnet_core *cores;
    /**
     * How many cores there are.
     */
    size_t cores_len;
    /**
     * What sched_getaffinity() says, or proc/self/status under another root.
     */
    struct podnet_cpuset affinity;
    /**
     * The cgroup's effective cpuset.
     */
    struct podnet_cpuset cpuset;
};

/**
 * A list of strings.
 */
struct podnet_strings {
    /**
     * The strings; NULL when there are none.
     */
    const char *const *items;
    /**
     * How many there are.
     */
    size_t len;
};

/**
 * The pages of one size on one NUMA node. They are the node's, not the
 * container's.
 */
struct podnet_node_pages {
    /**
     * The NUMA node's number.
     */
    int64_t node;
    /**
     * Pages in its pool.
     */
    uint64_t total_pages;
    /**
     * Pages of it that are free.
     */
    uint64_t free_pages;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * What this container may use of one page size, in bytes. PODNET_NONE is
 * unknown.
 */
struct podnet_page_size {
    /**
     * The size of a page.
     */
    uint64_t size;
    /**
     * The request in the pod's specification.
     */
    uint64_t request;
    /**
     * The least limit that any source states.
     */
    uint64_t limit;
    /**
     * What the cgroup has charged.
     */
    uint64_t used;
    /**
     * Which source limit is from: one of PODNET_LIMIT_.
     */
    uint32_t limit_source;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * Where hugetlbfs of this size is mounted.
     */
    struct podnet_strings mounts;
    /**
     * The pool of each NUMA node; NULL when the kernel shows none.
     */
    const struct podnet_node_pages *nodes;
    /**
     * How many nodes there are.
     */
    size_t nodes_len;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * What the Downward API says of one container and one page size, in bytes.
 * PODNET_NONE is unknown.
 */
struct podnet_container_hugepages {
    /**
     * The container.
     */
    const char *name;
    /**
     * The size of a page.
     */
    uint64_t size;
    /**
     * Its request.
     */
    uint64_t request;
    /**
     * Its limit.
     */
    uint64_t limit;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * The hugepages of this container.
 */
struct podnet_hugepages {
    /**
     * Every page size that a source names, smallest first; NULL without any.
     */
    const struct podnet_page_size *pages;
    /**
     * How many page sizes there are.
     */
    size_t pages_len;
    /**
     * Each container and page size that the Downward API names; NULL without
     * any.
     */
    const struct podnet_container_hugepages *containers;
    /**
     * How many of them there are.
     */
    size_t containers_len;
};

/**
 * What the CNI said of name resolution.
 */
struct podnet_dns {
    /**
     * Addresses of name servers.
     */
    struct podnet_strings nameservers;
    /**
     * The local domain, or NULL.
     */
    const char *domain;
    /**
     * Search domains.
     */
    struct podnet_strings search;
    /**
     * Resolver options.
     */
    struct podnet_strings options;
};

/**
 * A PCI device, in the terms of the Device Information Spec.
 */
struct podnet_pci {
    /**
     * Its address, such as "0000:3b:02.6".
     */
    const char *address;
    /**
     * The address of its physical function, or NULL.
     */
    const char *pf_address;
    /**
     * The path of its vhost-net device, or NULL.
     */
    const char *vhost_net;
    /**
     * The names of its RDMA devices.
     */
    struct podnet_strings rdma_devices;
    /**
     * The name of its representor, or NULL.
     */
    const char *representor;
};

/**
 * A vDPA device. What its source does not give is NULL.
 */
struct podnet_vdpa {
    /**
     * Its name under /sys/bus/vdpa/devices.
     */
    const char *parent_device;
    /**
     * "vhost" or "virtio".
     */
    const char *driver;
    /**
     * The character device of the vhost driver.
     */
    const char *path;
    /**
     * The address of the PCI device that it is made of.
     */
    const char *pci_address;
    /**
     * The address of that device's physical function.
     */
    const char *pf_address;
    /**
     * The name of its representor.
     */
    const char *representor;
};

/**
 * A vhost-user socket.
 */
struct podnet_vhost_user {
    /**
     * The part that the application plays: PODNET_VHOST_CLIENT or _SERVER; 0 is
     * unknown.
     */
    uint32_t mode;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * The path of the socket, or NULL.
     */
    const char *path;
};

/**
 * A memif socket.
 */
struct podnet_memif {
    /**
     * The part that the application plays: PODNET_MEMIF_MASTER or _SLAVE; 0 is
     * unknown.
     */
    uint32_t role;
    /**
     * What it carries: PODNET_MEMIF_ETHERNET, _IP or _INJECT_PUNT; 0 is unknown.
     */
    uint32_t mode;
    /**
     * The path of the socket, or NULL.
     */
    const char *path;
};

/**
 * A device of the AF_XDP device plugin.
 */
struct podnet_af_xdp {
    /**
     * Its netdev.
     */
    const char *netdev;
    /**
     * The socket that hands out the XSK map, or NULL.
     */
    const char *socket;
    /**
     * The path of the pinned XSK map, or NULL.
     */
    const char *map;
};

/**
 * A subfunction of a PCI device.
 */
struct podnet_subfunction {
    /**
     * Its name under /sys/bus/auxiliary/devices, such as "mlx5_core.sf.4".
     */
    const char *name;
    /**
     * The number that it was made with; -1 is unknown.
     */
    int64_t number;
    /**
     * The address of the PCI device that it is part of, or NULL.
     */
    const char *parent;
};

/**
 * A device. The member that its type names is set, the others are NULL.
 */
struct podnet_device {
    /**
     * One of PODNET_DEVICE_.
     */
    uint32_t device_type;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * The type's name, such as "vhost-user", also for an unknown one.
     */
    const char *type_name;
    /**
     * The version of the specification that its device-info names, or NULL.
     */
    const char *version;
    /**
     * For PODNET_DEVICE_PCI.
     */
    const struct podnet_pci *pci;
    /**
     * For PODNET_DEVICE_VDPA.
     */
    const struct podnet_vdpa *vdpa;
    /**
     * For PODNET_DEVICE_VHOST_USER.
     */
    const struct podnet_vhost_user *vhost_user;
    /**
     * For PODNET_DEVICE_MEMIF.
     */
    const struct podnet_memif *memif;
    /**
     * For PODNET_DEVICE_AF_XDP.
     */
    const struct podnet_af_xdp *af_xdp;
    /**
     * For PODNET_DEVICE_SUBFUNCTION.
     */
    const struct podnet_subfunction *subfunction;
};

/**
 * What this kernel shows of a vDPA device.
 */
struct podnet_vdpa_hardware {
    /**
     * Its name under /sys/bus/vdpa/devices.
     */
    const char *name;
    /**
     * "vhost_vdpa" or "virtio_vdpa", or NULL.
     */
    const char *driver;
    /**
     * Its character device, for vhost_vdpa, or NULL.
     */
    const char *char_device;
    /**
     * Its netdev, for virtio_vdpa, or NULL.
     */
    const char *netdev;
};

/**
 * What this kernel shows of a PCI or vDPA device, or of a subfunction, whose
 * vendor, device, class_code and numa_node are its PCI device's. What it does not show is NULL
 * or -1.
 */
struct podnet_hardware {
    /**
     * The PCI vendor, four hexadecimal digits.
     */
    const char *vendor;
    /**
     * The PCI device, four hexadecimal digits.
     */
    const char *device;
    /**
     * The PCI class, six hexadecimal digits.
     */
    const char *class_code;
    /**
     * The kernel driver bound to it.
     */
    const char *driver;
    /**
     * The NUMA node that it is on; -1 is none.
     */
    int64_t numa_node;
    /**
     * Its IOMMU group; -1 is none.
     */
    int64_t iommu_group;
    /**
     * 1 when that group is vfio-noiommu, without an IOMMU; else 0.
     */
    uint32_t no_iommu;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * The VFIO node of that group, where vfio-pci drives the device.
     */
    const char *vfio;
    /**
     * The address of the physical function that it is a virtual function of.
     */
    const char *physical_function;
    /**
     * Its index among the virtual functions, from 0; -1 is none.
     */
    int64_t virtual_function;
    /**
     * Its netdevs in this network namespace.
     */
    struct podnet_strings netdevs;
    /**
     * Its RDMA devices.
     */
    struct podnet_strings rdma_devices;
    /**
     * The vDPA device on it, or NULL.
     */
    const struct podnet_vdpa_hardware *vdpa;
};

/**
 * One attachment of the pod to a network.
 */
struct podnet_interface {
    /**
     * The interface's name in the pod, or NULL. DPDK's devices have one without
     * a netdev.
     */
    const char *name;
    /**
     * The network: "namespace/name" of its definition, or the CNI's own name.
     */
    const char *network;
    /**
     * What stands behind the interface: one of PODNET_KIND_.
     */
    uint32_t kind;
    /**
     * 1 for the pod's default network, else 0.
     */
    uint32_t is_default;
    /**
     * The MAC address, lower case, or NULL.
     */
    const char *mac;
    /**
     * The MTU in bytes, or PODNET_NONE.
     */
    uint64_t mtu;
    /**
     * Addresses, with a prefix only where a source gives one.
     */
    struct podnet_strings ips;
    /**
     * Gateways of the default routes.
     */
    struct podnet_strings gateways;
    /**
     * Never NULL.
     */
    const struct podnet_dns *dns;
    /**
     * Why the device is taken to be this interface's: one of PODNET_EVIDENCE_.
     */
    uint32_t evidence;
    /**
     * Whether the device is this container's: PODNET_YES, PODNET_NO or
     * PODNET_UNKNOWN.
     */
    uint32_t own;
    /**
     * The device behind the interface, or NULL.
     */
    const struct podnet_device *device;
    /**
     * What this kernel shows of the device, or NULL.
     */
    const struct podnet_hardware *hardware;
    /**
     * Where all this came from: annotations and variables.
     */
    struct podnet_strings sources;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * An allocated device that no evidence ties to an interface.
 */
struct podnet_unmatched_device {
    /**
     * What it is: one of PODNET_UNMATCHED_.
     */
    uint32_t device_type;
    /**
     * Whether it is this container's: PODNET_YES, PODNET_NO or PODNET_UNKNOWN.
     */
    uint32_t own;
    /**
     * The identifier that its source gave, such as "0000:3b:02.6".
     */
    const char *address;
    /**
     * The variable that lists it.
     */
    const char *source;
    /**
     * What this kernel shows of it, or NULL.
     */
    const struct podnet_hardware *hardware;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * The interfaces of the pod, and the devices behind them.
 */
struct podnet_interfaces {
    /**
     * How far the networks of the pod have come: one of PODNET_STATE_.
     */
    uint32_t state;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * The requested networks that have no status yet.
     */
    struct podnet_strings pending_networks;
    /**
     * One entry per attachment, in the order of network-status; NULL without
     * any.
     */
    const struct podnet_interface *interfaces;
    /**
     * How many interfaces there are.
     */
    size_t interfaces_len;
    /**
     * NULL without any.
     */
    const struct podnet_unmatched_device *unmatched_devices;
    /**
     * How many of them there are.
     */
    size_t unmatched_devices_len;
};

/**
 * What to wait for. Set size to sizeof(struct podnet_wait_options) and
 * everything that you don't need to zero.
 */
struct podnet_wait_options {
    /**
     * sizeof(struct podnet_wait_options).
     */
    size_t size;
    /**
     * The networks to wait for, each the name of an interface, "namespace/name"
     * or "name"; NULL is every network that the pod requests.
     */
    const char *const *networks;
    /**
     * How many networks there are.
     */
    size_t networks_len;
    /**
     * How long to wait, in milliseconds; 0 is 60 seconds, a negative number is
     * without end.
     */
    int64_t timeout_ms;
};

/**
 * Something that became of an interface.
 */
struct podnet_event {
    /**
     * What happened: one of PODNET_EVENT_.
     */
    uint32_t event_type;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * The interface as it is now; a removed one as it was last. Never NULL.
     */
    const struct podnet_interface *interface;
    /**
     * What a changed interface was before; NULL for other events.
     */
    const struct podnet_interface *before;
};

/**
 * Which arguments to make. Set size to sizeof(struct podnet_eal_options) and
 * everything that you don't need to zero.
 */
struct podnet_eal_options {
    /**
     * sizeof(struct podnet_eal_options).
     */
    size_t size;
    /**
     * The first argument: the program's name; NULL is "podnet".
     */
    const char *program;
    /**
     * The DPDK release of the program, such as "22.11"; what rte_version()
     * returns will do. NULL is the newest long-term release.
     */
    const char *dpdk_version;
    /**
     * Only the devices of these networks, each the name of an interface,
     * "namespace/name" or "name"; NULL is every device of this container.
     */
    const char *const *networks;
    /**
     * How many networks there are.
     */
    size_t networks_len;
    /**
     * More arguments: EAL's, then "--" and the program's own. An option among
     * them replaces the one that would be made; devices add. NULL is none.
     */
    const char *const *args;
    /**
     * How many args there are.
     */
    size_t args_len;
    /**
     * What sets DPDK's files apart; NULL is made from the pod's UID and the
     * container's name.
     */
    const char *file_prefix;
    /**
     * Memory in bytes; 0 is the container's limit, or 512 MiB without
     * hugepages.
     */
    uint64_t memory;
    /**
     * PODNET_EAL_NO_HUGE, PODNET_EAL_SECONDARY and PODNET_EAL_MAIN_CPU, added.
     */
    uint64_t flags;
    /**
     * Whose arguments follow EAL's: one of PODNET_APP_.
     */
    uint32_t app;
    /**
     * Receive queues of each port, at most 1024; 0 is 1. l2fwd has one.
     */
    uint32_t queues;
    /**
     * Lcores that forward packets; 0 is what queues and the program need.
     */
    uint32_t workers;
    /**
     * The CPU of the main lcore, where flags has PODNET_EAL_MAIN_CPU.
     */
    uint32_t main_cpu;
    /**
     * One of PODNET_SMT_.
     */
    uint32_t smt;
    /**
     * One of PODNET_IOVA_.
     */
    uint32_t iova_mode;
    /**
     * What becomes of kernel netdevs but for the default interface's: one of
     * PODNET_NETDEVS_.
     */
    uint32_t netdevs;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Where l3fwd and testpmd send packets to: "NETWORK=MAC" each, the network as
     * in networks. NULL is none.
     */
    const char *const *next_hops;
    /**
     * How many next_hops there are.
     */
    size_t next_hops_len;
    /**
     * The file that l3fwd of 22.03 and later is told to read its IPv4 routes from;
     * NULL is none.
     * Write podnet_eal_args.routes_ipv4 to it before l3fwd starts.
     */
    const char *routes_ipv4;
    /**
     * The same for IPv6. Set both or none.
     */
    const char *routes_ipv6;
};

/**
 * One DPDK port.
 */
struct podnet_port {
    /**
     * The port's number, if every port before it comes up.
     */
    uint32_t id;
    /**
     * Zero.
     */
    uint32_t zero;
    /**
     * The NUMA node of the device, or -1.
     */
    int64_t numa_node;
    /**
     * The pod's interface, or NULL for a device that belongs to none.
     */
    const char *interface_name;
    /**
     * The network of the interface, or NULL.
     */
    const char *network;
    /**
     * The value of -a or --vdev.
     */
    const char *devarg;
    /**
     * The name that DPDK gives the port, for rte_eth_dev_get_port_by_name().
     */
    const char *name;
    /**
     * The MAC address, or NULL.
     */
    const char *mac;
    /**
     * The addresses of the interface.
     */
    struct podnet_strings ips;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * One lcore.
 */
struct podnet_lcore {
    /**
     * Its number.
     */
    uint32_t id;
    /**
     * The CPU that it runs on.
     */
    uint32_t cpu;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * Something to know about an answer.
 */
struct podnet_warning {
    /**
     * What kind of thing it is, such as "device-skipped": docs/warnings.md has
     * all.
     */
    const char *code;
    /**
     * The file, variable, device or option that it is about.
     */
    const char *path;
    /**
     * One line for people: what, why, and the next step.
     */
    const char *text;
    /**
     * Zero.
     */
    uint64_t reserved[4];
};

/**
 * Arguments for DPDK, and what they stand for.
 *
 * rte_eal_init() and getopt() may reorder argv and change its strings, and EAL
 * keeps pointers to them: free this after rte_eal_cleanup().
 */
struct podnet_eal_args {
    /**
     * How many elements argv has before the NULL at its end.
     */
    int argc;
    /**
     * How many of them come before the "--": the program's name and EAL's
     * arguments.
     */
    int eal_argc;
    /**
     * The program's name, EAL's arguments, "--", the program's arguments, NULL.
     */
    char **argv;
    /**
     * The ports in the order of their numbers; NULL without any.
     */
    const struct podnet_port *ports;
    /**
     * How many ports there are.
     */
    size_t ports_len;
    /**
     * The lcores in the order of their numbers. The first is the main lcore.
     */
    const struct podnet_lcore *lcores;
    /**
     * How many lcores there are.
     */
    size_t lcores_len;
    /**
     * What the arguments leave out, and what may keep them from working; NULL
     * without any.
     */
    const struct podnet_warning *warnings;
    /**
     * How many warnings there are.
     */
    size_t warnings_len;
    /**
     * What has to be in the file podnet_eal_options.routes_ipv4; NULL where none
     * was asked for.
     */
    const char *routes_ipv4;
    /**
     * The same for IPv6.
     */
    const char *routes_ipv6;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Opens the pod that this process runs in, or another one for config. Reads
 * nothing yet. config may be NULL: everything as in a pod.
 *
 * Returns 0 and sets *ret, which podnet_close() frees. Else returns -EINVAL for
 * a NULL ret, a wrong size, an empty directory, an unknown flag or a container
 * name that is not UTF-8; -E2BIG for a member that this library does not know.
 */
int podnet_open(const struct podnet_config *config,
                struct podnet **ret,
                struct podnet_error *err);

/**
 * Frees a pod. Results that came from it stay valid. NULL is fine.
 */
void podnet_close(struct podnet *pod);

/**
 * Everything about the pod as one line of JSON, UTF-8: what "podnet show
 * --json" prints. Sources that can't be read or understood are empty parts and
 * entries of its list "warnings"; they don't make the call fail.
 *
 * Returns 0 and sets *ret, which podnet_string_free() frees. Else returns
 * -EINVAL for a NULL argument, -ENOMEM, or why the root is no directory to
 * read, such as -ENOENT, -ENOTDIR or -EACCES.
 */
int podnet_get_json(const struct podnet *pod,
                    char **ret,
                    struct podnet_error *err);

/**
 * Frees a string that this library returned. NULL is fine.
 */
void podnet_string_free(char *text);

/**
 * The version of the library, such as "0.1.0". PODNET_VERSION is the header's.
 * It is a constant; don't free it.
 */
const char *podnet_version(void);

/**
 * The CPUs of this container.
 *
 * Returns 0 and sets *ret, which podnet_cpu_info_free() frees. Else returns
 * -EINVAL for a NULL argument, -ENOENT when no source of the CPUs is there,
 * -EBADMSG for a malformed source, or why a source can't be read.
 */
int podnet_get_cpu_info(const struct podnet *pod,
                        struct podnet_cpu_info **ret,
                        struct podnet_error *err);

/**
 * Frees what podnet_get_cpu_info() returned. NULL is fine.
 */
void podnet_cpu_info_free(struct podnet_cpu_info *info);

/**
 * The hugepages of this container.
 *
 * Returns 0 and sets *ret, which podnet_hugepages_free() frees. Else returns
 * -EINVAL for a NULL argument, -EBADMSG for a malformed source, or why a source
 * can't be read.
 */
int podnet_get_hugepages(const struct podnet *pod,
                         struct podnet_hugepages **ret,
                         struct podnet_error *err);

/**
 * Frees what podnet_get_hugepages() returned. NULL is fine.
 */
void podnet_hugepages_free(struct podnet_hugepages *hugepages);

/**
 * The interfaces of the pod and the devices behind them. What is not there yet
 * is no error: see podnet_interfaces.state.
 *
 * Returns 0 and sets *ret, which podnet_interfaces_free() frees. Else returns
 * -EINVAL for a NULL argument, -EBADMSG for a malformed source, or why a source
 * can't be read.
 */
int podnet_get_interfaces(const struct podnet *pod,
                          struct podnet_interfaces **ret,
                          struct podnet_error *err);

/**
 * Frees what podnet_get_interfaces() returned. NULL is fine.
 */
void podnet_interfaces_free(struct podnet_interfaces *interfaces);

/**
 * Waits until the networks of the pod have their network-status: a container is
 * started before the kubelet has written it. Signals don't end the wait; a
 * program with more to wait for takes podnet_watch_open(). options may be NULL:
 * every requested network, for 60 seconds.
 *
 * Returns 0 when they are there. Else returns -ENOENT at once when no
 * annotations are mounted; -ENODATA when no network-status was written in time;
 * -ETIMEDOUT when some networks have no entry in time, which err names;
 * -EBADMSG when the annotations are malformed all the time; -EINVAL for a NULL
 * pod, a wrong size or a name that no network has; -E2BIG for a member that
 * this library does not know; or why a source can't be read.
 */
int podnet_wait(const struct podnet *pod,
                const struct podnet_wait_options *options,
                struct podnet_error *err);

/**
 * Watches the interfaces of the pod. Those that are there now make no events:
 * to miss none, call podnet_get_interfaces() after this. The pod may be closed
 * before the watch.
 *
 * Returns 0 and sets *ret, which podnet_watch_close() frees. Else returns
 * -EINVAL for a NULL argument, -EMFILE or -ENFILE without descriptors, or why
 * the root is no directory to read.
 */
int podnet_watch_open(const struct podnet *pod,
                      struct podnet_watch **ret,
                      struct podnet_error *err);

/**
 * A descriptor for poll(2), epoll(7) and the like: readable when there may be
 * an event, which is at least every two seconds. Only poll it: reading and
 * closing it are the watch's.
 *
 * Returns the descriptor, or -EINVAL for NULL.
 */
int podnet_watch_fd(const struct podnet_watch *watch);

/**
 * The next event. Never waits: when there is none, that is no error and *ret is
 * set to NULL. The descriptor stays readable until all events were taken.
 *
 * Returns 0 and sets *ret to NULL or to an event, which podnet_event_free()
 * frees. Else returns -EINVAL for a NULL argument; or, once each time it
 * begins, -EBADMSG for a malformed source or why one can't be read: the
 * interfaces count as they were, and the watch goes on.
 */
int podnet_watch_next(struct podnet_watch *watch,
                      struct podnet_event **ret,
                      struct podnet_error *err);

/**
 * The next event as one line of JSON, UTF-8: what "podnet watch --json" prints.
 * It is taken instead of podnet_watch_next(), and for the rest as there.
 *
 * Returns 0 and sets *ret to NULL or to a string, which podnet_string_free()
 * frees. Else returns what podnet_watch_next() does, or -ENOMEM.
 */
int podnet_watch_next_json(struct podnet_watch *watch,
                           char **ret,
                           struct podnet_error *err);

/**
 * Frees an event. NULL is fine.
 */
void podnet_event_free(struct podnet_event *event);

/**
 * Ends a watch and closes its descriptor. Its events stay valid. NULL is fine. A
 * watch that was closed must not be used again; NULL in its place is answered
 * with -EINVAL.
 */
void podnet_watch_close(struct podnet_watch *watch);

/**
 * Arguments for DPDK: EAL's, and those of l3fwd, l2fwd or testpmd. options may
 * be NULL: EAL's arguments for every device of this container.
 *
 * Returns 0 and sets *ret, which podnet_eal_args_free() frees. Else returns
 * -EINVAL for a NULL argument, an option that can't be met, and a name, path or
 * address in the pod's data that could add an argument; -E2BIG for a member
 * that this library does not know; -ENOENT when the CPUs are unknown; or why the
 * root is no directory to read.
 */
int podnet_eal_args_new(const struct podnet *pod,
                        const struct podnet_eal_options *options,
                        struct podnet_eal_args **ret,
                        struct podnet_error *err);

/**
 * Frees what podnet_eal_args_new() returned, whatever became of argv. NULL is
 * fine.
 */
void podnet_eal_args_free(struct podnet_eal_args *args);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PODNET_H */
