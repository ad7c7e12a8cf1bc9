/*
 * podnet for C++17: podnet.h with owners, exceptions and ranges.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *     podnetpp::pod pod;
 *     auto all = pod.interfaces();
 *     for (const podnet_interface &nic : podnetpp::items(*all))
 *         for (std::string_view ip : podnetpp::items(nic.ips))
 *             std::cout << podnetpp::text(nic.name).value_or("?") << ' ' << ip << '\n';
 *
 * The structs are those of podnet.h, which describes their members. An owner
 * frees what it holds, all that this points to included; it moves, and does not
 * copy. What fails throws podnetpp::error. Several threads may use one pod at a
 * time. (The namespace can't be podnet: that is a struct of podnet.h.)
 */
#ifndef PODNET_HPP
#define PODNET_HPP

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "podnet.h"

namespace podnetpp {

/**
 * Why a call failed. code() compares with std::errc, what() is the library's
 * one line, "path: what: why".
 */
class error : public std::system_error {
public:
    error(int errnum, const char *text)
        : std::system_error(errnum, std::generic_category()), text_(text) {}
    const char *what() const noexcept override { return text_.what(); }

private:
    std::runtime_error text_; /* A string that is copied without throwing. */
};

namespace detail {

template <auto Free> struct deleter {
    template <class T> void operator()(T *pointer) const noexcept { Free(pointer); }
};

template <class T, auto Free> using owner = std::unique_ptr<T, deleter<Free>>;

/** Calls a function of podnet.h, and throws its error. */
template <class Call> void checked(Call call)
{
    podnet_error err;
    const int code = call(&err);
    if (code < 0)
        throw error(-code, err.text);
}

/** The result of a function of podnet.h, or an error thrown. */
template <class Owner, class Call> Owner result(Call call)
{
    typename Owner::pointer found = nullptr;
    checked([&](auto err) { return call(&found, err); });
    return Owner(found);
}

inline const char *c_str(const std::string &text)
{
    if (text.find('\0') != std::string::npos)
        throw error(EINVAL, "podnet: a string holds a NUL character");
    return text.c_str();
}

inline const char *c_str(const std::optional<std::string> &text)
{
    return text ? c_str(*text) : nullptr;
}

inline std::vector<const char *> c_strs(const std::vector<std::string> &texts)
{
    std::vector<const char *> pointers;
    for (const std::string &text : texts)
        pointers.push_back(c_str(text));
    return pointers;
}

} // namespace detail

/* The results of the calls. */
using cpu_info = detail::owner<podnet_cpu_info, podnet_cpu_info_free>;
using hugepages = detail::owner<podnet_hugepages, podnet_hugepages_free>;
using interfaces = detail::owner<podnet_interfaces, podnet_interfaces_free>;
/** Keep it until after rte_eal_cleanup(): EAL keeps pointers into argv. */
using eal_args = detail::owner<podnet_eal_args, podnet_eal_args_free>;
/** What became of an interface: see podnet_event. */
using event = detail::owner<podnet_event, podnet_event_free>;

/** A list of a result, as a range. It is valid as long as its result. */
template <class T> struct span {
    const T *first;
    std::size_t len;

    constexpr const T *begin() const noexcept { return first; }
    constexpr const T *end() const noexcept { return first + len; }
    constexpr std::size_t size() const noexcept { return len; }
    constexpr bool empty() const noexcept { return len == 0; }
    constexpr const T &operator[](std::size_t index) const noexcept { return first[index]; }
};

/* The lists of each struct. items() of a CPU set are its numbers. */
inline span<const char *> items(const podnet_strings &s) { return {s.items, s.len}; }
inline span<uint32_t> items(const podnet_cpuset &s) { return {s.ids, s.len}; }
inline span<podnet_node_cpus> nodes(const podnet_cpu_info &s) { return {s.nodes, s.nodes_len}; }
inline span<podnet_core> cores(const podnet_cpu_info &s) { return {s.cores, s.cores_len}; }
inline span<podnet_page_size> items(const podnet_hugepages &s) { return {s.pages, s.pages_len}; }
inline span<podnet_node_pages> nodes(const podnet_page_size &s) { return {s.nodes, s.nodes_len}; }
inline span<podnet_container_hugepages> containers(const podnet_hugepages &s)
{
    return {s.containers, s.containers_len};
}
inline span<podnet_interface> items(const podnet_interfaces &s)
{
    return {s.interfaces, s.interfaces_len};
}
inline span<podnet_unmatched_device> unmatched_devices(const podnet_interfaces &s)
{
    return {s.unmatched_devices, s.unmatched_devices_len};
}
inline span<podnet_port> ports(const podnet_eal_args &s) { return {s.ports, s.ports_len}; }
inline span<podnet_lcore> lcores(const podnet_eal_args &s) { return {s.lcores, s.lcores_len}; }
inline span<podnet_warning> warnings(const podnet_eal_args &s)
{
    return {s.warnings, s.warnings_len};
}

/** A string, where it is not NULL. */
inline std::optional<std::string_view> text(const char *value)
{
    return value ? std::optional<std::string_view>(value) : std::nullopt;
}

/** A number that is PODNET_NONE where no source gives it. */
constexpr std::optional<uint64_t> number(uint64_t value)
{
    return value == PODNET_NONE ? std::nullopt : std::optional<uint64_t>(value);
}

/** A number that is negative where no source gives it. */
constexpr std::optional<int64_t> index(int64_t value)
{
    return value < 0 ? std::nullopt : std::optional<int64_t>(value);
}

/** PODNET_YES and PODNET_NO; nothing for PODNET_UNKNOWN. */
constexpr std::optional<bool> answer(uint32_t value)
{
    return value == PODNET_UNKNOWN ? std::nullopt : std::optional<bool>(value == PODNET_YES);
}

/** How to look at a pod: see podnet_config. */
struct config {
    std::optional<std::string> root, downward_api_dir, container_name;
    bool assign_by_order = false;
};

/** Which arguments to make: see podnet_eal_options. */
struct eal_options {
    std::optional<std::string> program, dpdk_version, file_prefix;
    std::vector<std::string> networks, args;
    uint64_t memory = 0;
    bool no_huge = false, secondary = false;
    uint32_t app = PODNET_APP_NONE, queues = 0, workers = 0;
    std::optional<uint32_t> main_cpu;
    uint32_t smt = PODNET_SMT_USE;
    uint32_t iova_mode = PODNET_IOVA_DEFAULT;
    uint32_t netdevs = PODNET_NETDEVS_SKIP;
    /** "NETWORK=MAC" each. */
    std::vector<std::string> next_hops;
    /** Files to write podnet_eal_args.routes_ipv4 and routes_ipv6 to. */
    std::optional<std::string> routes_ipv4, routes_ipv6;
};

/** What to wait for: see podnet_wait_options. */
struct wait_options {
    std::vector<std::string> networks;
    /** Less than a millisecond counts as one; without a value there is no end. */
    std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(60);
};

/** The changes of a pod's interfaces, from pod::watch() on. The pod may go before it. */
class watch {
public:
    /** The descriptor to poll(2): see podnet_watch_fd(). Reading and closing it are the watch's. */
    int fd() const
    {
        const int fd = podnet_watch_fd(handle_.get());
        if (fd < 0)
            throw error(-fd, "watch: was moved from");
        return fd;
    }

    /**
     * The next event, or an empty owner: it never waits. What is malformed or
     * can't be read throws once, and the watch goes on: see podnet_watch_next().
     */
    podnetpp::event next()
    {
        return detail::result<podnetpp::event>(
            [&](auto ret, auto err) { return podnet_watch_next(handle_.get(), ret, err); });
    }

private:
    friend class pod;
    using handle = detail::owner<podnet_watch, podnet_watch_close>;

    explicit watch(handle opened) noexcept : handle_(std::move(opened)) {}

    handle handle_;
};

/** A pod, as seen from inside. Every call looks at it afresh; results outlive it. */
class pod {
public:
    explicit pod(const config &how = {})
    {
        podnet_config given{};
        given.size = sizeof given;
        given.root = detail::c_str(how.root);
        given.downward_api_dir = detail::c_str(how.downward_api_dir);
        given.container_name = detail::c_str(how.container_name);
        given.flags = how.assign_by_order ? PODNET_ASSIGN_BY_ORDER : 0;
        handle_ = detail::result<handle>(
            [&](auto ret, auto err) { return podnet_open(&given, ret, err); });
    }

    /** The CPUs of this container: podnet_get_cpu_info(). */
    auto cpu_info() const { return get<podnetpp::cpu_info>(podnet_get_cpu_info); }

    /** The hugepages of this container: podnet_get_hugepages(). */
    auto hugepages() const { return get<podnetpp::hugepages>(podnet_get_hugepages); }

    /** The interfaces of the pod and their devices: podnet_get_interfaces(). */
    auto interfaces() const { return get<podnetpp::interfaces>(podnet_get_interfaces); }

    /** Everything about the pod as one line of JSON: podnet_get_json(). */
    std::string json() const { return get<string>(podnet_get_json).get(); }

    /** Arguments for DPDK: podnet_eal_args_new(). */
    podnetpp::eal_args eal_args(const eal_options &how = {}) const
    {
        const auto networks = detail::c_strs(how.networks), args = detail::c_strs(how.args);
        const auto next_hops = detail::c_strs(how.next_hops);
        podnet_eal_options given{};
        given.size = sizeof given;
        given.program = detail::c_str(how.program);
        given.dpdk_version = detail::c_str(how.dpdk_version);
        given.networks = networks.data();
        given.networks_len = networks.size();
        given.args = args.data();
        given.args_len = args.size();
        given.file_prefix = detail::c_str(how.file_prefix);
        given.memory = how.memory;
        given.flags = (how.no_huge ? PODNET_EAL_NO_HUGE : 0) |
                      (how.secondary ? PODNET_EAL_SECONDARY : 0) |
                      (how.main_cpu ? PODNET_EAL_MAIN_CPU : 0);
        given.app = how.app;
        given.queues = how.queues;
        given.workers = how.workers;
        given.main_cpu = how.main_cpu.value_or(0);
        given.smt = how.smt;
        given.iova_mode = how.iova_mode;
        given.netdevs = how.netdevs;
        given.next_hops = next_hops.data();
        given.next_hops_len = next_hops.size();
        given.routes_ipv4 = detail::c_str(how.routes_ipv4);
        given.routes_ipv6 = detail::c_str(how.routes_ipv6);
        return detail::result<podnetpp::eal_args>([&](auto ret, auto err) {
            return podnet_eal_args_new(handle_.get(), &given, ret, err);
        });
    }

    /**
     * Returns when the networks are there: podnet_wait(). What it throws has a
     * code() that is equal to std::errc::no_such_file_or_directory at once when
     * no annotations are mounted, no_message_available when there was no
     * network-status in time, and timed_out when networks are missing in it.
     */
    void wait(const wait_options &how = {}) const
    {
        const auto networks = detail::c_strs(how.networks);
        podnet_wait_options given{};
        given.size = sizeof given;
        given.networks = networks.data();
        given.networks_len = networks.size();
        given.timeout_ms = how.timeout ? std::max<int64_t>(how.timeout->count(), 1) : -1;
        detail::checked([&](auto err) { return podnet_wait(handle_.get(), &given, err); });
    }

    /** Watches the interfaces: podnet_watch_open(). */
    podnetpp::watch watch() const
    {
        return podnetpp::watch(get<podnetpp::watch::handle>(podnet_watch_open));
    }

private:
    using handle = detail::owner<podnet, podnet_close>;
    using string = detail::owner<char, podnet_string_free>;

    template <class Owner, class Call> Owner get(Call call) const
    {
        return detail::result<Owner>(
            [&](auto ret, auto err) { return call(handle_.get(), ret, err); });
    }

    handle handle_;
};

} // namespace podnetpp

#endif /* PODNET_HPP */
