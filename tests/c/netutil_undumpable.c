/*
 * A program that may not read its own /proc/self/environ, as one with file
 * capabilities may not: what its variables say is found all the same. Prints
 * the PCI address of the last interface.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: netutil_undumpable DIRECTORY
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "check.h"
#include "libnetutil_api.h"

#define NOBODY 65534

int main(int argc, char **argv)
{
    struct InterfaceData data[NETUTIL_NUM_NETWORKINTERFACE];
    struct InterfaceResponse response = {
        .numIfaceAllocated = NETUTIL_NUM_NETWORKINTERFACE,
        .pIface = data,
    };
    struct AppNetutilConfig config;
    const char *address;

    CHECK(argc == 2);
    if (geteuid() == 0)
        CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    CHECK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
    CHECK(open("/proc/self/environ", O_RDONLY) < 0 && errno == EACCES);

    memset(&config, 0, sizeof(config));
    config.downwardAPI.baseDir = argv[1];
    CHECK(SetConfig(&config) == NETUTIL_ERRNO_SUCCESS);
    CHECK(GetInterfaces(&response) == NETUTIL_ERRNO_SUCCESS);
    CHECK(response.numIfacePopulated > 0);
    address = data[response.numIfacePopulated - 1].NetworkStatus.DeviceInfo.Pci.PciAddress;
    puts(address ? address : "none");
    FreeInterfaces(&response);
    return 0;
}
