"""The calls into libpodnet."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import select
import time
import weakref
from typing import Iterable, Iterator, NoReturn, Optional, Type, Union

from ._schema import Event, Snapshot

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


class _WaitOptions(ctypes.Structure):
    """``struct podnet_wait_options``."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("networks", ctypes.POINTER(ctypes.c_char_p)),
        ("networks_len", ctypes.c_size_t),
        ("timeout_ms", ctypes.c_int64),
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
    library.podnet_wait.argtypes = [handle, ctypes.POINTER(_WaitOptions), error]
    library.podnet_watch_open.argtypes = [handle, ctypes.POINTER(handle), error]
    library.podnet_watch_fd.argtypes = [handle]
    library.podnet_watch_next_json.argtypes = [handle, ctypes.POINTER(handle), error]
    for free in (library.podnet_close, library.podnet_string_free, library.podnet_watch_close):
        free.argtypes, free.restype = [handle], None
    library.podnet_version.restype = ctypes.c_char_p
    return library


class NotMountedError(FileNotFoundError):
    """The pod's annotations are not mounted: there is nothing to wait for."""


class NoStatusError(TimeoutError):
    """Nothing was said of any network in time."""


class NetworksMissingError(TimeoutError):
    """Some networks, which the text names, had no status in time."""


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


@contextlib.contextmanager
def _opened(
    root: Optional[_StrPath],
    downward_api_dir: Optional[_StrPath],
    container: Optional[str],
    assign_by_order: bool,
) -> Iterator[ctypes.c_void_p]:
    """A pod, which is closed at the end."""
    config = _Config(
        size=ctypes.sizeof(_Config),
        root=_bytes(root),
        downward_api_dir=_bytes(downward_api_dir),
        container_name=_bytes(container),
        flags=_ASSIGN_BY_ORDER if assign_by_order else 0,
    )
    library, error, pod = _library(), _Error(), ctypes.c_void_p()
    code = library.podnet_open(ctypes.byref(config), ctypes.byref(pod), ctypes.byref(error))
    _check(code, error)
    try:
        yield pod
    finally:
        library.podnet_close(pod)


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
    with _opened(root, downward_api_dir, container, assign_by_order) as pod:
        library, error, text = _library(), _Error(), ctypes.c_void_p()
        code = library.podnet_get_json(pod, ctypes.byref(text), ctypes.byref(error))
        _check(code, error)
        return _taken(text)


def _taken(text: ctypes.c_void_p) -> str:
    """A string of the library's, which is freed."""
    try:
        return ctypes.string_at(text).decode()
    finally:
        _library().podnet_string_free(text)


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


class Watch:
    """The changes of a pod's interfaces, from watch() on.

    As an iterator it waits for the next event and never ends. In an event loop,
    wait until fileno() is readable and call next_event(). One thread may use it
    at a time. close(), the end of a ``with`` block or of the last reference
    frees it.
    """

    def __init__(self, pod: ctypes.c_void_p) -> None:
        library, error, watch = _library(), _Error(), ctypes.c_void_p()
        code = library.podnet_watch_open(pod, ctypes.byref(watch), ctypes.byref(error))
        _check(code, error)
        self._watch = watch
        self._free = weakref.finalize(self, library.podnet_watch_close, watch)

    def close(self) -> None:
        """Ends the watch. Doing it again is fine."""
        self._free()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _handle(self) -> ctypes.c_void_p:
        if not self._free.alive:
            raise ValueError("I/O operation on closed watch")
        return self._watch

    def fileno(self) -> int:
        """A descriptor that is readable when there may be an event. Only poll it."""
        fd: int = _library().podnet_watch_fd(self._handle())
        return fd

    def next_event(self, timeout: Optional[float] = 0.0) -> Optional[Event]:
        """The next event, or None when there is none within ``timeout`` seconds.

        Zero does not wait, None has no end. Raises OSError, once each time it
        begins, for a source that is malformed (errno EBADMSG) or can't be read:
        the interfaces count as they were, and the watch goes on.
        """
        end = _end(timeout)
        while True:
            event = self._next()
            if event or not self._readable(end):
                return event

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self.next_event(None)
        if event is None:
            raise StopIteration
        return event

    def _next(self) -> Optional[Event]:
        text, error = ctypes.c_void_p(), _Error()
        code = _library().podnet_watch_next_json(
            self._handle(), ctypes.byref(text), ctypes.byref(error)
        )
        _check(code, error)
        return Event.from_json(_taken(text)) if text else None

    def _drain(self) -> None:
        """Makes fileno() wait for what comes after now, or for what is left after an error."""
        with contextlib.suppress(OSError):
            while self._next():
                pass

    def _readable(self, end: Optional[float]) -> bool:
        """Waits until there may be an event. Python runs signal handlers meanwhile."""
        # It is readable every two seconds: no wait is longer.
        left = None if end is None else min(max(0.0, end - time.monotonic()), 60.0) * 1000
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(left))


def _end(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else time.monotonic() + timeout


def watch(
    root: Optional[_StrPath] = None,
    *,
    downward_api_dir: Optional[_StrPath] = None,
    container: Optional[str] = None,
    assign_by_order: bool = False,
) -> Watch:
    """Watches the interfaces of the pod. The arguments are those of get_json().

        >>> with podnet.watch() as events:
        ...     for event in events:
        ...         print(event.event, event.interface.name, event.interface.ips)

    The interfaces of now make no events: to miss none, take a snapshot() after
    this. Raises OSError for a root that is no directory to read.
    """
    with _opened(root, downward_api_dir, container, assign_by_order) as pod:
        return Watch(pod)


def wait(
    networks: Iterable[str] = (),
    *,
    timeout: Optional[float] = 60.0,
    root: Optional[_StrPath] = None,
    downward_api_dir: Optional[_StrPath] = None,
) -> None:
    """Waits until the networks of the pod have their status.

    networks: each the name of an interface, ``namespace/name`` or ``name``; none
        are all that the pod requests.
    timeout: seconds; zero looks once, None has no end.

    Raises NotMountedError at once when no annotations are mounted; NoStatusError
    when nothing was said of any network in time; NetworksMissingError when some
    networks have no status in time; OSError with EBADMSG for annotations that
    are malformed all the time, and others at once for a source that can't be
    read, and for a name that no network has. Signal handlers run meanwhile, and
    may raise.
    """
    if isinstance(networks, str):
        raise TypeError("networks: expected a list of names, found one name")
    names = [_bytes(name) for name in networks]
    # The library would wait with signal handlers held up: it looks, this waits.
    options = _WaitOptions(
        size=ctypes.sizeof(_WaitOptions),
        networks=(ctypes.c_char_p * len(names))(*names),
        networks_len=len(names),
        timeout_ms=1,
    )
    library, error, end = _library(), _Error(), _end(timeout)
    with _opened(root, downward_api_dir, None, False) as pod, Watch(pod) as changes:
        while True:
            changes._drain()
            code = library.podnet_wait(pod, ctypes.byref(options), ctypes.byref(error))
            if code == 0:
                return
            if -code not in _PASSING or not changes._readable(end):
                _raise_waited(-code, error.text.decode(errors="replace"))


#: What a wait may end with that time may mend.
_PASSING = (errno.ENODATA, errno.ETIMEDOUT, errno.EBADMSG)

_WAITED: dict[int, Type[OSError]] = {
    errno.ENOENT: NotMountedError,
    errno.ENODATA: NoStatusError,
    errno.ETIMEDOUT: NetworksMissingError,
}


def _raise_waited(code: int, text: str) -> NoReturn:
    # What the library was told to wait is not what was waited.
    raise _WAITED.get(code, OSError)(code, text.replace(" within 1ms", " in time"))


def version() -> str:
    """The version of the library, such as ``0.1.0``."""
    found: bytes = _library().podnet_version()
    return found.decode()
