/*
 * Prints what the C interface says of pods, for tests/golden.rs. A line of the
 * input names one: root, Downward API directory, container and flags, separated
 * by tabs; a dash is none. For each pod one line of JSON, then what the structs
 * of the calls for one subject say, one value a line, then an empty line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "podnet.h"

static const char *text(const char *value) { return value ? value : "null"; }

static void print_strings(const char *name, const struct podnet_strings *list)
{
    for (size_t i = 0; i < list->len; i++)
        printf("%s=%s\n", name, list->items[i]);
}

static void print_number(const char *name, uint64_t value)
{
    if (value == PODNET_NONE)
        printf("%s=null\n", name);
    else
        printf("%s=%llu\n", name, (unsigned long long)value);
}

static void print_index(const char *name, int64_t value)
{
    if (value < 0)
        printf("%s=null\n", name);
    else
        printf("%s=%lld\n", name, (long long)value);
}

static void print_cpus(const struct podnet *pod)
{
    struct podnet_cpu_info *info;
    if (podnet_get_cpu_info(pod, &info, NULL) < 0) {
        puts("cpus: failed");
        return;
    }
    printf("allowed=%s\ncpuset=%s\naffinity=%s\n", text(info->allowed.list),
           text(info->cpuset.list), text(info->affinity.list));
    printf("isolated=%s\nshared=%s\nhousekeeping=%s\nmemoryNodes=%s\n", text(info->isolated.list),
           text(info->shared.list), text(info->housekeeping.list), text(info->memory_nodes.list));
    for (size_t i = 0; i < info->nodes_len; i++)
        printf("node=%lld:%s\n", (long long)info->nodes[i].node, text(info->nodes[i].cpus.list));
    for (size_t i = 0; i < info->cores_len; i++)
        printf("core=%s\n", text(info->cores[i].cpus.list));
    podnet_cpu_info_free(info);
}

static void print_hugepages(const struct podnet *pod)
{
    struct podnet_hugepages *hugepages;
    if (podnet_get_hugepages(pod, &hugepages, NULL) < 0) {
        puts("hugepages: failed");
        return;
    }
    for (size_t i = 0; i < hugepages->pages_len; i++) {
        const struct podnet_page_size *page = &hugepages->pages[i];
        print_number("size", page->size);
        print_number("request", page->request);
        print_number("limit", page->limit);
        print_number("used", page->used);
        print_strings("mount", &page->mounts);
        for (size_t n = 0; n < page->nodes_len; n++)
            printf("pool=%lld:%llu/%llu\n", (long long)page->nodes[n].node,
                   (unsigned long long)page->nodes[n].free_pages,
                   (unsigned long long)page->nodes[n].total_pages);
    }
    for (size_t i = 0; i < hugepages->containers_len; i++) {
        printf("container=%s\n", text(hugepages->containers[i].name));
        print_number("limit", hugepages->containers[i].limit);
    }
    podnet_hugepages_free(hugepages);
}

static void print_hardware(const struct podnet_hardware *hardware)
{
    if (!hardware)
        return;
    printf("vendor=%s\ndriver=%s\nvfio=%s\nphysicalFunction=%s\n", text(hardware->vendor),
           text(hardware->driver), text(hardware->vfio), text(hardware->physical_function));
    print_index("numaNode", hardware->numa_node);
    print_index("iommuGroup", hardware->iommu_group);
    print_index("virtualFunction", hardware->virtual_function);
    print_strings("netdev", &hardware->netdevs);
    print_strings("rdmaDevice", &hardware->rdma_devices);
    if (hardware->vdpa)
        printf("vdpa=%s\n", text(hardware->vdpa->name));
}

static const char *own(uint32_t value)
{
    return value == PODNET_YES ? "true" : value == PODNET_NO ? "false" : "null";
}

static void print_interfaces(const struct podnet *pod)
{
    struct podnet_interfaces *all;
    if (podnet_get_interfaces(pod, &all, NULL) < 0) {
        puts("interfaces: failed");
        return;
    }
    print_strings("pending", &all->pending_networks);
    for (size_t i = 0; i < all->interfaces_len; i++) {
        const struct podnet_interface *one = &all->interfaces[i];
        printf("name=%s\nnetwork=%s\nmac=%s\nown=%s\n", text(one->name), text(one->network),
               text(one->mac), own(one->own));
        print_number("mtu", one->mtu);
        print_strings("ip", &one->ips);
        print_strings("gateway", &one->gateways);
        print_strings("source", &one->sources);
        if (one->device) {
            printf("type=%s\n", text(one->device->type_name));
            if (one->device->pci)
                printf("address=%s\n", text(one->device->pci->address));
            if (one->device->vdpa)
                printf("path=%s\n", text(one->device->vdpa->path));
            if (one->device->vhost_user)
                printf("path=%s\n", text(one->device->vhost_user->path));
            if (one->device->memif)
                printf("path=%s\n", text(one->device->memif->path));
            if (one->device->af_xdp)
                printf("path=%s\n", text(one->device->af_xdp->socket));
            if (one->device->subfunction)
                printf("subfunction=%s\n", text(one->device->subfunction->name));
        }
        print_hardware(one->hardware);
    }
    for (size_t i = 0; i < all->unmatched_devices_len; i++) {
        const struct podnet_unmatched_device *device = &all->unmatched_devices[i];
        printf("unmatched=%s\nown=%s\n", text(device->address), own(device->own));
        print_hardware(device->hardware);
    }
    podnet_interfaces_free(all);
}

static char *field(char **rest)
{
    char *start = *rest, *end = strpbrk(start, "\t\n");
    if (!end)
        exit(2);
    *end = '\0';
    *rest = end + 1;
    return strcmp(start, "-") ? start : NULL;
}

int main(void)
{
    static char line[8192];
    while (fgets(line, sizeof line, stdin)) {
        char *rest = line;
        struct podnet_config config = {.size = sizeof config};
        config.root = field(&rest);
        config.downward_api_dir = field(&rest);
        config.container_name = field(&rest);
        config.flags = field(&rest) ? PODNET_ASSIGN_BY_ORDER : 0;

        struct podnet *pod;
        struct podnet_error err;
        char *json;
        if (podnet_open(&config, &pod, &err) < 0 || podnet_get_json(pod, &json, &err) < 0) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        puts(json);
        podnet_string_free(json);
        print_cpus(pod);
        print_hugepages(pod);
        print_interfaces(pod);
        putchar('\n');
        podnet_close(pod);
    }
    return 0;
}
