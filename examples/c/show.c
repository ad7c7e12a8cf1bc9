/*
 * Prints the CPUs, hugepages and interfaces of this pod, or of the pod whose
 * files are under ROOT.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: show [ROOT]
 */
#include <podnet.h>
#include <stdio.h>

static int show_cpus(const struct podnet *pod, struct podnet_error *err)
{
    struct podnet_cpu_info *info;

    if (podnet_get_cpu_info(pod, &info, err) < 0)
        return -1;
    printf("cpus: %s\n", info->allowed.list);
    podnet_cpu_info_free(info);
    return 0;
}

static int show_hugepages(const struct podnet *pod, struct podnet_error *err)
{
    struct podnet_hugepages *hugepages;

    if (podnet_get_hugepages(pod, &hugepages, err) < 0)
        return -1;
    for (size_t i = 0; i < hugepages->pages_len; i++) {
        const struct podnet_page_size *page = &hugepages->pages[i];

        if (page->limit == PODNET_NONE)
            printf("hugepages of %llu bytes: limit unknown\n", (unsigned long long)page->size);
        else
            printf("hugepages of %llu bytes: %llu bytes\n", (unsigned long long)page->size,
                   (unsigned long long)page->limit);
    }
    podnet_hugepages_free(hugepages);
    return 0;
}

static int show_interfaces(const struct podnet *pod, struct podnet_error *err)
{
    struct podnet_interfaces *all;

    if (podnet_get_interfaces(pod, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < all->interfaces_len; i++) {
        const struct podnet_interface *interface = &all->interfaces[i];
        const struct podnet_device *device = interface->device;

        printf("interface %s: %s\n", interface->name ? interface->name : "-",
               device && device->pci ? device->pci->address : "no PCI device");
    }
    podnet_interfaces_free(all);
    return 0;
}

int main(int argc, char **argv)
{
    struct podnet_config config = { .size = sizeof(config), .root = argc > 1 ? argv[1] : NULL };
    struct podnet_error err;
    struct podnet *pod;
    int failed;

    if (podnet_open(&config, &pod, &err) < 0) {
        fprintf(stderr, "show: %s\n", err.text);
        return 1;
    }
    failed = show_cpus(pod, &err) < 0 || show_hugepages(pod, &err) < 0
        || show_interfaces(pod, &err) < 0;
    if (failed)
        fprintf(stderr, "show: %s\n", err.text);
    podnet_close(pod);
    return failed;
}
