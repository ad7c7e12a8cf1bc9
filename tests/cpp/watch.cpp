/*
 * Waits and watches as tests/bindings.rs tells it to: a line of the input is a
 * command, and each is answered by a line. The argument is a pod.
 */
#include <iostream>
#include <poll.h>
#include <sstream>

#include "podnet.hpp"

static std::string waited(const podnetpp::pod &pod, std::istream &words)
{
    podnetpp::wait_options options;
    long timeout = 0;
    words >> timeout;
    options.timeout = std::chrono::milliseconds(timeout);
    for (std::string network; words >> network;)
        options.networks.push_back(network);
    pod.wait(options);
    return "there";
}

static std::string described(const podnet_interface *nic)
{
    std::string text = podnetpp::text(nic->name) ? nic->name : "-";
    for (std::string_view ip : podnetpp::items(nic->ips))
        text += " " + std::string(ip);
    return text;
}

static std::string described(const podnet_event &event)
{
    static const char *const types[] = {"?", "added", "removed", "changed"};
    std::string text = types[event.event_type] + (" " + described(event.interface));
    return event.before ? text + " before " + described(event.before) : text;
}

static std::string next(podnetpp::watch &watch, std::istream &words)
{
    int timeout = 0;
    words >> timeout;
    for (;;) {
        if (const podnetpp::event event = watch.next())
            return described(*event);
        pollfd polled{watch.fd(), POLLIN, 0};
        /* It is readable for nothing every two seconds. */
        if (poll(&polled, 1, timeout) == 0)
            return "nothing";
    }
}

static std::string answer(const podnetpp::pod &pod, std::optional<podnetpp::watch> &watch,
                          std::istream &words)
{
    std::string command;
    words >> command;
    if (command == "wait")
        return waited(pod, words);
    if (command == "watch")
        watch.emplace(pod.watch());
    else if (command == "close")
        watch.reset();
    else
        return next(watch.value(), words);
    return command;
}

static std::string name(const std::error_code &code)
{
    if (code == std::errc::no_such_file_or_directory)
        return "not mounted";
    if (code == std::errc::no_message_available)
        return "no status";
    if (code == std::errc::timed_out)
        return "networks missing";
    return "error " + std::to_string(code.value());
}

int main(int, char **argv)
{
    podnetpp::config how;
    how.root = argv[1];
    const podnetpp::pod pod(how);
    std::optional<podnetpp::watch> watch;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        try {
            std::cout << answer(pod, watch, words) << std::endl;
        } catch (const podnetpp::error &failure) {
            std::cout << name(failure.code()) << ": " << failure.what() << std::endl;
        } catch (const std::bad_optional_access &) {
            std::cout << "closed" << std::endl;
        }
    }
}
