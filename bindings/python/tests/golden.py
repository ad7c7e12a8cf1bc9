"""Prints what the package says of pods, for tests/bindings.rs.

A line of the input names one: root, Downward API directory, container and flags,
separated by tabs; a dash is none. For each pod one line of JSON, made of the
dataclasses.
"""

import dataclasses
import json
import sys

import podnet

KEYS = {"class_": "class"}


def key(name):
    first, *others = name.split("_")
    return KEYS.get(name) or first + "".join(word.capitalize() for word in others)


def plain(value):
    if dataclasses.is_dataclass(value):
        members = dataclasses.fields(value)
        return {key(one.name): plain(getattr(value, one.name)) for one in members}
    if isinstance(value, podnet.CpuSet):
        return {"list": value, "ids": value.ids}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


for line in sys.stdin:
    root, directory, container, flags = (
        None if word == "-" else word for word in line.rstrip("\n").split("\t")
    )
    snapshot = podnet.snapshot(
        root,
        downward_api_dir=directory,
        container=container,
        assign_by_order=flags is not None,
    )
    print(json.dumps(plain(snapshot)))
