"""The schema ``podnet/v1`` as dataclasses.

A value that no source gives is None or an empty tuple. Sizes are bytes,
addresses are lower case. Words such as an interface's kind are strings: a newer
library may know more of them. So may its JSON have more keys, which are left out.
"""

from __future__ import annotations

import functools
import json
import re
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Mapping, Optional, Tuple


class CpuSet(str):
    """A set of CPUs or of NUMA nodes, as Linux lists it: ``2-5,34``."""

    __slots__ = ()

    @property
    def ids(self) -> Tuple[int, ...]:
        """The numbers, ascending."""
        ids: list[int] = []
        for part in self.split(",") if self else ():
            first, _, last = part.partition("-")
            ids.extend(range(int(first), int(last or first) + 1))
        return tuple(ids)


@dataclass(frozen=True)
class PodIdentity:
    """Who the pod is."""

    name: Optional[str] = None
    namespace: Optional[str] = None
    uid: Optional[str] = None
    #: The Downward API's ``labels`` file.
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class NodeCpus:
    """The allowed CPUs of one NUMA node."""

    node: int
    cpus: CpuSet


@dataclass(frozen=True)
class CpuSources:
    """What the sources of the CPUs said."""

    #: sched_getaffinity(2), or proc/self/status under another root.
    affinity: Optional[CpuSet] = None
    #: The cgroup's effective cpuset.
    cpuset: Optional[CpuSet] = None
    #: ``v1`` or ``v2``: the hierarchy that cpuset is from.
    cgroup: Optional[str] = None


@dataclass(frozen=True)
class CpuInfo:
    """The CPUs of this container."""

    #: The CPUs that this process may run on: its affinity.
    allowed: CpuSet
    count: int
    #: Whether they are ours alone: ``yes``, ``no`` or ``unknown``.
    exclusive: str
    #: What tells that: ``isolated-cpus`` for yes; ``shared-cpus``, ``quota`` or
    #: ``all-online`` for no.
    exclusive_reason: Optional[str] = None
    #: The CPUs that no other container uses, where a source names them.
    isolated: Optional[CpuSet] = None
    #: The CPUs shared with other containers, where a source names them.
    shared: Optional[CpuSet] = None
    #: The CPUs that also take interrupts, where a source names them.
    housekeeping: Optional[CpuSet] = None
    #: The CFS quota in CPUs, such as 1.5.
    quota: Optional[float] = None
    #: The NUMA nodes that memory may come from.
    memory_nodes: Optional[CpuSet] = None
    #: The allowed CPUs by NUMA node.
    nodes: Tuple[NodeCpus, ...] = ()
    #: The allowed CPUs by physical core: each is a set of SMT siblings.
    cores: Tuple[CpuSet, ...] = ()
    sources: CpuSources = CpuSources()


@dataclass(frozen=True)
class NodePages:
    """The pages of one size on one NUMA node: the node's, not the container's."""

    node: int
    total_pages: int
    free_pages: int


@dataclass(frozen=True)
class PageSize:
    """What this container may use of one page size, in bytes."""

    size: int
    request: Optional[int] = None
    #: The least that any source states; None is unknown, never unlimited.
    limit: Optional[int] = None
    #: What the cgroup has charged.
    used: Optional[int] = None
    #: Where limit is from: ``downward-api``, ``cgroup``, ``dra`` or ``mount``.
    limit_source: Optional[str] = None
    #: Where hugetlbfs of this size is mounted.
    mounts: Tuple[str, ...] = ()
    nodes: Tuple[NodePages, ...] = ()


@dataclass(frozen=True)
class ContainerHugepages:
    """What the Downward API says of one container and one page size, in bytes."""

    name: str
    size: int
    request: Optional[int] = None
    limit: Optional[int] = None


@dataclass(frozen=True)
class Hugepages:
    """The hugepages of this container."""

    #: Every page size that a source names, smallest first.
    pages: Tuple[PageSize, ...] = ()
    #: What the Downward API says of each container of the pod.
    containers: Tuple[ContainerHugepages, ...] = ()


@dataclass(frozen=True)
class Dns:
    """What the CNI said of name resolution."""

    nameservers: Tuple[str, ...] = ()
    domain: Optional[str] = None
    search: Tuple[str, ...] = ()
    options: Tuple[str, ...] = ()


@dataclass(frozen=True)
class PciDevice:
    """A PCI device, in the terms of the Device Information Spec."""

    #: Such as ``0000:3b:02.6``.
    address: str
    #: The address of its physical function.
    pf_address: Optional[str] = None
    #: The path of its vhost-net device.
    vhost_net: Optional[str] = None
    rdma_devices: Tuple[str, ...] = ()
    representor: Optional[str] = None


@dataclass(frozen=True)
class VdpaDevice:
    """A vDPA device."""

    #: Its name under /sys/bus/vdpa/devices.
    parent_device: Optional[str] = None
    #: ``vhost`` or ``virtio``.
    driver: Optional[str] = None
    #: The character device of the vhost driver.
    path: Optional[str] = None
    pci_address: Optional[str] = None
    pf_address: Optional[str] = None
    representor: Optional[str] = None


@dataclass(frozen=True)
class VhostUserDevice:
    """A vhost-user socket."""

    #: The part that the application plays: ``client`` or ``server``.
    mode: Optional[str] = None
    path: Optional[str] = None


@dataclass(frozen=True)
class MemifDevice:
    """A memif socket."""

    #: The part that the application plays: ``master`` or ``slave``.
    role: Optional[str] = None
    #: ``ethernet``, ``ip`` or ``inject-punt``.
    mode: Optional[str] = None
    path: Optional[str] = None


@dataclass(frozen=True)
class AfXdpDevice:
    """A device of the AF_XDP device plugin."""

    netdev: str
    #: The socket that hands out the XSK map.
    socket: Optional[str] = None
    #: The path of the pinned XSK map.
    map: Optional[str] = None


@dataclass(frozen=True)
class SubfunctionDevice:
    """A subfunction of a PCI device."""

    #: Its name under /sys/bus/auxiliary/devices, such as ``mlx5_core.sf.4``.
    name: str
    #: The number that it was made with.
    number: Optional[int] = None
    #: The address of the PCI device that it is part of.
    parent: Optional[str] = None


@dataclass(frozen=True)
class Device:
    """A device. The member that its type names is set, the others are None."""

    #: ``pci``, ``vdpa``, ``vhost-user``, ``memif``, ``af-xdp``,
    #: ``subfunction``, or one that the library does not know.
    type: str
    #: The version of the specification that its device-info names.
    version: Optional[str] = None
    pci: Optional[PciDevice] = None
    vdpa: Optional[VdpaDevice] = None
    vhost_user: Optional[VhostUserDevice] = None
    memif: Optional[MemifDevice] = None
    af_xdp: Optional[AfXdpDevice] = None
    subfunction: Optional[SubfunctionDevice] = None


@dataclass(frozen=True)
class VdpaHardware:
    """What this kernel shows of a vDPA device."""

    #: Its name under /sys/bus/vdpa/devices.
    name: str
    #: ``vhost_vdpa`` or ``virtio_vdpa``.
    driver: Optional[str] = None
    #: Its character device, for vhost_vdpa.
    char_device: Optional[str] = None
    #: Its netdev, for virtio_vdpa.
    netdev: Optional[str] = None


@dataclass(frozen=True)
class Hardware:
    """What this kernel shows of a PCI or vDPA device, or of a subfunction,
    whose vendor, device, class and NUMA node are its PCI device's."""

    #: Four hexadecimal digits, as device has; class_ has six.
    vendor: Optional[str] = None
    device: Optional[str] = None
    class_: Optional[str] = None
    #: The kernel driver bound to it.
    driver: Optional[str] = None
    numa_node: Optional[int] = None
    iommu_group: Optional[int] = None
    #: Whether that group is vfio-noiommu.
    no_iommu: bool = False
    #: The VFIO node of that group, where vfio-pci drives the device.
    vfio: Optional[str] = None
    #: The address of the physical function that it is a virtual function of.
    physical_function: Optional[str] = None
    #: Its index among the virtual functions, from 0.
    virtual_function: Optional[int] = None
    #: Its netdevs in this network namespace.
    netdevs: Tuple[str, ...] = ()
    rdma_devices: Tuple[str, ...] = ()
    vdpa: Optional[VdpaHardware] = None


@dataclass(frozen=True)
class Interface:
    """One attachment of the pod to a network."""

    #: The name in the pod; DPDK's devices have one without a netdev.
    name: Optional[str]
    #: ``namespace/name`` of its definition, or the CNI's own name.
    network: str
    #: ``host``, ``sr-iov``, ``pci``, ``vdpa``, ``vhost-user``, ``memif``,
    #: ``af-xdp``, ``subfunction`` or ``unknown``.
    kind: str
    #: Whether it is the pod's default network.
    default: bool = False
    mac: Optional[str] = None
    mtu: Optional[int] = None
    #: With a prefix only where a source gives one.
    ips: Tuple[str, ...] = ()
    gateways: Tuple[str, ...] = ()
    dns: Dns = Dns()
    #: Why device is taken to be this interface's: ``device-info``, ``dra``,
    #: ``netdev``, ``ifalias``, ``mac``, ``userspace``, ``only-candidate`` or
    #: ``order``.
    evidence: Optional[str] = None
    #: Whether the device is this container's; None where nothing tells.
    own: Optional[bool] = None
    device: Optional[Device] = None
    hardware: Optional[Hardware] = None
    #: The annotations and variables that all this is from.
    sources: Tuple[str, ...] = ()


@dataclass(frozen=True)
class UnmatchedDevice:
    """An allocated device that no evidence ties to an interface."""

    #: ``pci``, ``subfunction``, ``accelerator``, ``af-xdp`` or ``vdpa``.
    type: str
    #: The identifier that its source gave.
    address: str
    #: Whether it is this container's; None where nothing tells.
    own: Optional[bool]
    #: The variable that lists it.
    source: str
    #: What this kernel shows of it.
    hardware: Optional[Hardware] = None


@dataclass(frozen=True)
class Claim:
    """A claim of Dynamic Resource Allocation."""

    name: str


@dataclass(frozen=True)
class Warning:  # noqa: A001, the schema's name for it.
    """Something to know about an answer. Programs compare code and path."""

    code: str
    path: str
    #: One line for people: what, why, and the next step.
    text: str


@dataclass(frozen=True)
class Snapshot:
    """Everything this container was given, read once."""

    schema: str
    pod: PodIdentity = PodIdentity()
    #: The name of the own container.
    container: Optional[str] = None
    #: How far the networks of the pod have come: ``no-annotations``,
    #: ``no-status``, ``pending`` or ``complete``.
    state: str = "no-annotations"
    #: The requested networks that have no status yet.
    pending_networks: Tuple[str, ...] = ()
    #: None when no source of them can be read.
    cpus: Optional[CpuInfo] = None
    hugepages: Hugepages = Hugepages()
    #: One per attachment, in the order of network-status.
    interfaces: Tuple[Interface, ...] = ()
    unmatched_devices: Tuple[UnmatchedDevice, ...] = ()
    claims: Tuple[Claim, ...] = ()
    warnings: Tuple[Warning, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Snapshot:
        """The snapshot that ``podnet show --json`` or get_json() wrote.

        Raises ValueError for a text that is none.
        """
        value = _object(text, "snapshot")
        schema = value.get("schema")
        if schema != "podnet/v1":
            raise ValueError(f"schema: expected podnet/v1, found {schema!r}")
        snapshot: Snapshot = _whole(cls, value)
        return snapshot


@dataclass(frozen=True)
class Event:
    """Something that became of an interface."""

    #: ``added``, ``removed`` or ``changed``.
    event: str
    #: The interface as it is now; a removed one as it was last.
    interface: Interface
    #: What a changed one was before; None for other events.
    before: Optional[Interface] = None

    @classmethod
    def from_json(cls, text: str) -> Event:
        """The event that a line of ``podnet watch --json`` is.

        Raises ValueError for a text that is none.
        """
        event: Event = _whole(cls, _object(text, "event"))
        return event


def _object(text: str, what: str) -> Mapping[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"{what}: expected an object, found {type(value).__name__}")
    return value


def _whole(cls: Any, value: Mapping[str, Any]) -> Any:
    try:
        return _decode(cls, value)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no {cls.__name__} in the schema podnet/v1: {error}") from error


def _key(name: str) -> str:
    """What JSON calls a member: ``pf_address`` is pfAddress, ``class_`` is class."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name).rstrip("_")


@functools.lru_cache(maxsize=None)
def _members(cls: Any) -> Tuple[Tuple[str, str, Any], ...]:
    """Name, key and type of each member."""
    types = typing.get_type_hints(cls)
    return tuple((one.name, _key(one.name), types[one.name]) for one in fields(cls))


def _decode(cls: Any, value: Mapping[str, Any]) -> Any:
    return cls(
        **{name: _value(kind, value[key]) for name, key, kind in _members(cls) if key in value}
    )


def _value(kind: Any, value: Any) -> Any:
    """What a value of JSON is as a member of that type."""
    origin, of = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:  # Optional
        return None if value is None else _value(of[0], value)
    if origin is tuple:
        return tuple(_value(of[0], item) for item in value)
    if is_dataclass(kind):
        return _decode(kind, value)
    return CpuSet(value) if kind is CpuSet else value
