/*
 * Prints what this pod was given, and the device of one of its networks.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: cpp_app [NETWORK]
 *
 * Exit status: 0 done, 1 no such device, 2 wrong usage.
 */
#include <array>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <podnet.hpp>

namespace {

/** A newer library may know more kinds. */
std::string_view kind_of(const podnet_interface &nic)
{
    constexpr std::array<std::string_view, 9> kinds{
        "unknown", "host", "sr-iov", "pci", "vdpa", "vhost-user", "memif", "af-xdp",
        "subfunction"};
    return kinds[nic.kind < kinds.size() ? nic.kind : PODNET_KIND_UNKNOWN];
}

std::string_view name_of(const podnet_interface &nic)
{
    return podnetpp::text(nic.name).value_or("-");
}

/** What stands for a number that no source gives. */
std::string known(std::optional<uint64_t> value)
{
    return value ? std::to_string(*value) : "unknown";
}

void print_pod(const podnetpp::pod &pod, const podnet_interfaces &all)
{
    const auto cpus = pod.cpu_info();
    std::cout << "cpus " << cpus->allowed.list << '\n';
    const auto hugepages = pod.hugepages();
    for (const auto &page : podnetpp::items(*hugepages))
        std::cout << "hugepages of " << page.size << " bytes: limit "
                  << known(podnetpp::number(page.limit)) << '\n';
    for (const auto &nic : podnetpp::items(all))
        std::cout << "interface " << name_of(nic) << " (" << nic.network << "): " << kind_of(nic)
                  << '\n';
}

/** A network is asked for as namespace/name, as name, or by the interface. */
bool answers_to(const podnet_interface &nic, std::string_view asked)
{
    const std::string_view network = nic.network;
    const auto slash = network.rfind('/');
    return name_of(nic) == asked || network == asked ||
           (slash != network.npos && network.substr(slash + 1) == asked);
}

std::string who_is_there(const podnet_interfaces &all)
{
    std::ostringstream text;
    const char *between = "";
    for (const auto &nic : podnetpp::items(all)) {
        text << between << name_of(nic) << " (" << nic.network << ')';
        between = ", ";
    }
    between = "; not attached yet: ";
    for (const char *network : podnetpp::items(all.pending_networks)) {
        text << between << network;
        between = ", ";
    }
    return text.str();
}

const podnet_interface &find(const podnet_interfaces &all, const std::string &asked)
{
    const podnet_interface *found = nullptr;
    bool several = false;
    for (const auto &nic : podnetpp::items(all)) {
        if (answers_to(nic, asked)) {
            several = found != nullptr;
            found = &nic;
        }
    }
    if (found && !several)
        return *found;
    throw std::runtime_error(asked +
                             (several ? ": several interfaces, name one" : ": no such network") +
                             ": the pod has " + who_is_there(all));
}

/** What a program opens: a PCI address, a socket, a character device or a netdev. */
std::optional<std::string_view> address_of(const podnet_device *device)
{
    if (!device)
        return {};
    if (device->pci)
        return podnetpp::text(device->pci->address);
    if (device->vdpa)
        return podnetpp::text(device->vdpa->path ? device->vdpa->path
                                                 : device->vdpa->parent_device);
    if (device->vhost_user)
        return podnetpp::text(device->vhost_user->path);
    if (device->memif)
        return podnetpp::text(device->memif->path);
    if (device->subfunction)
        return podnetpp::text(device->subfunction->name);
    return podnetpp::text(device->af_xdp ? device->af_xdp->netdev : nullptr);
}

void print_device(const podnet_interfaces &all, const std::string &asked)
{
    const podnet_interface &nic = find(all, asked);
    const auto address = address_of(nic.device);
    if (!address)
        throw std::runtime_error(asked + ": no device behind it: it is of kind " +
                                 std::string(kind_of(nic)));
    if (podnetpp::answer(nic.own) == false)
        throw std::runtime_error(asked + ": " + std::string(*address) +
                                 " was given to another container");
    std::optional<uint64_t> node;
    if (nic.hardware)
        node = podnetpp::index(nic.hardware->numa_node);
    std::cout << "device of " << name_of(nic) << ": " << *address << ", NUMA node " << known(node)
              << '\n';
}

} // namespace

int main(int argc, char **argv)
try {
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        std::cerr << "usage: cpp_app [NETWORK]\n";
        return 2;
    }
    podnetpp::config config;
    // A directory that stands for a whole pod, to try this outside of one.
    if (const char *root = std::getenv("PODNET_ROOT"))
        config.root = root;
    const podnetpp::pod pod(config);
    const auto all = pod.interfaces();
    print_pod(pod, *all);
    if (argc == 2)
        print_device(*all, argv[1]);
    return 0;
} catch (const std::exception &error) {
    std::cout.flush();
    std::cerr << "cpp_app: " << error.what() << '\n';
    return 1;
}
