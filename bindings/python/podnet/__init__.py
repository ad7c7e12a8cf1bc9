"""Which CPUs, hugepages and network interfaces a Kubernetes pod was given.

    >>> import podnet
    >>> snapshot = podnet.snapshot()
    >>> for nic in snapshot.interfaces:
    ...     print(nic.name, nic.kind, nic.ips)

wait() waits until the networks are attached, watch() tells what becomes of them.

This needs the C library libpodnet (``libpodnet.so.0``), which it loads on the
first call. Threads may call it at any time.
"""

from ._library import (
    NetworksMissingError,
    NoStatusError,
    NotMountedError,
    Watch,
    get_json,
    snapshot,
    version,
    wait,
    watch,
)
from ._schema import (
    AfXdpDevice,
    Claim,
    ContainerHugepages,
    CpuInfo,
    CpuSet,
    CpuSources,
    Device,
    Dns,
    Event,
    Hardware,
    Hugepages,
    Interface,
    MemifDevice,
    NodeCpus,
    NodePages,
    PageSize,
    PciDevice,
    PodIdentity,
    Snapshot,
    SubfunctionDevice,
    UnmatchedDevice,
    VdpaDevice,
    VdpaHardware,
    VhostUserDevice,
    Warning,
)

__all__ = [
    "AfXdpDevice",
    "Claim",
    "ContainerHugepages",
    "CpuInfo",
    "CpuSet",
    "CpuSources",
    "Device",
    "Dns",
    "Event",
    "Hardware",
    "Hugepages",
    "Interface",
    "MemifDevice",
    "NetworksMissingError",
    "NoStatusError",
    "NodeCpus",
    "NodePages",
    "NotMountedError",
    "PageSize",
    "PciDevice",
    "PodIdentity",
    "Snapshot",
    "SubfunctionDevice",
    "UnmatchedDevice",
    "VdpaDevice",
    "VdpaHardware",
    "VhostUserDevice",
    "Warning",
    "Watch",
    "get_json",
    "snapshot",
    "version",
    "wait",
    "watch",
]
