"""Many connections in one process: the limit of open files, and waiting on sockets whatever their numbers are.

A process starts with a soft limit of 1,024 open files nearly everywhere, because `select()` knows none above. A worker with
the gateway port holds two for each gateway, so it takes what it may have. But paho waits with `select()`: a worker that
reconnects to the broker while its gateways hold the low numbers would get a socket that `select()` refuses, and paho answers
that by connecting again, for ever and without a word. It is given a `select()` made of `poll()`, which knows no such bound.
"""

from __future__ import annotations

import math
import select
from collections.abc import Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Protocol, TypeVar

import paho.mqtt.client

_GONE = 0 if not hasattr(select, "poll") else select.POLLERR | select.POLLHUP | select.POLLNVAL


class HasFileno(Protocol):
    """A socket, or anything else to wait for."""

    def fileno(self) -> int:
        """Its number; -1 when it is closed."""


Waited = TypeVar("Waited", bound=HasFileno)


def expect_many_files() -> None:
    """Call once, when a process starts."""
    raise_limit()
    if hasattr(select, "poll"):  # not on Windows
        vars(paho.mqtt.client)["select"] = SimpleNamespace(select=select_by_poll)


def raise_limit() -> None:
    """As many open files as the system lets us have."""
    try:
        import resource  # noqa: PLC0415 not on Windows
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def select_by_poll(
    readers: Sequence[Waited], writers: Sequence[Waited], _exceptional: Sequence[Waited], timeout_seconds: float | None = None
) -> tuple[list[Waited], list[Waited], list[Waited]]:
    """What `select.select` answers: those that can be read and written. ValueError for a closed one."""
    wanted: dict[int, int] = {}
    for one in readers:
        wanted[one.fileno()] = wanted.get(one.fileno(), 0) | select.POLLIN | select.POLLPRI
    for one in writers:
        wanted[one.fileno()] = wanted.get(one.fileno(), 0) | select.POLLOUT
    polled = select.poll()
    for number, events in wanted.items():
        polled.register(number, events)
    happened = dict(polled.poll(None if timeout_seconds is None else math.ceil(timeout_seconds * 1000)))
    readable = [one for one in readers if happened.get(one.fileno(), 0) & (select.POLLIN | select.POLLPRI | _GONE)]
    writable = [one for one in writers if happened.get(one.fileno(), 0) & (select.POLLOUT | _GONE)]
    return readable, writable, []


__all__ = ["expect_many_files", "raise_limit", "select_by_poll"]
