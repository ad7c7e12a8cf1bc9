/*
 * Starts EAL with the arguments that podnet makes for l3fwd in this pod, and
 * prints the ports that come of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: l3fwd_args [--no-huge]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <podnet.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_version.h>

static void print_plan(const struct podnet_eal_args *args)
{
    size_t i;

    for (i = 0; i < args->warnings_len; i++)
        fprintf(stderr, "l3fwd_args: %s\n", args->warnings[i].text);
    for (i = 0; i < args->ports_len; i++) {
        const struct podnet_port *port = &args->ports[i];

        printf("planned port %u: %s on %s\n", (unsigned int)port->id, port->name,
               port->interface_name ? port->interface_name : "no interface");
    }
}

/* A port that did not come up makes the numbers of those after it smaller: names hold. */
static int print_ports(const struct podnet_eal_args *args)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    uint16_t port;
    size_t i;

    printf("%u ports\n", (unsigned int)rte_eth_dev_count_avail());
    RTE_ETH_FOREACH_DEV(port) {
        if (rte_eth_dev_get_name_by_port(port, name) != 0)
            return -1;
        printf("port %u: %s\n", (unsigned int)port, name);
    }
    for (i = 0; i < args->ports_len; i++) {
        const struct podnet_port *planned = &args->ports[i];

        if (rte_eth_dev_get_port_by_name(planned->name, &port) != 0) {
            fprintf(stderr, "l3fwd_args: %s did not come up\n", planned->name);
            return -1;
        }
        if (planned->interface_name)
            printf("%s is port %u\n", planned->interface_name, (unsigned int)port);
    }
    return 0;
}

/* argv is EAL's until rte_eal_cleanup(), so args must outlive it. */
static int run(const struct podnet_eal_args *args)
{
    int result;

    if (rte_eal_init(args->argc, args->argv) < 0) {
        fprintf(stderr, "l3fwd_args: EAL does not start\n");
        return -1;
    }
    result = print_ports(args);
    return rte_eal_cleanup() == 0 ? result : -1;
}

int main(int argc, char **argv)
{
    struct podnet_config config = { .size = sizeof(config) };
    struct podnet_eal_options options = { .size = sizeof(options) };
    struct podnet_eal_args *args = NULL;
    struct podnet_error err;
    struct podnet *pod = NULL;
    int result = -1;

    /* Another directory than "/" stands for a whole pod, to try this outside of one. */
    config.root = getenv("PODNET_ROOT");
    options.program = argv[0];
    options.dpdk_version = rte_version();
    options.app = PODNET_APP_L3FWD;
    if (argc > 1 && strcmp(argv[1], "--no-huge") == 0)
        options.flags = PODNET_EAL_NO_HUGE;

    if (podnet_open(&config, &pod, &err) != 0
        || podnet_eal_args_new(pod, &options, &args, &err) != 0) {
        fprintf(stderr, "l3fwd_args: %s\n", err.text);
    } else {
        print_plan(args);
        result = run(args);
    }
    podnet_eal_args_free(args);
    podnet_close(pod);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
