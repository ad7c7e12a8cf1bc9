/*
 * A drop-in for the C library of openshift/app-netutil: the same functions, the
 * same layout. New programs have more of podnet.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory. Arrays belong to the caller. Every string is from malloc(), and the
 * caller frees it with free(), or all of them with FreeCPUInfo(),
 * FreeHugepages() or FreeInterfaces(). Empty strings are NULL.
 *
 * The variable PODNET_ROOT names a directory to read instead of "/"; not in
 * setuid programs.
 */


#ifndef LIBNETUTIL_API_H
#define LIBNETUTIL_API_H

/* Made by cbindgen from src/compat. To change it: PODNET_BLESS=1 cargo test --test headers */

#include <stdbool.h>
#include <stdint.h>

/**
 * A good size for the array of HugepagesResponse.
 */
#define NETUTIL_NUM_HUGEPAGES_DATA 10

/**
 * How many addresses an interface has room for.
 */
#define NETUTIL_NUM_IPS 10

/**
 * A good size for the array of InterfaceResponse.
 */
#define NETUTIL_NUM_NETWORKINTERFACE 10

/**
 * How many name servers an interface has room for.
 */
#define NETUTIL_NUM_DNS_NAMESERVERS 5

/**
 * How many search domains an interface has room for.
 */
#define NETUTIL_NUM_DNS_SEARCH 5

/**
 * How many resolver options an interface has room for.
 */
#define NETUTIL_NUM_DNS_OPTIONS 5

/**
 * A type that this version does not know, and AF_XDP.
 */
#define NETUTIL_TYPE_UNKNOWN 0

/**
 * A kernel netdev without a device of its own.
 */
#define NETUTIL_TYPE_HOST 1

/**
 * A PCI virtual function.
 */
#define NETUTIL_TYPE_SRIOV 2

/**
 * Another PCI device; in DeviceInfo.Type any PCI device.
 */
#define NETUTIL_TYPE_PCI 3

/**
 * A vhost-user socket.
 */
#define NETUTIL_TYPE_VHOST 4

/**
 * A memif socket.
 */
#define NETUTIL_TYPE_MEMIF 5

/**
 * A vDPA device.
 */
#define NETUTIL_TYPE_VDPA 8

/**
 * The host makes the socket, the application connects.
 */
#define NETUTIL_VHOST_MODE_CLIENT 0

/**
 * The application makes the socket.
 */
#define NETUTIL_VHOST_MODE_SERVER 1

/**
 * The application makes the socket.
 */
#define NETUTIL_MEMIF_ROLE_MASTER 0

/**
 * The host makes the socket, the application connects.
 */
#define NETUTIL_MEMIF_ROLE_SLAVE 1

/**
 * Ethernet frames.
 */
#define NETUTIL_MEMIF_MODE_ETHERNET 0

/**
 * IP packets.
 */
#define NETUTIL_MEMIF_MODE_IP 1

/**
 * Inject and punt.
 */
#define NETUTIL_MEMIF_MODE_INJECT_PUNT 2

/**
 * Log what made a call fail.
 */
#define LOG_LEVEL_ERROR 0

/**
 * Log also what did not fit.
 */
#define LOG_LEVEL_WARNING 1

/**
 * Log also every call.
 */
#define LOG_LEVEL_INFO 2

/**
 * Log everything.
 */
#define LOG_LEVEL_DEBUG 3

/**
 * How many levels there are.
 */
#define LOG_LEVEL_MAX 4

/**
 * The call did what it is for.
 */
#define NETUTIL_ERRNO_SUCCESS 0

/**
 * An argument is NULL, or a source is malformed, missing or unreadable; nothing
 * was populated.
 */
#define NETUTIL_ERRNO_FAIL 1

/**
 * There is more than the caller's arrays hold; what is populated is valid.
 */
#define NETUTIL_ERRNO_SIZE_ERROR 2

/**
 * The CPUs of this container.
 */
struct CPUResponse {
    /**
     * A Linux CPU list, such as "2-5,34". The caller frees it.
     */
    char *CPUSet;
};

/**
 * The hugepages of one container, in MiB. 0 is absent or unknown.
 */
struct HugepagesData {
    /**
     * The container, or NULL. The caller frees it.
     */
    char *ContainerName;
    /**
     * The requests for pages other than 1 GiB and 2 MiB, added up.
     */
    int64_t Request;
    /**
     * The limits of pages other than 1 GiB and 2 MiB, added up.
     */
    int64_t Limit;
    /**
     * The request for pages of 1 GiB.
     */
    int64_t Request1G;
    /**
     * The limit of pages of 1 GiB.
     */
    int64_t Limit1G;
    /**
     * The request for pages of 2 MiB.
     */
    int64_t Request2M;
    /**
     * The limit of pages of 2 MiB.
     */
    int64_t Limit2M;
};

/**
 * The hugepages of this pod's containers.
 */
struct HugepagesResponse {
    /**
     * How many elements pHugepages has. The caller sets it.
     */
    int numStructAllocated;
    /**
     * How many of them are populated.
     */
    int numStructPopulated;
    /**
     * The own container, or NULL. The caller frees it.
     */
    char *MyContainerName;
    /**
     * The caller's array.
     */
    struct HugepagesData *pHugepages;
};

/**
 * What the CNI said of name resolution. The lists end at the first NULL. The
 * caller frees the strings.
 */
struct DNS {
    /**
     * Addresses of name servers.
     */
    char *Nameservers[NETUTIL_NUM_DNS_NAMESERVERS];
    /**
     * The local domain, or NULL.
     */
    char *Domain;
    /**
     * Search domains.
     */
    char *Search[NETUTIL_NUM_DNS_SEARCH];
    /**
     * Resolver options.
     */
    char *Options[NETUTIL_NUM_DNS_OPTIONS];
};

/**
 * A PCI device. What is absent is NULL. The caller frees the strings.
 */
struct PciDevice {
    /**
     * Its address, such as "0000:3b:02.6".
     */
    char *PciAddress;
    /**
     * The path of its vhost-net device.
     */
    char *Vhostnet;
    /**
     * The names of its RDMA devices, joined by commas.
     */
    char *RdmaDevice;
    /**
     * The address of its physical function.
     */
    char *PfPciAddress;
};

/**
 * A vDPA device. What is absent is NULL. The caller frees the strings.
 */
struct VdpaDevice {
    /**
     * Its name under /sys/bus/vdpa/devices.
     */
    char *ParentDevice;
    /**
     * "vhost" or "virtio".
     */
    char *Driver;
    /**
     * The character device of the vhost driver.
     */
    char *Path;
    /**
     * The address of the PCI device that it is made of.
     */
    char *PciAddress;
    /**
     * The address of that device's physical function.
     */
    char *PfPciAddress;
};

/**
 * A vhost-user socket.
 */
struct VhostDevice {
    /**
     * NETUTIL_VHOST_MODE_CLIENT or _SERVER; -1 where device-info names none.
     */
    int Mode;
    /**
     * The path of the socket, or NULL. The caller frees it.
     */
    char *Path;
};

/**
 * A memif socket.
 */
struct MemifDevice {
    /**
     * NETUTIL_MEMIF_ROLE_MASTER or _SLAVE; -1 where device-info names none.
     */
    int Role;
    /**
     * The path of the socket, or NULL. The caller frees it.
     */
    char *Path;
    /**
     * NETUTIL_MEMIF_MODE_ETHERNET, _IP or _INJECT_PUNT; -1 where device-info
     * names none.
     */
    int Mode;
};

/**
 * The device behind an interface. Only the member of its type is filled.
 */
struct DeviceInfo {
    /**
     * NETUTIL_TYPE_PCI, _VDPA, _VHOST or _MEMIF; NETUTIL_TYPE_UNKNOWN for any
     * other device and for none.
     */
    int Type;
    /**
     * The version of the Device Information Spec, or NULL. The caller frees it.
     */
    char *Version;
    /**
     * For NETUTIL_TYPE_PCI.
     */
    struct PciDevice Pci;
    /**
     * For NETUTIL_TYPE_VDPA.
     */
    struct VdpaDevice Vdpa;
    /**
     * For NETUTIL_TYPE_VHOST.
     */
    struct VhostDevice VhostUser;
    /**
     * For NETUTIL_TYPE_MEMIF.
     */
    struct MemifDevice Memif;
};

/**
 * One entry of the annotation network-status. What is absent is NULL. The
 * caller frees the strings.
 */
struct NetworkStatus {
    /**
     * The network.
     */
    char *Name;
    /**
     * The interface in the pod.
     */
    char *Interface;
    /**
     * Addresses as the annotation has them; the list ends at the first NULL.
     */
    char *IPs[NETUTIL_NUM_IPS];
    /**
     * The MAC address as the annotation has it.
     */
    char *Mac;
    /**
     * 1 for the pod's default network, else 0.
     */
    int Default;
    /**
     * Name resolution.
     */
    struct DNS DNS;
    /**
     * The device behind the interface.
     */
    struct DeviceInfo DeviceInfo;
};

/**
 * One interface.
 */
struct InterfaceData {
    /**
     * What stands behind it: one of NETUTIL_TYPE_.
     */
    int DeviceType;
    /**
     * What is known of it.
     */
    struct NetworkStatus NetworkStatus;
};

/**
 * The interfaces of this pod.
 */
struct InterfaceResponse {
    /**
     * How many elements pIface has. The caller sets it.
     */
    int numIfaceAllocated;
    /**
     * How many of them are populated.
     */
    int numIfacePopulated;
    /**
     * The caller's array.
     */
    struct InterfaceData *pIface;
};

/**
 * Where the Downward API is mounted.
 */
struct DownwardAPIData {
    /**
     * The directory; NULL keeps it. At first it is /etc/podnetinfo, or
     * /etc/podinfo where that does not exist.
     */
    char *baseDir;
};

/**
 * What is logged where.
 */
struct LoggingData {
    /**
     * 1: log to standard error, as at first; 0: don't.
     */
    uint32_t stderr;
    /**
     * One of LOG_LEVEL_; at first LOG_LEVEL_WARNING.
     */
    uint32_t level;
    /**
     * A file to append the log to, also; NULL keeps it.
     */
    char *filename;
};

/**
 * The settings.
 */
struct AppNetutilConfig {
    /**
     * Where the Downward API is mounted.
     */
    struct DownwardAPIData downwardAPI;
    /**
     * What is logged where.
     */
    struct LoggingData log;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The CPUs of this container: the cgroup's effective cpuset, else the affinity
 * of the process. CPUSet is set, and NULL when the call fails.
 *
 * Returns NETUTIL_ERRNO_SUCCESS or NETUTIL_ERRNO_FAIL.
 */
int64_t GetCPUInfo(struct CPUResponse *response);

/**
 * The hugepages of each container of this pod, in MiB. The caller sets
 * numStructAllocated and pHugepages; every element is written, and strings in
 * it are not freed before.
 *
 * Returns NETUTIL_ERRNO_SUCCESS, NETUTIL_ERRNO_FAIL, or NETUTIL_ERRNO_SIZE_ERROR
 * when there are more containers than elements.
 */
int64_t GetHugepages(struct HugepagesResponse *response);

/**
 * The network interfaces of this pod, and the devices behind them. The caller
 * sets numIfaceAllocated and pIface; every element is written, and strings in it
 * are not freed before.
 *
 * A device without device-info fills DeviceInfo, too. Network functions of this
 * container that belong to no interface follow at the end, as
 * NETUTIL_TYPE_SRIOV, without Name and Interface.
 *
 * Returns NETUTIL_ERRNO_SUCCESS, NETUTIL_ERRNO_FAIL, or NETUTIL_ERRNO_SIZE_ERROR
 * when there are more interfaces than elements, or more addresses or DNS entries
 * than an element has room for.
 */
int64_t GetInterfaces(struct InterfaceResponse *response);

/**
 * Sets where the Downward API is mounted and what is logged where. Nothing is
 * logged before it was called. A NULL or empty string and a number out of range
 * leave a setting as it is.
 *
 * Returns NETUTIL_ERRNO_SUCCESS, or NETUTIL_ERRNO_FAIL for NULL.
 */
int64_t SetConfig(const struct AppNetutilConfig *config);

/**
 * Frees the string in response and sets it to NULL. NULL is fine.
 */
void FreeCPUInfo(struct CPUResponse *response);

/**
 * Frees the strings in the populated elements and sets them to NULL; none is
 * populated afterwards. The array itself stays the caller's. NULL is fine.
 */
void FreeHugepages(struct HugepagesResponse *response);

/**
 * Frees the strings in the populated elements and sets them to NULL; none is
 * populated afterwards. The array itself stays the caller's. NULL is fine.
 */
void FreeInterfaces(struct InterfaceResponse *response);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIBNETUTIL_API_H */
