/*
 * Prints what the C++ header says of pods, for tests/bindings.rs. A line of the
 * input names one: root, Downward API directory, container and flags, separated
 * by tabs; a dash is none. For each pod one line of JSON.
 */
#include <iostream>
#include <sstream>

#include "podnet.hpp"

using namespace podnetpp;

static std::string quoted(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        static const char hex[] = "0123456789abcdef";
        if (c == '"' || c == '\\')
            out += '\\';
        if (static_cast<unsigned char>(c) < 0x20)
            out += std::string("\\u00") + hex[(c >> 4) & 15] + hex[c & 15];
        else
            out += c;
    }
    return out + '"';
}

static std::string json(const char *value)
{
    const std::optional<std::string_view> found = text(value);
    return found ? quoted(*found) : "null";
}
static std::string json(const void *value) = delete; /* Else a pointer would be a bool. */
static std::string json(bool value) { return value ? "true" : "false"; }
template <class T> static std::string number_text(T value)
{
    std::ostringstream out;
    out << value;
    return out.str();
}
static std::string json(uint32_t value) { return number_text(value); }
static std::string json(int64_t value) { return number_text(value); }
static std::string json(uint64_t value) { return number_text(value); }
static std::string json(double value) { return number_text(value); }
static std::string json(const podnet_cpuset &set)
{
    if (!text(set.list))
        return "null";
    std::string ids;
    for (const uint32_t id : items(set))
        ids += (ids.empty() ? "" : ",") + json(id);
    return "{\"list\":" + quoted(set.list) + ",\"ids\":[" + ids + "]}";
}
template <class T> static std::string json(const std::optional<T> &value)
{
    return value ? json(*value) : "null";
}
template <class T> static std::string json(span<T> list)
{
    std::string out;
    for (const T &item : list)
        out += (out.empty() ? "" : ",") + json(item);
    return "[" + out + "]";
}
static std::string json(const podnet_strings &list) { return json(items(list)); }

/** An object of JSON. */
class object {
public:
    template <class T> object &add(const char *key, const T &value)
    {
        return raw(key, json(value));
    }
    object &raw(const char *key, const std::string &value)
    {
        members_ += (members_.empty() ? "" : ",") + quoted(key) + ":" + value;
        return *this;
    }
    std::string text() const { return "{" + members_ + "}"; }

private:
    std::string members_;
};

/** The name at the place of a constant. */
template <std::size_t N> static std::string named(const char *const (&names)[N], uint32_t value)
{
    return value < N ? json(names[value]) : quoted("?");
}

static const char *const exclusives[] = {"unknown", "yes", "no"};
static const char *const reasons[] = {nullptr, "shared-cpus", "quota", "all-online",
                                      "isolated-cpus"};
static const char *const cgroups[] = {nullptr, "v1", "v2"};
static const char *const limits[] = {nullptr, "downward-api", "cgroup", "dra", "mount"};
static const char *const kinds[] = {"unknown", "host",       "sr-iov", "pci",
                                    "vdpa",    "vhost-user", "memif",  "af-xdp",
                                    "subfunction"};
static const char *const evidences[] = {
    nullptr, "device-info", "dra", "netdev", "ifalias", "mac", "userspace", "only-candidate", "order",
};
static const char *const states[] = {"no-annotations", "no-status", "pending", "complete"};
static const char *const unmatched_types[] = {"?",           "pci",    "subfunction",
                                              "accelerator", "af-xdp", "vdpa"};
static const char *const vhost_modes[] = {nullptr, "client", "server"};
static const char *const memif_roles[] = {nullptr, "master", "slave"};
static const char *const memif_modes[] = {nullptr, "ethernet", "ip", "inject-punt"};

static std::string json(const podnet_node_cpus &node)
{
    return object().add("node", node.node).add("cpus", node.cpus).text();
}
static std::string json(const podnet_core &core) { return json(core.cpus); }
static std::string json(const podnet_cpu_info &info)
{
    object sources;
    sources.add("affinity", info.affinity).add("cpuset", info.cpuset);
    sources.raw("cgroup", named(cgroups, info.cgroup_version));
    object out;
    out.add("allowed", info.allowed).add("count", uint64_t(items(info.allowed).size()));
    out.raw("exclusive", named(exclusives, info.exclusive));
    out.raw("exclusiveReason", named(reasons, info.exclusive_reason));
    out.add("isolated", info.isolated).add("shared", info.shared);
    out.add("housekeeping", info.housekeeping).add("memoryNodes", info.memory_nodes);
    out.raw("quota", info.quota < 0 ? "null" : json(info.quota));
    out.add("nodes", nodes(info)).add("cores", cores(info));
    return out.raw("sources", sources.text()).text();
}

static std::string json(const podnet_node_pages &node)
{
    object out;
    out.add("node", node.node).add("totalPages", node.total_pages);
    return out.add("freePages", node.free_pages).text();
}
static std::string json(const podnet_page_size &page)
{
    object out;
    out.add("size", page.size).add("request", number(page.request));
    out.add("limit", number(page.limit)).add("used", number(page.used));
    out.raw("limitSource", named(limits, page.limit_source));
    return out.add("mounts", page.mounts).add("nodes", nodes(page)).text();
}
static std::string json(const podnet_container_hugepages &container)
{
    object out;
    out.add("name", container.name).add("size", container.size);
    out.add("request", number(container.request)).add("limit", number(container.limit));
    return out.text();
}
static std::string json(const podnet_hugepages &all)
{
    return object().add("pages", items(all)).add("containers", containers(all)).text();
}

static std::string json(const podnet_pci *pci)
{
    if (!pci)
        return "null";
    object out;
    out.add("address", pci->address).add("pfAddress", pci->pf_address);
    out.add("vhostNet", pci->vhost_net).add("rdmaDevices", pci->rdma_devices);
    return out.add("representor", pci->representor).text();
}
static std::string json(const podnet_vdpa *vdpa)
{
    if (!vdpa)
        return "null";
    object out;
    out.add("parentDevice", vdpa->parent_device).add("driver", vdpa->driver);
    out.add("path", vdpa->path).add("pciAddress", vdpa->pci_address);
    return out.add("pfAddress", vdpa->pf_address).add("representor", vdpa->representor).text();
}
static std::string json(const podnet_vhost_user *socket)
{
    if (!socket)
        return "null";
    return object().raw("mode", named(vhost_modes, socket->mode)).add("path", socket->path).text();
}
static std::string json(const podnet_memif *socket)
{
    if (!socket)
        return "null";
    object out;
    out.raw("role", named(memif_roles, socket->role));
    return out.raw("mode", named(memif_modes, socket->mode)).add("path", socket->path).text();
}
static std::string json(const podnet_af_xdp *device)
{
    if (!device)
        return "null";
    object out;
    out.add("netdev", device->netdev).add("socket", device->socket).add("map", device->map);
    return out.text();
}
static std::string json(const podnet_subfunction *device)
{
    if (!device)
        return "null";
    object out;
    out.add("name", device->name).add("number", index(device->number));
    return out.add("parent", device->parent).text();
}
static std::string json(const podnet_device *device)
{
    if (!device)
        return "null";
    object out;
    out.add("type", device->type_name).add("version", device->version).add("pci", device->pci);
    out.add("vdpa", device->vdpa).add("vhostUser", device->vhost_user);
    out.add("memif", device->memif).add("afXdp", device->af_xdp);
    return out.add("subfunction", device->subfunction).text();
}
static std::string json(const podnet_vdpa_hardware *vdpa)
{
    if (!vdpa)
        return "null";
    object out;
    out.add("name", vdpa->name).add("driver", vdpa->driver);
    return out.add("charDevice", vdpa->char_device).add("netdev", vdpa->netdev).text();
}
static std::string json(const podnet_hardware *shown)
{
    if (!shown)
        return "null";
    object out;
    out.add("vendor", shown->vendor).add("device", shown->device);
    out.add("class", shown->class_code).add("driver", shown->driver);
    out.add("numaNode", index(shown->numa_node)).add("iommuGroup", index(shown->iommu_group));
    out.add("noIommu", shown->no_iommu == 1).add("vfio", shown->vfio);
    out.add("physicalFunction", shown->physical_function);
    out.add("virtualFunction", index(shown->virtual_function));
    out.add("netdevs", shown->netdevs).add("rdmaDevices", shown->rdma_devices);
    return out.add("vdpa", shown->vdpa).text();
}
static std::string json(const podnet_dns &dns)
{
    object out;
    out.add("nameservers", dns.nameservers).add("domain", dns.domain);
    return out.add("search", dns.search).add("options", dns.options).text();
}
static std::string json(const podnet_interface &nic)
{
    object out;
    out.add("name", nic.name).add("network", nic.network).raw("kind", named(kinds, nic.kind));
    out.add("default", nic.is_default == 1).add("mac", nic.mac).add("mtu", number(nic.mtu));
    out.add("ips", nic.ips).add("gateways", nic.gateways).add("dns", *nic.dns);
    out.raw("evidence", named(evidences, nic.evidence)).add("own", answer(nic.own));
    out.add("device", nic.device).add("hardware", nic.hardware);
    return out.add("sources", nic.sources).text();
}
static std::string json(const podnet_unmatched_device &device)
{
    object out;
    out.raw("type", named(unmatched_types, device.device_type)).add("address", device.address);
    out.add("own", answer(device.own)).add("source", device.source);
    return out.add("hardware", device.hardware).text();
}
static std::string json(const podnet_interfaces &all)
{
    object out;
    out.raw("state", named(states, all.state)).add("pendingNetworks", all.pending_networks);
    out.add("interfaces", items(all));
    return out.add("unmatchedDevices", unmatched_devices(all)).text();
}

static std::string json(const podnet_port &port)
{
    object out;
    out.add("id", port.id).add("interface", port.interface_name).add("network", port.network);
    out.add("devarg", port.devarg).add("name", port.name).add("mac", port.mac);
    return out.add("ips", port.ips).add("numaNode", index(port.numa_node)).text();
}
static std::string json(const podnet_lcore &lcore)
{
    return object().add("id", lcore.id).add("cpu", lcore.cpu).text();
}
static std::string json(const podnet_warning &warning)
{
    object out;
    out.add("code", warning.code).add("path", warning.path);
    return out.add("text", warning.text).text();
}
static std::string json(const podnet_eal_args &args)
{
    const span<const char *> all{args.argv, std::size_t(args.argc)};
    object out;
    out.add("args", all).add("eal", uint32_t(args.eal_argc)).add("ports", ports(args));
    return out.add("lcores", lcores(args)).add("warnings", warnings(args)).text();
}

/** The result of a call, or the error it threw. */
template <class Call> static std::string answer_of(Call call)
{
    try {
        return json(*call());
    } catch (const error &failure) {
        object out;
        out.add("errno", uint32_t(failure.code().value())).add("error", failure.what());
        return out.text();
    }
}

static std::optional<std::string> field(std::istream &line)
{
    std::string text;
    std::getline(line, text, '\t');
    return text == "-" ? std::nullopt : std::optional<std::string>(text);
}

int main()
{
    for (std::string text; std::getline(std::cin, text);) {
        std::istringstream line(text);
        config how;
        how.root = field(line);
        how.downward_api_dir = field(line);
        how.container_name = field(line);
        how.assign_by_order = field(line).has_value();
        eal_options options;
        options.program = "golden";
        options.file_prefix = "golden";
        options.app = PODNET_APP_L3FWD;
        options.args = {"--log-level", "7"};

        const pod one(how);
        object out;
        out.raw("cpus", answer_of([&] { return one.cpu_info(); }));
        out.raw("hugepages", answer_of([&] { return one.hugepages(); }));
        out.raw("interfaces", answer_of([&] { return one.interfaces(); }));
        out.raw("eal", answer_of([&] { return one.eal_args(options); }));
        std::cout << out.raw("json", one.json()).text() << '\n';
    }
}
