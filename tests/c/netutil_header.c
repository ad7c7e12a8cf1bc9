/*
 * A program for libnetutil_api.h: SetConfig, misuse, and the free functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: netutil_header LOGFILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "libnetutil_api.h"

static void check_misuse(void)
{
    struct HugepagesResponse pages = { 10, 3, NULL, NULL };
    struct InterfaceResponse response = { 10, 3, NULL };

    CHECK(GetCPUInfo(NULL) == NETUTIL_ERRNO_FAIL);
    CHECK(GetHugepages(NULL) == NETUTIL_ERRNO_FAIL);
    CHECK(GetInterfaces(NULL) == NETUTIL_ERRNO_FAIL);
    CHECK(SetConfig(NULL) == NETUTIL_ERRNO_FAIL);
    CHECK(GetHugepages(&pages) == NETUTIL_ERRNO_FAIL);
    CHECK(pages.numStructPopulated == 0);
    CHECK(GetInterfaces(&response) == NETUTIL_ERRNO_FAIL);
    CHECK(response.numIfacePopulated == 0);
    FreeCPUInfo(NULL);
    FreeHugepages(NULL);
    FreeInterfaces(NULL);
}

static void check_log(const char *path, const char *wanted)
{
    static char log[65536];
    FILE *file = fopen(path, "r");

    CHECK(file != NULL);
    log[fread(log, 1, sizeof(log) - 1, file)] = '\0';
    fclose(file);
    CHECK(strstr(log, wanted) != NULL);
}

static void configure(char *base_dir, uint32_t to_stderr, uint32_t level, char *file)
{
    struct AppNetutilConfig config;

    memset(&config, 0, sizeof(config));
    config.downwardAPI.baseDir = base_dir;
    config.log.stderr = to_stderr;
    config.log.level = level;
    config.log.filename = file;
    CHECK(SetConfig(&config) == NETUTIL_ERRNO_SUCCESS);
}

static void check_hugepages(void)
{
    struct HugepagesResponse pages;

    memset(&pages, 0, sizeof(pages));
    pages.numStructAllocated = NETUTIL_NUM_HUGEPAGES_DATA;
    pages.pHugepages = malloc(NETUTIL_NUM_HUGEPAGES_DATA * sizeof(struct HugepagesData));
    CHECK(pages.pHugepages != NULL);
    CHECK(GetHugepages(&pages) == NETUTIL_ERRNO_SUCCESS);
    CHECK(pages.numStructPopulated == 2);
    CHECK(strcmp(pages.MyContainerName, "dpdk") == 0);
    CHECK(pages.pHugepages[0].Limit1G == 2048);
    FreeHugepages(&pages);
    CHECK(pages.MyContainerName == NULL && pages.numStructPopulated == 0);
    FreeHugepages(&pages);
    free(pages.pHugepages);
}

static int64_t interfaces(struct InterfaceResponse *response, int elements)
{
    memset(response, 0, sizeof(*response));
    response->numIfaceAllocated = elements;
    response->pIface = malloc((size_t)elements * sizeof(struct InterfaceData));
    CHECK(response->pIface != NULL);
    return GetInterfaces(response);
}

static void check_interfaces(void)
{
    struct InterfaceResponse response;

    CHECK(interfaces(&response, NETUTIL_NUM_NETWORKINTERFACE) == NETUTIL_ERRNO_SUCCESS);
    CHECK(response.numIfacePopulated == 7);
    CHECK(response.pIface[4].DeviceType == NETUTIL_TYPE_VHOST);
    CHECK(response.pIface[4].NetworkStatus.DeviceInfo.VhostUser.Mode
          == NETUTIL_VHOST_MODE_SERVER);
    FreeInterfaces(&response);
    CHECK(response.pIface[4].NetworkStatus.Name == NULL && response.numIfacePopulated == 0);
    FreeInterfaces(&response);
    free(response.pIface);

    CHECK(interfaces(&response, 3) == NETUTIL_ERRNO_SIZE_ERROR);
    CHECK(response.numIfacePopulated == 3);
    CHECK(strcmp(response.pIface[2].NetworkStatus.Interface, "net2") == 0);
    FreeInterfaces(&response);
    free(response.pIface);
}

int main(int argc, char **argv)
{
    static char elsewhere[] = "/etc/elsewhere";
    struct CPUResponse cpus;
    struct InterfaceResponse response;

    CHECK(argc == 2);
    check_misuse();
    CHECK(fopen(argv[1], "r") == NULL);

    configure(NULL, false, LOG_LEVEL_INFO, argv[1]);
    CHECK(GetCPUInfo(&cpus) == NETUTIL_ERRNO_SUCCESS);
    CHECK(strcmp(cpus.CPUSet, "2-5,34") == 0);
    FreeCPUInfo(&cpus);
    CHECK(cpus.CPUSet == NULL);
    check_log(argv[1], "[info] GetCPUInfo()");

    /* Numbers out of range and NULL change nothing. */
    configure(NULL, 2, LOG_LEVEL_MAX, NULL);
    check_hugepages();
    check_log(argv[1], "[info] GetHugepages()");
    check_interfaces();
    check_log(argv[1], "[warning] GetInterfaces()");

    /* Another Downward API directory, where the annotations are cut off. */
    configure(elsewhere, false, LOG_LEVEL_ERROR, NULL);
    CHECK(interfaces(&response, 3) == NETUTIL_ERRNO_FAIL);
    CHECK(response.numIfacePopulated == 0);
    free(response.pIface);
    check_log(argv[1], "[error] GetInterfaces(): /etc/elsewhere/annotations: ");

    puts("passed");
    return 0;
}
