/*
 * Prints what this pod was given, and the device of one of its networks.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: c_app [NETWORK]
 *
 * Exit status: 0 done, 1 no such device, 2 wrong usage.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <podnet.h>

static const char *const kinds[] = {
    "unknown", "host", "sr-iov", "pci", "vdpa", "vhost-user", "memif", "af-xdp",
    "subfunction",
};

/* A newer library may know more kinds. */
static const char *kind_of(const struct podnet_interface *nic)
{
    return nic->kind < sizeof(kinds) / sizeof(*kinds) ? kinds[nic->kind] : kinds[0];
}

static const char *name_of(const struct podnet_interface *nic)
{
    return nic->name ? nic->name : "-";
}

static int print_cpus(const struct podnet *pod, struct podnet_error *err)
{
    struct podnet_cpu_info *cpus;

    if (podnet_get_cpu_info(pod, &cpus, err) < 0)
        return -1;
    printf("cpus %s\n", cpus->allowed.list);
    podnet_cpu_info_free(cpus);
    return 0;
}

static int print_hugepages(const struct podnet *pod, struct podnet_error *err)
{
    struct podnet_hugepages *hugepages;

    if (podnet_get_hugepages(pod, &hugepages, err) < 0)
        return -1;
    for (size_t i = 0; i < hugepages->pages_len; i++) {
        const struct podnet_page_size *page = &hugepages->pages[i];

        printf("hugepages of %" PRIu64 " bytes: limit ", page->size);
        if (page->limit == PODNET_NONE)
            printf("unknown\n");
        else
            printf("%" PRIu64 "\n", page->limit);
    }
    podnet_hugepages_free(hugepages);
    return 0;
}

static void print_interfaces(const struct podnet_interfaces *all)
{
    for (size_t i = 0; i < all->interfaces_len; i++) {
        const struct podnet_interface *nic = &all->interfaces[i];

        printf("interface %s (%s): %s\n", name_of(nic), nic->network, kind_of(nic));
    }
}

/* A network is asked for as namespace/name, as name, or by the interface. */
static bool answers_to(const struct podnet_interface *nic, const char *asked)
{
    const char *bare = strrchr(nic->network, '/');

    return strcmp(name_of(nic), asked) == 0 || strcmp(nic->network, asked) == 0
        || (bare && strcmp(bare + 1, asked) == 0);
}

static void say_who_is_there(const struct podnet_interfaces *all)
{
    for (size_t i = 0; i < all->interfaces_len; i++)
        fprintf(stderr, "%s%s (%s)", i > 0 ? ", " : "", name_of(&all->interfaces[i]),
                all->interfaces[i].network);
    for (size_t i = 0; i < all->pending_networks.len; i++)
        fprintf(stderr, "%s%s", i > 0 ? ", " : "; not attached yet: ",
                all->pending_networks.items[i]);
    fprintf(stderr, "\n");
}

/* The one interface that is asked for, or NULL once said why there is none. */
static const struct podnet_interface *find(const struct podnet_interfaces *all, const char *asked)
{
    const struct podnet_interface *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < all->interfaces_len; i++) {
        if (answers_to(&all->interfaces[i], asked)) {
            found = &all->interfaces[i];
            count++;
        }
    }
    if (count == 1)
        return found;
    fprintf(stderr, "c_app: %s: %s: the pod has ", asked,
            count > 1 ? "several interfaces, name one" : "no such network");
    say_who_is_there(all);
    return NULL;
}

/* What a program opens: a PCI address, a socket, a character device or a netdev. */
static const char *address_of(const struct podnet_device *device)
{
    if (!device)
        return NULL;
    if (device->pci)
        return device->pci->address;
    if (device->vdpa)
        return device->vdpa->path ? device->vdpa->path : device->vdpa->parent_device;
    if (device->vhost_user)
        return device->vhost_user->path;
    if (device->memif)
        return device->memif->path;
    if (device->subfunction)
        return device->subfunction->name;
    return device->af_xdp ? device->af_xdp->netdev : NULL;
}

static int print_device(const struct podnet_interfaces *all, const char *asked)
{
    const struct podnet_interface *nic = find(all, asked);
    const char *address;

    if (!nic)
        return -1;
    address = address_of(nic->device);
    if (!address) {
        fprintf(stderr, "c_app: %s: no device behind it: it is of kind %s\n", asked, kind_of(nic));
        return -1;
    }
    if (nic->own == PODNET_NO) {
        fprintf(stderr, "c_app: %s: %s was given to another container\n", asked, address);
        return -1;
    }
    printf("device of %s: %s, NUMA node ", name_of(nic), address);
    if (nic->hardware && nic->hardware->numa_node >= 0)
        printf("%" PRId64 "\n", nic->hardware->numa_node);
    else
        printf("unknown\n");
    return 0;
}

static int run(const struct podnet *pod, const char *asked, struct podnet_error *err)
{
    struct podnet_interfaces *all;
    int result = 0;

    if (print_cpus(pod, err) < 0 || print_hugepages(pod, err) < 0
        || podnet_get_interfaces(pod, &all, err) < 0) {
        fprintf(stderr, "c_app: %s\n", err->text);
        return -1;
    }
    print_interfaces(all);
    if (asked)
        result = print_device(all, asked);
    podnet_interfaces_free(all);
    return result;
}

int main(int argc, char **argv)
{
    struct podnet_config config = { .size = sizeof(config) };
    struct podnet_error err;
    struct podnet *pod;
    int result;

    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: c_app [NETWORK]\n");
        return 2;
    }
    /* A directory that stands for a whole pod, to try this outside of one. */
    config.root = getenv("PODNET_ROOT");
    if (podnet_open(&config, &pod, &err) < 0) {
        fprintf(stderr, "c_app: %s\n", err.text);
        return 1;
    }
    result = run(pod, argc == 2 ? argv[1] : NULL, &err);
    podnet_close(pod);
    return result < 0 ? 1 : 0;
}
