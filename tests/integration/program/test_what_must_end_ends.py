"""Neither a library that keeps a cancellation to itself nor a thread that hangs holds up the end of a process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

from support.processes import PATIENCE_SECONDS

from core.clock import SystemClock
from core.config import Settings
from core.ending import asked_to_end
from ingest.broker_secrets import load_or_create_secrets
from ingest.sign_in import SignInResponder

HANGS = """
import threading
from core.ending import end_for_certain
end_for_certain(0.2)
threading.Event().wait()
"""


async def keep_to_oneself() -> None:
    """As nats-py does where it flushes, and `asyncio.wait_for` of Python 3.11 when its result comes in the same moment."""
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return


class DeafBus:
    """A bus whose library keeps every cancellation to itself."""

    connections = 1

    async def subscribe(self, *_arguments: object) -> None:
        """Nothing comes."""

    async def connected(self) -> DeafBus:
        return self

    async def flush(self) -> None:
        """At once."""

    async def publish(self, _subject: str, _body: object) -> None:
        await keep_to_oneself()


def test_a_task_hears_that_it_was_told_to_end() -> None:
    async def work() -> bool:
        assert not asked_to_end()
        await keep_to_oneself()
        return asked_to_end()

    async def tell() -> bool:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(tell())


def test_who_answers_sign_ins_stops_whatever_its_library_keeps_to_itself(settings: Settings) -> None:
    async def stop() -> None:
        directory: Any = None
        bus: Any = DeafBus()
        responder = SignInResponder(
            bus, load_or_create_secrets(settings), directory, SystemClock(), partition=0, partitions=1, on_refusal=print
        )
        await responder.start()
        await asyncio.sleep(0.1)  # it says what it says every half second
        async with asyncio.timeout(PATIENCE_SECONDS):
            await responder.stop()

    asyncio.run(stop())


def test_a_process_that_hangs_on_its_way_out_is_gone_and_says_so() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 1
    assert "ended_by_force" in done.stdout
