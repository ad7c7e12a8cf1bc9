/*
 * A program as it was written for app-netutil: from the table of its layout
 * alone, without this project's header. Prints every member and frees every
 * string with free().
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: netutil_app ELEMENTS [leak]
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CPUResponse {
    char *CPUSet;
};

struct HugepagesData {
    char *ContainerName;
    int64_t Request, Limit, Request1G, Limit1G, Request2M, Limit2M;
};

struct HugepagesResponse {
    int numStructAllocated;
    int numStructPopulated;
    char *MyContainerName;
    struct HugepagesData *pHugepages;
};

struct DNS {
    char *Nameservers[5];
    char *Domain;
    char *Search[5];
    char *Options[5];
};

struct PciDevice {
    char *PciAddress, *Vhostnet, *RdmaDevice, *PfPciAddress;
};

struct VdpaDevice {
    char *ParentDevice, *Driver, *Path, *PciAddress, *PfPciAddress;
};

struct VhostDevice {
    int Mode;
    char *Path;
};

struct MemifDevice {
    int Role;
    char *Path;
    int Mode;
};

struct DeviceInfo {
    int Type;
    char *Version;
    struct PciDevice Pci;
    struct VdpaDevice Vdpa;
    struct VhostDevice VhostUser;
    struct MemifDevice Memif;
};

struct NetworkStatus {
    char *Name;
    char *Interface;
    char *IPs[10];
    char *Mac;
    int Default;
    struct DNS DNS;
    struct DeviceInfo DeviceInfo;
};

struct InterfaceData {
    int DeviceType;
    struct NetworkStatus NetworkStatus;
};

struct InterfaceResponse {
    int numIfaceAllocated;
    int numIfacePopulated;
    struct InterfaceData *pIface;
};

int64_t GetCPUInfo(struct CPUResponse *);
int64_t GetHugepages(struct HugepagesResponse *);
int64_t GetInterfaces(struct InterfaceResponse *);

#define SIZE(type, size) \
    static_assert(sizeof(struct type) == (size), #type)
#define AT(type, member, offset) \
    static_assert(offsetof(struct type, member) == (offset), #type "." #member)

SIZE(CPUResponse, 8);
SIZE(HugepagesData, 56);
AT(HugepagesData, ContainerName, 0);
AT(HugepagesData, Request, 8);
AT(HugepagesData, Limit, 16);
AT(HugepagesData, Request1G, 24);
AT(HugepagesData, Limit1G, 32);
AT(HugepagesData, Request2M, 40);
AT(HugepagesData, Limit2M, 48);
SIZE(HugepagesResponse, 24);
AT(HugepagesResponse, numStructPopulated, 4);
AT(HugepagesResponse, MyContainerName, 8);
AT(HugepagesResponse, pHugepages, 16);
SIZE(DNS, 128);
AT(DNS, Domain, 40);
AT(DNS, Search, 48);
AT(DNS, Options, 88);
SIZE(PciDevice, 32);
AT(PciDevice, Vhostnet, 8);
AT(PciDevice, RdmaDevice, 16);
AT(PciDevice, PfPciAddress, 24);
SIZE(VdpaDevice, 40);
AT(VdpaDevice, Driver, 8);
AT(VdpaDevice, Path, 16);
AT(VdpaDevice, PciAddress, 24);
AT(VdpaDevice, PfPciAddress, 32);
SIZE(VhostDevice, 16);
AT(VhostDevice, Path, 8);
SIZE(MemifDevice, 24);
AT(MemifDevice, Path, 8);
AT(MemifDevice, Mode, 16);
SIZE(DeviceInfo, 128);
AT(DeviceInfo, Version, 8);
AT(DeviceInfo, Pci, 16);
AT(DeviceInfo, Vdpa, 48);
AT(DeviceInfo, VhostUser, 88);
AT(DeviceInfo, Memif, 104);
SIZE(NetworkStatus, 368);
AT(NetworkStatus, Interface, 8);
AT(NetworkStatus, IPs, 16);
AT(NetworkStatus, Mac, 96);
AT(NetworkStatus, Default, 104);
AT(NetworkStatus, DNS, 112);
AT(NetworkStatus, DeviceInfo, 240);
SIZE(InterfaceData, 376);
AT(InterfaceData, NetworkStatus, 8);
SIZE(InterfaceResponse, 16);
AT(InterfaceResponse, numIfacePopulated, 4);
AT(InterfaceResponse, pIface, 8);

static int leak;

static void text(const char *name, char *string)
{
    if (string)
        printf("  %s = %s\n", name, string);
    if (!leak)
        free(string);
}

static void list(const char *name, char **strings, int len)
{
    for (int i = 0; i < len; i++)
        text(name, strings[i]);
}

static void number(const char *name, int64_t value)
{
    if (value)
        printf("  %s = %lld\n", name, (long long)value);
}

static void cpus(void)
{
    struct CPUResponse cpus;

    memset(&cpus, 0, sizeof(cpus));
    printf("GetCPUInfo %lld\n", (long long)GetCPUInfo(&cpus));
    text("CPUSet", cpus.CPUSet);
}

static void hugepages(int elements)
{
    struct HugepagesResponse pages;
    long long code;

    memset(&pages, 0, sizeof(pages));
    pages.numStructAllocated = elements;
    pages.pHugepages = calloc(elements, sizeof(*pages.pHugepages));
    code = GetHugepages(&pages);
    printf("GetHugepages %lld, %d\n", code, pages.numStructPopulated);
    text("MyContainerName", pages.MyContainerName);
    for (int i = 0; i < pages.numStructPopulated; i++) {
        struct HugepagesData *data = &pages.pHugepages[i];

        printf(" %d\n", i);
        text("ContainerName", data->ContainerName);
        number("Request", data->Request);
        number("Limit", data->Limit);
        number("Request1G", data->Request1G);
        number("Limit1G", data->Limit1G);
        number("Request2M", data->Request2M);
        number("Limit2M", data->Limit2M);
    }
    free(pages.pHugepages);
}

static void device(struct DeviceInfo *info)
{
    number("Type", info->Type);
    text("Version", info->Version);
    text("Pci.PciAddress", info->Pci.PciAddress);
    text("Pci.Vhostnet", info->Pci.Vhostnet);
    text("Pci.RdmaDevice", info->Pci.RdmaDevice);
    text("Pci.PfPciAddress", info->Pci.PfPciAddress);
    text("Vdpa.ParentDevice", info->Vdpa.ParentDevice);
    text("Vdpa.Driver", info->Vdpa.Driver);
    text("Vdpa.Path", info->Vdpa.Path);
    text("Vdpa.PciAddress", info->Vdpa.PciAddress);
    text("Vdpa.PfPciAddress", info->Vdpa.PfPciAddress);
    number("VhostUser.Mode", info->VhostUser.Mode);
    text("VhostUser.Path", info->VhostUser.Path);
    number("Memif.Role", info->Memif.Role);
    text("Memif.Path", info->Memif.Path);
    number("Memif.Mode", info->Memif.Mode);
}

static void interfaces(int elements)
{
    /* As in the old library's sample, nobody zeroes the response itself. */
    struct InterfaceResponse response;
    long long code;

    response.numIfaceAllocated = elements;
    response.numIfacePopulated = 5;
    response.pIface = malloc(elements * sizeof(*response.pIface));
    memset(response.pIface, 0xa5, elements * sizeof(*response.pIface));
    code = GetInterfaces(&response);
    printf("GetInterfaces %lld, %d\n", code, response.numIfacePopulated);
    for (int i = 0; i < response.numIfacePopulated; i++) {
        struct NetworkStatus *status = &response.pIface[i].NetworkStatus;

        printf(" %d\n", i);
        number("DeviceType", response.pIface[i].DeviceType);
        text("Name", status->Name);
        text("Interface", status->Interface);
        list("IPs", status->IPs, 10);
        text("Mac", status->Mac);
        number("Default", status->Default);
        list("Nameservers", status->DNS.Nameservers, 5);
        text("Domain", status->DNS.Domain);
        list("Search", status->DNS.Search, 5);
        list("Options", status->DNS.Options, 5);
        device(&status->DeviceInfo);
    }
    free(response.pIface);
}

int main(int argc, char **argv)
{
    int elements = argc > 1 ? atoi(argv[1]) : 10;

    leak = argc > 2 && strcmp(argv[2], "leak") == 0;
    cpus();
    hugepages(elements);
    interfaces(elements);
    return 0;
}
