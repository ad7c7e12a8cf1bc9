"""Prints what this pod was given, and the device of one of its networks.

usage: python_app [NETWORK]

Exit status: 0 done, 1 no such device, 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from typing import Optional

import podnet


class Failure(Exception):
    """Why the program ends with 1."""


def known(value: Optional[int]) -> str:
    """What stands for a number that no source may give."""
    return "unknown" if value is None else str(value)


def check(snapshot: podnet.Snapshot) -> None:
    """A snapshot is always made: what could not be read is one of its warnings."""
    for warning in snapshot.warnings:
        if warning.code in ("malformed", "unreadable", "cpus-missing"):
            raise Failure(warning.text)


def print_pod(snapshot: podnet.Snapshot) -> None:
    print("cpus", snapshot.cpus.allowed if snapshot.cpus else "unknown")
    for page in snapshot.hugepages.pages:
        print(f"hugepages of {page.size} bytes: limit {known(page.limit)}")
    for nic in snapshot.interfaces:
        print(f"interface {nic.name or '-'} ({nic.network}): {nic.kind}")


def who_is_there(snapshot: podnet.Snapshot) -> str:
    text = ", ".join(f"{nic.name or '-'} ({nic.network})" for nic in snapshot.interfaces)
    if snapshot.pending_networks:
        text += "; not attached yet: " + ", ".join(snapshot.pending_networks)
    return text


def find(snapshot: podnet.Snapshot, asked: str) -> podnet.Interface:
    """A network is asked for as namespace/name, as name, or by the interface."""
    found = [
        nic
        for nic in snapshot.interfaces
        if asked in (nic.name, nic.network, nic.network.rpartition("/")[2])
    ]
    if len(found) == 1:
        return found[0]
    why = "several interfaces, name one" if found else "no such network"
    raise Failure(f"{asked}: {why}: the pod has {who_is_there(snapshot)}")


def address_of(device: Optional[podnet.Device]) -> Optional[str]:
    """What a program opens: a PCI address, a socket, a character device or a netdev."""
    if device is None:
        return None
    if device.pci:
        return device.pci.address
    if device.vdpa:
        return device.vdpa.path or device.vdpa.parent_device
    if device.af_xdp:
        return device.af_xdp.netdev
    if device.subfunction:
        return device.subfunction.name
    socket = device.vhost_user or device.memif
    return socket.path if socket else None


def print_device(snapshot: podnet.Snapshot, asked: str) -> None:
    nic = find(snapshot, asked)
    address = address_of(nic.device)
    if address is None:
        raise Failure(f"{asked}: no device behind it: it is of kind {nic.kind}")
    if nic.own is False:
        raise Failure(f"{asked}: {address} was given to another container")
    node = nic.hardware.numa_node if nic.hardware else None
    print(f"device of {nic.name or '-'}: {address}, NUMA node {known(node)}")


def main() -> int:
    arguments = sys.argv[1:]
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print("usage: python_app [NETWORK]", file=sys.stderr)
        return 2
    try:
        # A directory that stands for a whole pod, to try this outside of one.
        snapshot = podnet.snapshot(os.environ.get("PODNET_ROOT"))
        check(snapshot)
        print_pod(snapshot)
        if arguments:
            print_device(snapshot, arguments[0])
    except OSError as error:
        print(f"python_app: {error.strerror}", file=sys.stderr)
        return 1
    except Failure as error:
        print(f"python_app: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
