"""Ends that come: a task that was told to end does, and a process that must be gone is gone, whatever hangs in it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import structlog

log = structlog.get_logger()

END_SECONDS = 20.0
"""Longer than any orderly end takes, short enough for whoever waits for this process's work."""


def asked_to_end() -> bool:
    """Whether the running task was cancelled, also where a library kept that to itself.

    `asyncio.wait_for` of Python 3.11 does when its result comes in the same moment, and nats-py does where it flushes.
    A task that goes on for ever after such a word holds up everybody who waits for its end.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def end_for_certain(within_seconds: float = END_SECONDS) -> threading.Timer:
    """Let this process live no longer than this, unless what is given is cancelled; its exit code is 1 then.

    Whoever looks after it starts it again. It dies as it may at any moment: what it had not acknowledged comes again.
    """
    last = threading.Timer(within_seconds, _go)
    last.daemon = True
    last.start()
    return last


def _go() -> None:
    log.error("ended_by_force", threads=sorted(thread.name for thread in threading.enumerate()))
    sys.stdout.flush()
    os._exit(1)


__all__ = ["END_SECONDS", "asked_to_end", "end_for_certain"]
