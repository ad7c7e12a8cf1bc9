/*
 * A program for podnet.h: every answer, every NULL, misuse, and threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: podnet_app ROOT [leak]
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "podnet.h"

#define CHECK_OK(call) \
    do { \
        struct podnet_error err; \
        if ((call) != 0) { \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, err.text); \
            exit(1); \
        } \
    } while (0)

#define THREADS 16

static int same(const char *text, const char *wanted)
{
    return text != NULL && strcmp(text, wanted) == 0;
}

static struct podnet *open_root(const char *root)
{
    struct podnet_config config;
    struct podnet *pod = NULL;

    memset(&config, 0, sizeof(config));
    config.size = sizeof(config);
    config.root = root;
    CHECK_OK(podnet_open(&config, &pod, &err));
    return pod;
}

static void check_version(void)
{
    char text[64];

    snprintf(text, sizeof(text), "%d.%d.%d", PODNET_VERSION_MAJOR, PODNET_VERSION_MINOR,
             PODNET_VERSION_PATCH);
    CHECK(strncmp(PODNET_VERSION, text, strlen(text)) == 0);
    CHECK(same(podnet_version(), PODNET_VERSION));
}

static void check_null(const struct podnet *pod)
{
    struct podnet_error err;
    struct podnet_cpu_info *cpus;
    struct podnet_hugepages *hugepages;
    struct podnet_interfaces *interfaces;
    struct podnet_eal_args *args;
    char *json;

    CHECK(podnet_open(NULL, NULL, &err) == -EINVAL);
    CHECK(err.code == -EINVAL && same(err.text, "ret: must not be NULL"));
    CHECK(podnet_get_cpu_info(NULL, &cpus, &err) == -EINVAL);
    CHECK(same(err.text, "pod: must not be NULL"));
    CHECK(podnet_get_cpu_info(pod, NULL, NULL) == -EINVAL);
    CHECK(podnet_get_hugepages(NULL, &hugepages, NULL) == -EINVAL);
    CHECK(podnet_get_hugepages(pod, NULL, NULL) == -EINVAL);
    CHECK(podnet_get_interfaces(NULL, &interfaces, NULL) == -EINVAL);
    CHECK(podnet_get_interfaces(pod, NULL, NULL) == -EINVAL);
    CHECK(podnet_get_json(NULL, &json, NULL) == -EINVAL);
    CHECK(podnet_get_json(pod, NULL, NULL) == -EINVAL);
    CHECK(podnet_eal_args_new(NULL, NULL, &args, NULL) == -EINVAL);
    CHECK(podnet_eal_args_new(pod, NULL, NULL, NULL) == -EINVAL);
    podnet_close(NULL);
    podnet_cpu_info_free(NULL);
    podnet_hugepages_free(NULL);
    podnet_interfaces_free(NULL);
    podnet_eal_args_free(NULL);
    podnet_string_free(NULL);
}

static void check_misuse(void)
{
    struct podnet_config config;
    struct podnet_error err;
    struct podnet *pod = NULL;
    char *json;

    memset(&config, 0, sizeof(config));
    config.size = sizeof(config);
    config.flags = 1u << 31;
    CHECK(podnet_open(&config, &pod, &err) == -EINVAL);
    CHECK(pod == NULL);

    pod = open_root("/nonexistent");
    CHECK(podnet_get_json(pod, &json, &err) == -ENOENT);
    CHECK(strncmp(err.text, "/nonexistent: ", 14) == 0);
    podnet_close(pod);
}

static void check_cpus(const struct podnet *pod)
{
    struct podnet_cpu_info *cpus = NULL;

    CHECK_OK(podnet_get_cpu_info(pod, &cpus, &err));
    CHECK(same(cpus->allowed.list, "2-5,34"));
    CHECK(cpus->allowed.len == 5 && cpus->allowed.ids[4] == 34);
    CHECK(same(cpus->cpuset.list, "2-5,34") && cpus->cgroup_version == 2);
    CHECK(cpus->isolated.list == NULL && cpus->isolated.ids == NULL && cpus->isolated.len == 0);
    CHECK(cpus->exclusive == PODNET_UNKNOWN);
    CHECK(cpus->quota == 8.5);
    CHECK(cpus->nodes_len == 1 && cpus->nodes[0].node == 0);
    podnet_cpu_info_free(cpus);
}

static void check_hugepages(const struct podnet *pod)
{
    struct podnet_hugepages *hugepages = NULL;

    CHECK_OK(podnet_get_hugepages(pod, &hugepages, &err));
    CHECK(hugepages->pages_len == 1);
    CHECK(hugepages->pages[0].size == 1u << 30);
    CHECK(hugepages->pages[0].limit == UINT64_C(2) << 30);
    CHECK(hugepages->pages[0].limit_source == PODNET_LIMIT_DOWNWARD_API);
    CHECK(hugepages->pages[0].used == PODNET_NONE);
    CHECK(hugepages->containers_len == 3);
    CHECK(same(hugepages->containers[1].name, "proxy"));
    CHECK(hugepages->containers[1].request == PODNET_NONE);
    podnet_hugepages_free(hugepages);
}

static void check_interfaces(const struct podnet *pod)
{
    struct podnet_interfaces *all = NULL;
    const struct podnet_interface *net1, *net4;

    CHECK_OK(podnet_get_interfaces(pod, &all, &err));
    CHECK(all->state == PODNET_STATE_COMPLETE && all->interfaces_len == 6);
    CHECK(all->interfaces[0].is_default == 1 && all->interfaces[0].kind == PODNET_KIND_HOST);
    CHECK(same(all->interfaces[0].ips.items[0], "10.128.2.14"));
    CHECK(all->interfaces[0].device == NULL);
    CHECK(same(all->interfaces[0].dns->domain, "x.example"));
    net1 = &all->interfaces[1];
    CHECK(same(net1->name, "net1") && net1->kind == PODNET_KIND_SR_IOV);
    CHECK(net1->evidence == PODNET_EVIDENCE_DEVICE_INFO && net1->own == PODNET_YES);
    CHECK(same(net1->device->pci->address, "0000:3b:02.1"));
    CHECK(net1->device->pci->rdma_devices.len == 2);
    CHECK(net1->device->vdpa == NULL);
    net4 = &all->interfaces[4];
    CHECK(net4->device->device_type == PODNET_DEVICE_VHOST_USER);
    CHECK(net4->device->vhost_user->mode == PODNET_VHOST_SERVER);
    CHECK(all->unmatched_devices_len == 1);
    CHECK(same(all->unmatched_devices[0].address, "0000:3b:02.6"));
    podnet_interfaces_free(all);
}

static void check_json(const struct podnet *pod)
{
    char *json = NULL;

    CHECK_OK(podnet_get_json(pod, &json, &err));
    CHECK(strstr(json, "\"schema\":\"podnet/v1\"") != NULL);
    CHECK(strstr(json, "\"address\":\"0000:3b:02.6\"") != NULL);
    /* It is the caller's: even this is allowed. */
    json[7] = '\0';
    podnet_string_free(json);
}

static void check_args(const struct podnet *pod)
{
    struct podnet_eal_options options;
    struct podnet_eal_args *args = NULL;
    const char *networks[] = { "net5" };
    char *first;

    memset(&options, 0, sizeof(options));
    options.size = sizeof(options);
    options.program = "l3fwd";
    options.dpdk_version = "22.11";
    options.app = PODNET_APP_L3FWD;
    options.networks = networks;
    options.networks_len = 1;
    options.flags = PODNET_EAL_NO_HUGE;
    CHECK_OK(podnet_eal_args_new(pod, &options, &args, &err));
    CHECK(args->argc > args->eal_argc && args->eal_argc > 3);
    CHECK(same(args->argv[0], "l3fwd"));
    CHECK(same(args->argv[args->eal_argc], "--"));
    CHECK(args->argv[args->argc] == NULL);
    CHECK(args->ports_len == 1 && args->ports[0].id == 0);
    CHECK(same(args->ports[0].interface_name, "net5"));
    CHECK(strncmp(args->ports[0].name, "net_memif", 9) == 0);
    CHECK(strncmp(args->ports[0].devarg, args->ports[0].name, strlen(args->ports[0].name)) == 0);
    CHECK(args->lcores_len >= 1);
    /* What EAL and getopt() do to it. */
    first = args->argv[0];
    args->argv[0] = args->argv[args->argc - 1];
    args->argv[args->argc - 1] = first;
    first[0] = '\0';
    podnet_eal_args_free(args);

    options.app = 99;
    CHECK(podnet_eal_args_new(pod, &options, &args, NULL) == -EINVAL);
}

/* The configs of programs that know less and more than the library. */
static void check_config_growth(const char *root)
{
    struct {
        struct podnet_config config;
        uint64_t later;
    } longer;
    struct podnet_config shorter;
    struct podnet_error err;
    struct podnet *pod = NULL;

    memset(&longer, 0, sizeof(longer));
    longer.config.size = sizeof(longer);
    longer.config.root = root;
    CHECK_OK(podnet_open(&longer.config, &pod, &err));
    check_interfaces(pod);
    podnet_close(pod);
    pod = NULL;
    longer.later = 1;
    CHECK(podnet_open(&longer.config, &pod, &err) == -E2BIG);
    CHECK(strstr(err.text, "does not know") != NULL && pod == NULL);

    /* What follows the size in memory counts for nothing: no such directory, no such flags. */
    memset(&shorter, 0xff, sizeof(shorter));
    shorter.size = offsetof(struct podnet_config, downward_api_dir);
    shorter.root = root;
    CHECK_OK(podnet_open(&shorter, &pod, &err));
    check_interfaces(pod);
    podnet_close(pod);
    pod = NULL;
    for (size_t size = 0; size < sizeof(shorter.size); size++) {
        shorter.size = size;
        CHECK(podnet_open(&shorter, &pod, &err) == -EINVAL);
        CHECK(same(err.text, "config: size: must be set to sizeof the struct"));
    }
    shorter.size = SIZE_MAX;
    CHECK(podnet_open(&shorter, &pod, &err) == -E2BIG && pod == NULL);
}

/* The options of programs that know less and more than the library. */
static void check_growth(const struct podnet *pod)
{
    struct {
        struct podnet_eal_options options;
        uint64_t later;
    } longer;
    struct podnet_eal_options shorter;
    struct podnet_eal_args *args = NULL;
    struct podnet_error err;

    memset(&longer, 0, sizeof(longer));
    longer.options.size = sizeof(longer);
    longer.options.program = "longer";
    CHECK(podnet_eal_args_new(pod, &longer.options, &args, &err) == 0);
    CHECK(same(args->argv[0], "longer"));
    podnet_eal_args_free(args);
    longer.later = 1;
    CHECK(podnet_eal_args_new(pod, &longer.options, &args, &err) == -E2BIG);
    CHECK(strstr(err.text, "does not know") != NULL);

    /* What follows the size in memory counts for nothing. */
    memset(&shorter, 0xff, sizeof(shorter));
    shorter.size = sizeof(shorter.size);
    CHECK(podnet_eal_args_new(pod, &shorter, &args, &err) == 0);
    CHECK(same(args->argv[0], "podnet"));
    podnet_eal_args_free(args);
    shorter.size = offsetof(struct podnet_eal_options, dpdk_version);
    shorter.program = "shorter";
    CHECK(podnet_eal_args_new(pod, &shorter, &args, &err) == 0);
    CHECK(same(args->argv[0], "shorter"));
    podnet_eal_args_free(args);
    for (size_t size = 0; size < sizeof(shorter.size); size++) {
        shorter.size = size;
        CHECK(podnet_eal_args_new(pod, &shorter, &args, &err) == -EINVAL);
    }
}

static void *look(void *pod)
{
    check_cpus(pod);
    check_hugepages(pod);
    check_interfaces(pod);
    check_json(pod);
    check_args(pod);
    return NULL;
}

static void check_threads(struct podnet *pod)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, look, pod) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv)
{
    struct podnet *pod;

    CHECK(argc >= 2);
    check_version();
    check_misuse();
    check_config_growth(argv[1]);
    pod = open_root(argv[1]);
    check_null(pod);
    look(pod);
    check_growth(pod);
    check_threads(pod);
    if (argc > 2 && same(argv[2], "leak"))
        pod = NULL;
    podnet_close(pod);
    puts("passed");
    return 0;
}
