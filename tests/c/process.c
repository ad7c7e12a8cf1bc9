/*
 * What the library does to the process that it is loaded into: nothing. It is
 * loaded with dlopen() so that its constructors are seen as well.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: process LIBRARY ROOT [leak]
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "libnetutil_api.h"
#include "podnet.h"

#define CYCLES 1000
#define FORKS 50
/* KiB that the allocator may take for itself. */
#define GROWTH 128
#define READERS 4

static struct {
    void *library;
    __typeof__(podnet_open) *open;
    __typeof__(podnet_close) *close;
    __typeof__(podnet_get_cpu_info) *get_cpu_info;
    __typeof__(podnet_cpu_info_free) *cpu_info_free;
    __typeof__(podnet_get_hugepages) *get_hugepages;
    __typeof__(podnet_hugepages_free) *hugepages_free;
    __typeof__(podnet_get_interfaces) *get_interfaces;
    __typeof__(podnet_interfaces_free) *interfaces_free;
    __typeof__(podnet_get_json) *get_json;
    __typeof__(podnet_string_free) *string_free;
    __typeof__(podnet_eal_args_new) *eal_args_new;
    __typeof__(podnet_eal_args_free) *eal_args_free;
    __typeof__(podnet_wait) *wait;
    __typeof__(podnet_watch_open) *watch_open;
    __typeof__(podnet_watch_fd) *watch_fd;
    __typeof__(podnet_watch_next) *watch_next;
    __typeof__(podnet_watch_next_json) *watch_next_json;
    __typeof__(podnet_watch_close) *watch_close;
    __typeof__(podnet_event_free) *event_free;
    __typeof__(podnet_version) *version;
    __typeof__(GetCPUInfo) *GetCPUInfo;
    __typeof__(GetHugepages) *GetHugepages;
    __typeof__(GetInterfaces) *GetInterfaces;
    __typeof__(FreeCPUInfo) *FreeCPUInfo;
    __typeof__(FreeHugepages) *FreeHugepages;
    __typeof__(FreeInterfaces) *FreeInterfaces;
    __typeof__(SetConfig) *SetConfig;
} api;

static const char *path, *root;

static void find(void *function, const char *name)
{
    void *address = dlsym(api.library, name);

    CHECK(address != NULL);
    memcpy(function, &address, sizeof(address));
}

static void load(void)
{
    api.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!api.library)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(api.library != NULL);
    find(&api.open, "podnet_open");
    find(&api.close, "podnet_close");
    find(&api.get_cpu_info, "podnet_get_cpu_info");
    find(&api.cpu_info_free, "podnet_cpu_info_free");
    find(&api.get_hugepages, "podnet_get_hugepages");
    find(&api.hugepages_free, "podnet_hugepages_free");
    find(&api.get_interfaces, "podnet_get_interfaces");
    find(&api.interfaces_free, "podnet_interfaces_free");
    find(&api.get_json, "podnet_get_json");
    find(&api.string_free, "podnet_string_free");
    find(&api.eal_args_new, "podnet_eal_args_new");
    find(&api.eal_args_free, "podnet_eal_args_free");
    find(&api.wait, "podnet_wait");
    find(&api.watch_open, "podnet_watch_open");
    find(&api.watch_fd, "podnet_watch_fd");
    find(&api.watch_next, "podnet_watch_next");
    find(&api.watch_next_json, "podnet_watch_next_json");
    find(&api.watch_close, "podnet_watch_close");
    find(&api.event_free, "podnet_event_free");
    find(&api.version, "podnet_version");
    find(&api.GetCPUInfo, "GetCPUInfo");
    find(&api.GetHugepages, "GetHugepages");
    find(&api.GetInterfaces, "GetInterfaces");
    find(&api.FreeCPUInfo, "FreeCPUInfo");
    find(&api.FreeHugepages, "FreeHugepages");
    find(&api.FreeInterfaces, "FreeInterfaces");
    find(&api.SetConfig, "SetConfig");
}

/* What a process shows of itself. Resident memory is compared by its growth. */
struct state {
    char status[512];
    struct sigaction actions[NSIG];
    int files;
    int mappings;
    long resident;
};

static int entries(const char *directory)
{
    DIR *stream = opendir(directory);
    int count = 0;

    CHECK(stream != NULL);
    while (readdir(stream))
        count++;
    closedir(stream);
    return count;
}

static void look(struct state *state)
{
    static const char *const names[] = { "Threads:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:",
                                         "SigCgt:" };
    char line[512];
    FILE *file = fopen("/proc/self/status", "r");

    memset(state, 0, sizeof(*state));
    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file)) {
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0)
                strcat(state->status, line);
        sscanf(line, "VmRSS: %ld", &state->resident);
    }
    fclose(file);
    CHECK(strstr(state->status, "SigCgt") != NULL && state->resident > 0);
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &state->actions[i]);
    state->files = entries("/proc/self/fd");
    file = fopen("/proc/self/maps", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file))
        state->mappings += strchr(line, '\n') != NULL;
    fclose(file);
}

static struct state before;

/* Ends the program when anything but memory is other than it was. */
static void unchanged(const char *call)
{
    struct state now;

    look(&now);
    if (strcmp(before.status, now.status) != 0) {
        fprintf(stderr, "%s: before:\n%safter:\n%s", call, before.status, now.status);
        exit(1);
    }
    if (before.files != now.files) {
        fprintf(stderr, "%s: %d files before, %d after\n", call, before.files, now.files);
        exit(1);
    }
    for (int i = 1; i < NSIG; i++) {
        const struct sigaction *a = &before.actions[i], *b = &now.actions[i];

        if (a->sa_handler != b->sa_handler || a->sa_flags != b->sa_flags) {
            fprintf(stderr, "%s: another disposition of signal %d\n", call, i);
            exit(1);
        }
    }
}

static struct podnet *open_root(void)
{
    struct podnet_config config = { .size = sizeof(config), .root = root };
    struct podnet *pod = NULL;

    CHECK(api.open(&config, &pod, NULL) == 0);
    return pod;
}

/* Makes a call and compares. */
#define CALL(call)                                                             \
    do {                                                                       \
        CHECK(call);                                                           \
        unchanged(#call);                                                      \
    } while (0)

static void call_podnet(void)
{
    struct podnet_eal_options options = { .size = sizeof(options), .app = PODNET_APP_L3FWD };
    struct podnet *pod;
    struct podnet_cpu_info *cpus;
    struct podnet_hugepages *hugepages;
    struct podnet_interfaces *interfaces;
    struct podnet_eal_args *args;
    struct podnet_error err;
    char *json;

    CALL((pod = open_root()) != NULL);
    CALL(api.get_cpu_info(pod, &cpus, NULL) == 0);
    CALL((api.cpu_info_free(cpus), 1));
    CALL(api.get_hugepages(pod, &hugepages, NULL) == 0);
    CALL((api.hugepages_free(hugepages), 1));
    CALL(api.get_interfaces(pod, &interfaces, NULL) == 0);
    CALL((api.interfaces_free(interfaces), 1));
    CALL(api.get_json(pod, &json, NULL) == 0);
    CALL((api.string_free(json), 1));
    CALL(api.eal_args_new(pod, &options, &args, NULL) == 0);
    CALL((api.eal_args_free(args), 1));
    CALL((api.close(pod), 1));
    CALL(*api.version() != '\0');
    /* And failures. */
    CALL(api.get_json(NULL, &json, &err) == -EINVAL);
    CALL(api.open(NULL, NULL, &err) == -EINVAL);
}

/* A watch is a file until it is closed. */
static void call_watch(void)
{
    struct podnet_wait_options options = { .size = sizeof(options), .timeout_ms = 1000 };
    struct podnet *pod = open_root();
    struct podnet_watch *watch;
    struct podnet_event *event = NULL;
    char *json = NULL;
    int files = before.files;

    CALL(api.wait(pod, &options, NULL) == 0);
    CHECK(api.watch_open(pod, &watch, NULL) == 0);
    before.files = entries("/proc/self/fd");
    CALL(api.watch_fd(watch) >= 0);
    CALL(api.watch_next(watch, &event, NULL) == 0);
    CALL((api.event_free(event), 1));
    CALL(api.watch_next_json(watch, &json, NULL) == 0);
    CALL((api.string_free(json), 1));
    CHECK((api.watch_close(watch), 1));
    before.files = files;
    unchanged("watch_close");
    CALL((api.close(pod), 1));
}

static void call_drop_in(void)
{
    struct CPUResponse cpus = { NULL };
    struct HugepagesData pages[10];
    struct InterfaceData data[10];
    struct HugepagesResponse hugepages = { .numStructAllocated = 10, .pHugepages = pages };
    struct InterfaceResponse interfaces = { .numIfaceAllocated = 10, .pIface = data };
    struct AppNetutilConfig config;

    memset(&config, 0, sizeof(config));
    config.log.level = LOG_LEVEL_MAX;
    CALL(api.SetConfig(&config) == NETUTIL_ERRNO_SUCCESS);
    CALL(api.GetCPUInfo(&cpus) == NETUTIL_ERRNO_SUCCESS);
    CALL((api.FreeCPUInfo(&cpus), 1));
    CALL(api.GetHugepages(&hugepages) == NETUTIL_ERRNO_SUCCESS);
    CALL((api.FreeHugepages(&hugepages), 1));
    CALL(api.GetInterfaces(&interfaces) == NETUTIL_ERRNO_SUCCESS);
    CALL((api.FreeInterfaces(&interfaces), 1));
    CALL(api.GetInterfaces(NULL) == NETUTIL_ERRNO_FAIL);
}

/* Reads everything of a handle once. */
static void use(struct podnet *pod)
{
    struct podnet_interfaces *interfaces;
    char *json;

    CHECK(api.get_interfaces(pod, &interfaces, NULL) == 0);
    CHECK(interfaces->interfaces_len > 0);
    api.interfaces_free(interfaces);
    CHECK(api.get_json(pod, &json, NULL) == 0);
    CHECK(strstr(json, "podnet/v1") != NULL);
    api.string_free(json);
}

/* A child that does not end is killed by its alarm and fails the test. */
static void in_child(struct podnet *pod)
{
    int status;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        struct podnet *own;

        alarm(60);
        if (pod) {
            use(pod);
            api.close(pod);
        }
        own = open_root();
        use(own);
        api.close(own);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static volatile int stop;

static void *read_on(void *pod)
{
    while (!stop)
        use(pod);
    return NULL;
}

static void check_fork(void)
{
    pthread_t readers[READERS];
    struct podnet *pod;

    in_child(NULL);
    pod = open_root();
    in_child(pod);
    use(pod);
    for (int i = 0; i < READERS; i++)
        CHECK(pthread_create(&readers[i], NULL, read_on, pod) == 0);
    for (int i = 0; i < FORKS; i++)
        in_child(pod);
    stop = 1;
    for (int i = 0; i < READERS; i++)
        CHECK(pthread_join(readers[i], NULL) == 0);
    use(pod);
    api.close(pod);
}

static int leak;

static void cycle(void)
{
    struct podnet *pod;
    char *json;

    load();
    pod = open_root();
    use(pod);
    CHECK(api.get_json(pod, &json, NULL) == 0);
    if (!leak)
        api.string_free(json);
    api.close(pod);
    CHECK(dlclose(api.library) == 0);
}

static void check_cycles(void)
{
    struct state first, last;

    for (int i = 0; i < CYCLES / 10; i++)
        cycle();
    look(&first);
    for (int i = 0; i < CYCLES; i++)
        cycle();
    look(&last);
    if (last.files != first.files || last.mappings != first.mappings
        || last.resident > first.resident + GROWTH) {
        fprintf(stderr, "grown: %d cycles: files %d to %d, mappings %d to %d, resident %ld to %ld KiB\n",
                CYCLES, first.files, last.files, first.mappings, last.mappings, first.resident,
                last.resident);
        exit(1);
    }
    /* It was unloaded, not kept by something it registered. */
    CHECK(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL);
}

int main(int argc, char **argv)
{
    CHECK(argc >= 3);
    leak = argc > 3 && strcmp(argv[3], "leak") == 0;
    path = argv[1];
    root = argv[2];
    setenv("PODNET_ROOT", root, 1);
    look(&before);
    load();
    unchanged("dlopen");
    call_podnet();
    call_watch();
    call_drop_in();
    CHECK(dlclose(api.library) == 0);
    unchanged("dlclose");
    check_cycles();
    unchanged("dlclose again and again");
    load();
    check_fork();
    puts("passed");
    return 0;
}
