"""Which process of which machine this is, in a word that another process can judge: is that one still alive?

The word names the boot of the machine, the namespace of its process ids, the id itself and when it was started, so that two
containers that both call themselves process 7 are told apart. Of a process elsewhere nothing is claimed.
"""

from __future__ import annotations

import os
from pathlib import Path

_NAMESPACE = Path("/proc/self/ns/pid")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def process_mark() -> str:
    """The word for this process, at most 80 characters; empty where the system does not tell enough."""
    try:
        return f"{_place()}/{os.getpid()}.{_started(os.getpid())}"
    except OSError:
        return ""


def is_certainly_gone(mark: str) -> bool:
    """Whether the process with this word ran here and is no more; False in every doubt, also about one elsewhere."""
    place, _, process = mark.rpartition("/")
    pid, dot, started = process.partition(".")
    try:
        if not dot or not pid.isdecimal() or place != _place():
            return False
        return _started(int(pid)) != started
    except FileNotFoundError:
        return True
    except OSError:
        return False


def runs_here(mark: str) -> bool:
    """Whether the process with this word is of this machine, or of this container; False in every doubt."""
    place, _, _process = mark.rpartition("/")
    try:
        return place == _place()
    except OSError:
        return False


def _place() -> str:
    boot = _BOOT.read_text().strip()[:18]
    return f"{boot}/{str(_NAMESPACE.readlink()).rpartition('[')[2].rstrip(']')}"


def _started(pid: int) -> str:
    """When a process was started, in ticks since the boot: a number that comes again is another process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


__all__ = ["is_certainly_gone", "process_mark", "runs_here"]
