/*
 * A program that waits and watches, on a pod whose files it writes itself:
 * podnet_watch ROOT [leak]
 */
#include <podnet.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition,    \
                    err.text);                                                    \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

#define KEY "k8s.v1.cni.cncf.io/network"
#define ETH0 "{\\\"name\\\":\\\"cbr0\\\",\\\"interface\\\":\\\"eth0\\\"}"
#define NET1(ip) \
    "{\\\"name\\\":\\\"ran/a\\\",\\\"interface\\\":\\\"net1\\\",\\\"ips\\\":[\\\"" ip "\\\"]}"

static struct podnet_error err;
static const char *root;

static int same(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

static int count(const char *directory)
{
    DIR *entries = opendir(directory);
    int found = 0;

    CHECK(entries != NULL);
    while (readdir(entries))
        found++;
    closedir(entries);
    return found;
}

/* The lines of /proc/self/status that tell of signals. */
static void read_signals(char *text, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");

    CHECK(file != NULL);
    text[0] = '\0';
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, "SigCgt", 6) == 0 || strncmp(line, "SigIgn", 6) == 0 ||
            strncmp(line, "SigBlk", 6) == 0)
            strncat(text, line, size - strlen(text) - 1);
    fclose(file);
    CHECK(text[0] != '\0');
}

static char signals[512];
static int threads;

/* A call that waits or watches leaves threads and signals as they were. */
static void undisturbed(void)
{
    char now[512];

    read_signals(now, sizeof(now));
    CHECK(same(signals, now));
    CHECK(count("/proc/self/task") == threads);
}

/* Replaces the annotations in one step. */
static void write_status(const char *entries)
{
    char path[4096], next[4096 + 8];
    FILE *file;

    snprintf(path, sizeof(path), "%s/etc/podnetinfo/annotations", root);
    snprintf(next, sizeof(next), "%s.new", path);
    file = fopen(next, "w");
    CHECK(file != NULL);
    fprintf(file, "%ss=\"ran/a\"\n", KEY);
    if (entries)
        fprintf(file, "%s-status=\"[%s]\"\n", KEY, entries);
    CHECK(fclose(file) == 0);
    CHECK(rename(next, path) == 0);
}

static struct podnet *open_root(void)
{
    struct podnet_config config;
    struct podnet *pod = NULL;

    memset(&config, 0, sizeof(config));
    config.size = sizeof(config);
    config.root = root;
    CHECK(podnet_open(&config, &pod, &err) == 0);
    return pod;
}

static int wait_for(const struct podnet *pod, const char *network, long timeout_ms)
{
    struct podnet_wait_options options;
    int code;

    memset(&options, 0, sizeof(options));
    options.size = sizeof(options);
    options.networks = &network;
    options.networks_len = network != NULL;
    options.timeout_ms = timeout_ms;
    memset(&err, 0, sizeof(err));
    code = podnet_wait(pod, &options, &err);
    undisturbed();
    return code;
}

/* The options of programs that know less and more than the library; the status is there. */
static void check_growth(const struct podnet *pod)
{
    struct {
        struct podnet_wait_options options;
        uint64_t later;
    } longer;
    struct podnet_wait_options shorter;
    const char *missing = "net7", *there = "eth0";

    memset(&longer, 0, sizeof(longer));
    longer.options.size = sizeof(longer);
    longer.options.networks = &missing;
    longer.options.networks_len = 1;
    longer.options.timeout_ms = 50;
    CHECK(podnet_wait(pod, &longer.options, &err) == -ETIMEDOUT);
    longer.options.networks = &there;
    CHECK(podnet_wait(pod, &longer.options, &err) == 0);
    longer.later = 1;
    CHECK(podnet_wait(pod, &longer.options, &err) == -E2BIG);
    CHECK(strstr(err.text, "does not know") != NULL);

    /* What follows the size in memory counts for nothing: no such network, no timeout. */
    memset(&shorter, 0xff, sizeof(shorter));
    shorter.size = sizeof(shorter.size);
    CHECK(podnet_wait(pod, &shorter, &err) == 0);
    shorter.size = offsetof(struct podnet_wait_options, timeout_ms);
    shorter.networks = &there;
    shorter.networks_len = 1;
    CHECK(podnet_wait(pod, &shorter, &err) == 0);
    for (size_t size = 0; size < sizeof(shorter.size); size++) {
        shorter.size = size;
        CHECK(podnet_wait(pod, &shorter, &err) == -EINVAL);
    }
    shorter.size = SIZE_MAX;
    CHECK(podnet_wait(pod, &shorter, &err) == -E2BIG);
}

static void check_wait(const struct podnet *pod)
{
    struct podnet_wait_options options;
    time_t start;

    write_status(NULL);
    CHECK(wait_for(pod, NULL, 50) == -ENODATA && err.code == -ENODATA);
    write_status(ETH0);
    CHECK(wait_for(pod, NULL, 50) == -ETIMEDOUT);
    CHECK(strstr(err.text, "ran/a") != NULL);
    CHECK(wait_for(pod, "net1", 50) == -ETIMEDOUT);
    CHECK(wait_for(pod, "eth0", 50) == 0);
    write_status(ETH0 "," NET1("192.0.2.1"));
    start = time(NULL);
    CHECK(podnet_wait(pod, NULL, &err) == 0);
    CHECK(wait_for(pod, "ran/a", 0) == 0);
    CHECK(wait_for(pod, NULL, -1) == 0);
    CHECK(time(NULL) - start < 10);

    check_growth(pod);
    CHECK(podnet_wait(NULL, NULL, &err) == -EINVAL);
    CHECK(wait_for(pod, "a/b/c", 60000) == -EINVAL);
    CHECK(wait_for(pod, "\xff", 60000) == -EINVAL);
    memset(&options, 0, sizeof(options));
    CHECK(podnet_wait(pod, &options, NULL) == -EINVAL);
    options.size = sizeof(options);
    options.networks_len = 1;
    CHECK(podnet_wait(pod, &options, NULL) == -EINVAL);
}

static void check_misuse(const struct podnet *pod, struct podnet_watch *watch)
{
    struct podnet_event *event = (struct podnet_event *)&err;
    char *json = err.text;

    CHECK(podnet_watch_open(NULL, &watch, &err) == -EINVAL);
    CHECK(podnet_watch_open(pod, NULL, &err) == -EINVAL);
    CHECK(podnet_watch_fd(NULL) == -EINVAL);
    CHECK(podnet_watch_next(NULL, &event, &err) == -EINVAL);
    CHECK(event == (struct podnet_event *)&err);
    CHECK(podnet_watch_next(watch, NULL, &err) == -EINVAL);
    CHECK(podnet_watch_next_json(NULL, &json, &err) == -EINVAL && json == err.text);
    CHECK(podnet_watch_next_json(watch, NULL, &err) == -EINVAL);
    podnet_watch_close(NULL);
    podnet_event_free(NULL);
}

/* Waits for an event as an event loop does. */
static struct podnet_event *next_event(struct podnet_watch *watch)
{
    struct pollfd polled = { .fd = podnet_watch_fd(watch), .events = POLLIN };
    struct podnet_event *event = NULL;

    while (!event) {
        CHECK(poll(&polled, 1, 10000) == 1);
        CHECK(podnet_watch_next(watch, &event, &err) == 0);
    }
    undisturbed();
    return event;
}

static void expect(struct podnet_watch *watch, uint32_t type, const char *name, const char *ip,
                   const char *ip_before)
{
    struct podnet_event *event = next_event(watch);

    CHECK(event->event_type == type && event->zero == 0);
    CHECK(same(event->interface->name, name));
    CHECK(!ip || same(event->interface->ips.items[0], ip));
    CHECK((event->before != NULL) == (ip_before != NULL));
    CHECK(!ip_before || same(event->before->ips.items[0], ip_before));
    podnet_event_free(event);
}

static void expect_nothing(struct podnet_watch *watch)
{
    struct podnet_event *event = (struct podnet_event *)&err;

    CHECK(podnet_watch_next(watch, &event, &err) == 0 && event == NULL);
}

static void check_watch(const struct podnet *pod, struct podnet_watch *watch)
{
    check_misuse(pod, watch);
    expect_nothing(watch);
    write_status(ETH0 "," NET1("192.0.2.1"));
    expect(watch, PODNET_EVENT_ADDED, "eth0", NULL, NULL);
    expect(watch, PODNET_EVENT_ADDED, "net1", "192.0.2.1", NULL);
    expect_nothing(watch);
    write_status(NET1("192.0.2.7") "," ETH0);
    expect(watch, PODNET_EVENT_CHANGED, "net1", "192.0.2.7", "192.0.2.1");
    write_status(ETH0);
    expect(watch, PODNET_EVENT_REMOVED, "net1", "192.0.2.7", NULL);
    expect_nothing(watch);
}

/* Events as text, from the same queue. */
static void check_json(struct podnet_watch *watch)
{
    struct pollfd polled = { .fd = podnet_watch_fd(watch), .events = POLLIN };
    char *json = NULL;

    write_status(NET1("192.0.2.8") "," ETH0);
    while (!json) {
        CHECK(poll(&polled, 1, 10000) == 1);
        CHECK(podnet_watch_next_json(watch, &json, &err) == 0);
    }
    CHECK(strstr(json, "{\"event\":\"added\",\"interface\":{\"name\":\"net1\"") == json);
    CHECK(strstr(json, "192.0.2.8") != NULL && strchr(json, '\n') == NULL);
    podnet_string_free(json);
    json = err.text;
    CHECK(podnet_watch_next_json(watch, &json, &err) == 0 && json == NULL);
    write_status(ETH0);
    expect(watch, PODNET_EVENT_REMOVED, "net1", "192.0.2.8", NULL);
}

/* A source that is malformed is an error once, and the watch goes on. */
static void check_malformed(struct podnet_watch *watch)
{
    struct pollfd polled = { .fd = podnet_watch_fd(watch), .events = POLLIN };
    struct podnet_event *event = NULL;
    int code = 0;

    write_status("{");
    while (code == 0) {
        CHECK(poll(&polled, 1, 10000) == 1);
        code = podnet_watch_next(watch, &event, &err);
        CHECK(event == NULL);
    }
    CHECK(code == -EBADMSG && err.code == -EBADMSG);
    expect_nothing(watch);
    write_status(ETH0 "," NET1("192.0.2.9"));
    expect(watch, PODNET_EVENT_ADDED, "net1", "192.0.2.9", NULL);
}

int main(int argc, char **argv)
{
    struct podnet *pod;
    struct podnet_watch *watch = NULL;
    struct podnet_event *event;
    int descriptors;

    CHECK(argc >= 2);
    root = argv[1];
    read_signals(signals, sizeof(signals));
    threads = count("/proc/self/task");
    descriptors = count("/proc/self/fd");
    pod = open_root();
    check_wait(pod);
    for (int i = 0; i < 100; i++) {
        CHECK(podnet_watch_open(pod, &watch, &err) == 0);
        podnet_watch_close(watch);
    }
    CHECK(count("/proc/self/fd") == descriptors);

    write_status(NULL);
    CHECK(podnet_watch_open(pod, &watch, &err) == 0);
    CHECK(podnet_watch_fd(watch) >= 0);
    undisturbed();
    check_watch(pod, watch);
    podnet_close(pod);
    check_json(watch);
    check_malformed(watch);
    write_status(NET1("192.0.2.9"));
    event = next_event(watch);
    podnet_watch_close(watch);
    undisturbed();
    CHECK(event->event_type == PODNET_EVENT_REMOVED && same(event->interface->name, "eth0"));
    if (argc > 2 && same(argv[2], "leak"))
        event = NULL;
    podnet_event_free(event);
    CHECK(count("/proc/self/fd") == descriptors);
    undisturbed();
    puts("passed");
    return 0;
}
