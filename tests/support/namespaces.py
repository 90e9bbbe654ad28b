"""Network namespaces of a test's own: a hub this thread moves into, and machines on a bridge in it whose cable can be pulled."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CLONE_NEWNET = 0x40000000
_NET = "10.97.0"


@dataclass
class Hub:
    """The bridge and what is plugged into it."""

    name: str
    machines: list[str] = field(default_factory=list)

    def address(self, index: int) -> str:
        return f"{_NET}.{10 + index}"

    def prefix(self, index: int) -> tuple[str, ...]:
        """What stands before a command so that it runs on a machine."""
        return ("ip", "netns", "exec", self.machines[index])

    def cut(self, index: int) -> None:
        """Pull the cable: packets vanish, nobody is told."""
        _ip("-n", self.name, "link", "set", f"v{index}", "nomaster")

    def mend(self, index: int) -> None:
        _ip("-n", self.name, "link", "set", f"v{index}", "master", "br0")


def can_make_namespaces() -> bool:
    """Whether this user may, on this kernel."""
    name = f"yl{os.getpid()}try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return made.returncode == 0


@contextmanager
def hub_with(machines: int) -> Iterator[Hub]:
    """Be in the hub, with all threads and processes started from here, until the end."""
    hub = Hub(f"yl{os.getpid()}hub")
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        _ip("netns", "add", hub.name)
        _ip("-n", hub.name, "link", "set", "lo", "up")
        _ip("-n", hub.name, "link", "add", "br0", "type", "bridge")
        _ip("-n", hub.name, "addr", "add", f"{_NET}.1/24", "dev", "br0")
        _ip("-n", hub.name, "link", "set", "br0", "up")
        for index in range(machines):
            _plug_in(hub, index)
        _enter(f"/run/netns/{hub.name}")
        yield hub
    finally:
        _set_namespace(home)
        os.close(home)
        for name in (*hub.machines, hub.name):
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", name)


def _plug_in(hub: Hub, index: int) -> None:
    machine = f"{hub.name}{index}"
    _ip("netns", "add", machine)
    hub.machines.append(machine)
    _ip("-n", machine, "link", "set", "lo", "up")
    _ip("-n", hub.name, "link", "add", f"v{index}", "type", "veth", "peer", "name", "eth0", "netns", machine)
    _ip("-n", hub.name, "link", "set", f"v{index}", "master", "br0")
    _ip("-n", hub.name, "link", "set", f"v{index}", "up")
    _ip("-n", machine, "addr", "add", f"{hub.address(index)}/24", "dev", "eth0")
    _ip("-n", machine, "link", "set", "eth0", "up")


def _enter(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _set_namespace(descriptor)
    finally:
        os.close(descriptor)


def _set_namespace(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
