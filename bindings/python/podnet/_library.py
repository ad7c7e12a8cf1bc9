"""The calls into libpodnet."""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Optional, Union

from ._schema import Snapshot

_StrPath = Union[str, "os.PathLike[str]"]

_ASSIGN_BY_ORDER = 1  # PODNET_ASSIGN_BY_ORDER


class _Config(ctypes.Structure):
    """``struct podnet_config``; its size says which members it has."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("root", ctypes.c_char_p),
        ("downward_api_dir", ctypes.c_char_p),
        ("container_name", ctypes.c_char_p),
        ("flags", ctypes.c_uint64),
    ]


class _Error(ctypes.Structure):
    """``struct podnet_error``."""

    _fields_ = [("code", ctypes.c_int), ("text", ctypes.c_char * 1020)]


@functools.lru_cache(maxsize=None)
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libpodnet.so.0")
    handle, error = ctypes.c_void_p, ctypes.POINTER(_Error)
    library.podnet_open.argtypes = [ctypes.POINTER(_Config), ctypes.POINTER(handle), error]
    library.podnet_get_json.argtypes = [handle, ctypes.POINTER(handle), error]
    for free in (library.podnet_close, library.podnet_string_free):
        free.argtypes, free.restype = [handle], None
    library.podnet_version.restype = ctypes.c_char_p
    return library


def _check(code: int, error: _Error) -> None:
    """OSError is FileNotFoundError, PermissionError and so on by its errno."""
    if code < 0:
        raise OSError(-code, error.text.decode(errors="replace"))


def _bytes(text: Optional[_StrPath]) -> Optional[bytes]:
    if text is None:
        return None
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")
    return encoded


def get_json(
    root: Optional[_StrPath] = None,
    *,
    downward_api_dir: Optional[_StrPath] = None,
    container: Optional[str] = None,
    assign_by_order: bool = False,
) -> str:
    """Everything about the pod as one line of JSON, in the schema ``podnet/v1``.

    root: the directory that stands for ``/``. Under any but that, the
        environment is read from ``proc/self/environ`` below it.
    downward_api_dir: where the Downward API is mounted, as the pod sees it;
        None is /etc/podnetinfo, or /etc/podinfo where that does not exist.
    container: the own container; None is the variable CONTAINER_NAME.
    assign_by_order: devices without any evidence are given to interfaces by
        position.

    What can't be read or understood is an empty part and one of the warnings.
    Raises OSError for a root that is no directory to read, and where libpodnet
    is not installed.
    """
    config = _Config(
        size=ctypes.sizeof(_Config),
        root=_bytes(root),
        downward_api_dir=_bytes(downward_api_dir),
        container_name=_bytes(container),
        flags=_ASSIGN_BY_ORDER if assign_by_order else 0,
    )
    library, error = _library(), _Error()
    pod, text = ctypes.c_void_p(), ctypes.c_void_p()
    try:
        code = library.podnet_open(ctypes.byref(config), ctypes.byref(pod), ctypes.byref(error))
        _check(code, error)
        code = library.podnet_get_json(pod, ctypes.byref(text), ctypes.byref(error))
        _check(code, error)
        return ctypes.string_at(text).decode()
    finally:
        library.podnet_string_free(text)
        library.podnet_close(pod)


def snapshot(
    root: Optional[_StrPath] = None,
    *,
    downward_api_dir: Optional[_StrPath] = None,
    container: Optional[str] = None,
    assign_by_order: bool = False,
) -> Snapshot:
    """Everything about the pod, read once. The arguments are those of get_json()."""
    text = get_json(
        root,
        downward_api_dir=downward_api_dir,
        container=container,
        assign_by_order=assign_by_order,
    )
    return Snapshot.from_json(text)


def version() -> str:
    """The version of the library, such as ``0.1.0``."""
    found: bytes = _library().podnet_version()
    return found.decode()
