/*
 * Prints what this pod was given, and the device of one of its networks: as a
 * program of openshift/app-netutil does it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: netutil_app [NETWORK]
 *
 * Exit status: 0 done, 1 no such device, 2 wrong usage.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnetutil_api.h>

static const char *const kinds[] = {
    "unknown", "host", "sr-iov", "pci", "vhost-user", "memif", "unknown", "unknown", "vdpa",
};

/* A newer library may know more types. */
static const char *kind_of(const struct InterfaceData *one)
{
    size_t type = (size_t)one->DeviceType;

    return type < sizeof(kinds) / sizeof(*kinds) ? kinds[type] : kinds[0];
}

static const char *name_of(const struct NetworkStatus *nic)
{
    return nic->Interface ? nic->Interface : "-";
}

static const char *network_of(const struct NetworkStatus *nic)
{
    return nic->Name ? nic->Name : "-";
}

static int print_cpus(void)
{
    struct CPUResponse cpus = { NULL };

    if (GetCPUInfo(&cpus) != NETUTIL_ERRNO_SUCCESS)
        return -1;
    printf("cpus %s\n", cpus.CPUSet);
    free(cpus.CPUSet);
    return 0;
}

static int print_hugepages(void)
{
    struct HugepagesData containers[NETUTIL_NUM_HUGEPAGES_DATA];
    struct HugepagesResponse hugepages = { .numStructAllocated = NETUTIL_NUM_HUGEPAGES_DATA,
                                           .pHugepages = containers };

    memset(containers, 0, sizeof(containers));
    if (GetHugepages(&hugepages) != NETUTIL_ERRNO_SUCCESS)
        return -1;
    for (int i = 0; i < hugepages.numStructPopulated; i++) {
        const struct HugepagesData *one = &containers[i];

        printf("hugepages of %s: %" PRId64 " MiB of 2 MiB, %" PRId64 " MiB of 1 GiB\n",
               one->ContainerName ? one->ContainerName : "-", one->Limit2M, one->Limit1G);
        free(one->ContainerName);
    }
    free(hugepages.MyContainerName);
    return 0;
}

static void print_interfaces(const struct InterfaceResponse *all)
{
    for (int i = 0; i < all->numIfacePopulated; i++) {
        const struct NetworkStatus *nic = &all->pIface[i].NetworkStatus;

        printf("interface %s (%s): %s\n", name_of(nic), network_of(nic),
               kind_of(&all->pIface[i]));
    }
}

/* A network is asked for as namespace/name, as name, or by the interface. */
static bool answers_to(const struct NetworkStatus *nic, const char *asked)
{
    const char *bare = strrchr(network_of(nic), '/');

    return strcmp(name_of(nic), asked) == 0 || strcmp(network_of(nic), asked) == 0
        || (bare && strcmp(bare + 1, asked) == 0);
}

/* What a program opens: a PCI address, a socket or a character device. */
static const char *address_of(const struct DeviceInfo *device)
{
    switch (device->Type) {
    case NETUTIL_TYPE_PCI:
        return device->Pci.PciAddress;
    case NETUTIL_TYPE_VDPA:
        return device->Vdpa.Path ? device->Vdpa.Path : device->Vdpa.ParentDevice;
    case NETUTIL_TYPE_VHOST:
        return device->VhostUser.Path;
    case NETUTIL_TYPE_MEMIF:
        return device->Memif.Path;
    default:
        return NULL;
    }
}

static int print_device(const struct InterfaceResponse *all, const char *asked)
{
    for (int i = 0; i < all->numIfacePopulated; i++) {
        const struct NetworkStatus *nic = &all->pIface[i].NetworkStatus;
        const char *address = address_of(&nic->DeviceInfo);

        if (answers_to(nic, asked) && address) {
            printf("device of %s: %s\n", name_of(nic), address);
            return 0;
        }
    }
    fprintf(stderr, "netutil_app: %s: no device of such a network\n", asked);
    return -1;
}

int main(int argc, char **argv)
{
    struct InterfaceData interfaces[NETUTIL_NUM_NETWORKINTERFACE];
    struct InterfaceResponse all = { NETUTIL_NUM_NETWORKINTERFACE, 0, interfaces };
    int result = 0;

    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: netutil_app [NETWORK]\n");
        return 2;
    }
    memset(interfaces, 0, sizeof(interfaces));
    if (print_cpus() < 0 || print_hugepages() < 0
        || GetInterfaces(&all) != NETUTIL_ERRNO_SUCCESS) {
        fprintf(stderr, "netutil_app: this pod can't be read\n");
        return 1;
    }
    print_interfaces(&all);
    if (argc == 2)
        result = print_device(&all, argv[1]);
    FreeInterfaces(&all);
    return result < 0 ? 1 : 0;
}
