/* What podnet.hpp promises beside the answers: owners, errors, ranges. The argument is a pod. */
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "podnet.hpp"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                        \
            std::exit(1);                                                                          \
        }                                                                                          \
    } while (0)

template <class T>
constexpr bool only_moves = std::is_nothrow_move_constructible_v<T> &&
                            std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(only_moves<podnetpp::pod> && only_moves<podnetpp::cpu_info> &&
              only_moves<podnetpp::hugepages> && only_moves<podnetpp::interfaces> &&
              only_moves<podnetpp::eal_args> && only_moves<podnetpp::event> &&
              only_moves<podnetpp::watch>);
static_assert(sizeof(podnetpp::interfaces) == sizeof(void *));
static_assert(std::is_base_of_v<std::system_error, podnetpp::error>);
static_assert(std::is_nothrow_copy_constructible_v<podnetpp::error>);
static_assert(!podnetpp::number(PODNET_NONE) && podnetpp::number(0) == 0u);
static_assert(!podnetpp::index(-1) && podnetpp::index(0) == 0);
static_assert(!podnetpp::answer(PODNET_UNKNOWN) && *podnetpp::answer(PODNET_YES) &&
              !*podnetpp::answer(PODNET_NO));

/** The error that a call throws. */
template <class Call> podnetpp::error thrown_by(Call call)
{
    try {
        call();
    } catch (const podnetpp::error &failure) {
        return failure;
    }
    CHECK(!"an exception");
    std::abort();
}

static void errors_carry_errno_and_text()
{
    podnetpp::config nowhere;
    nowhere.root = "/nonexistent";
    const auto missing = thrown_by([&] { podnetpp::pod(nowhere).json(); });
    CHECK(missing.code() == std::errc::no_such_file_or_directory);
    CHECK(std::string(missing.what()).find("/nonexistent: ") == 0);

    podnetpp::config forged;
    forged.container_name = std::string("a\0b", 3);
    const auto invalid = thrown_by([&] { podnetpp::pod pod(forged); });
    CHECK(invalid.code() == std::errc::invalid_argument);
}

static void owners_move_and_outlive_the_pod(const podnetpp::config &how)
{
    podnetpp::interfaces all;
    {
        podnetpp::pod first(how);
        podnetpp::pod pod = std::move(first);
        all = pod.interfaces();
        CHECK(thrown_by([&] { first.interfaces(); }).code() == std::errc::invalid_argument);
    }
    const podnetpp::interfaces moved = std::move(all);
    CHECK(!all && moved);
    std::size_t count = 0;
    for (const podnet_interface &nic : podnetpp::items(*moved))
        count += podnetpp::text(nic.network).has_value();
    CHECK(count == 3 && count == podnetpp::items(*moved).size());
    CHECK(podnetpp::items(*moved)[0].is_default == 1);
    CHECK(podnetpp::unmatched_devices(*moved).empty());
    CHECK(!podnetpp::text(nullptr));
}

static void arguments_can_be_permuted_and_are_freed(const podnetpp::pod &pod)
{
    podnetpp::eal_options options;
    options.program = "l3fwd";
    options.app = PODNET_APP_L3FWD;
    options.networks = {"net1", "net2"};
    options.args = {"--log-level", "a longer argument than a std::string holds inside"};
    options.main_cpu = 3;
    const podnetpp::eal_args args = pod.eal_args(options);
    CHECK(std::string(args->argv[0]) == "l3fwd" && !args->argv[args->argc]);
    CHECK(podnetpp::ports(*args).size() == 2 && podnetpp::lcores(*args)[0].cpu == 3);
    args->argv[1][0] = '!';
    std::swap(args->argv[0], args->argv[args->argc - 1]);

    options.main_cpu = 4000;
    CHECK(thrown_by([&] { pod.eal_args(options); }).code() == std::errc::invalid_argument);
    options.main_cpu.reset();
    options.args = {std::string("a\0b", 3)};
    CHECK(thrown_by([&] { pod.eal_args(options); }).code() == std::errc::invalid_argument);
}

static std::vector<std::string> words(const podnetpp::eal_args &args)
{
    return {args->argv, args->argv + args->argc};
}

static void every_option_changes_the_arguments(const podnetpp::pod &pod)
{
    const auto plain = words(pod.eal_args());
    const auto with = [&](auto set) {
        podnetpp::eal_options options;
        set(options);
        return words(pod.eal_args(options));
    };
    using options = podnetpp::eal_options;
    CHECK(with([](options &o) { o.program = "other"; }) != plain);
    CHECK(with([](options &o) { o.networks = {"net1"}; }) != plain);
    CHECK(with([](options &o) { o.args = {"--log-level", ""}; }) != plain);
    CHECK(with([](options &o) { o.file_prefix = "other"; }) != plain);
    CHECK(with([](options &o) { o.memory = 1 << 30; }) != plain);
    CHECK(with([](options &o) { o.no_huge = true; }) != plain);
    CHECK(with([](options &o) { o.secondary = true; }) != plain);
    CHECK(with([](options &o) { o.app = PODNET_APP_TESTPMD; }) != plain);
    CHECK(with([](options &o) { o.workers = 1; }) != plain);
    CHECK(with([](options &o) { o.main_cpu = 10; }) != plain);
    CHECK(with([](options &o) { o.smt = PODNET_SMT_AVOID; }) != plain);
    CHECK(with([](options &o) { o.iova_mode = PODNET_IOVA_PA; }) != plain);
    const auto l3fwd = with([](options &o) { o.app = PODNET_APP_L3FWD; });
    CHECK(with([](options &o) { o.app = PODNET_APP_L3FWD, o.queues = 2; }) != l3fwd);
    const auto too_old = [&] { with([](options &o) { o.dpdk_version = "18.11"; }); };
    CHECK(thrown_by(too_old).code() == std::errc::invalid_argument);
}

static void watches_move_and_outlive_the_pod(const podnetpp::config &how)
{
    std::optional<podnetpp::watch> watch;
    {
        const podnetpp::pod pod(how);
        pod.wait();
        podnetpp::watch first = pod.watch();
        watch.emplace(std::move(first));
        CHECK(thrown_by([&] { first.fd(); }).code() == std::errc::invalid_argument);
        CHECK(thrown_by([&] { first.next(); }).code() == std::errc::invalid_argument);
    }
    CHECK(watch->fd() >= 0 && !watch->next());
    podnetpp::wait_options options;
    options.networks = {std::string("a\0b", 3)};
    const auto forged = thrown_by([&] { podnetpp::pod(how).wait(options); });
    CHECK(forged.code() == std::errc::invalid_argument);
}

static void threads_share_a_pod(const podnetpp::pod &pod)
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++)
        threads.emplace_back([&] { CHECK(podnetpp::items(pod.cpu_info()->allowed).size() > 0); });
    for (std::thread &thread : threads)
        thread.join();
}

int main(int, char **argv)
{
    podnetpp::config how;
    how.root = argv[1];
    errors_carry_errno_and_text();
    owners_move_and_outlive_the_pod(how);
    watches_move_and_outlive_the_pod(how);
    const podnetpp::pod pod(how);
    arguments_can_be_permuted_and_are_freed(pod);
    every_option_changes_the_arguments(pod);
    threads_share_a_pod(pod);
}
