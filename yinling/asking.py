"""Asking the processes of a centre how they are, over the broker, for programs of the command line. Nothing is changed."""

from __future__ import annotations

import asyncio
from typing import Any

from core.bus import Bus
from core.config import Settings
from ingest.broker import load_or_create_secrets, nats_context, nats_servers

ANSWER_SECONDS = 2.0


async def ask_processes(settings: Settings, *, only: str | None = None) -> list[dict[str, Any]]:
    """What every process says of itself within `ANSWER_SECONDS`; with `only`, no longer than until that one has answered.

    Raises:
        TimeoutError: the broker does not answer.
    """
    password = load_or_create_secrets(settings).password
    bus = Bus(nats_servers(settings), user="yinling", password=password, name="asking", tls=nats_context(settings))
    await bus.start()
    try:
        await asyncio.wait_for(bus.connected(), ANSWER_SECONDS)
        return await bus.gather_status(ANSWER_SECONDS, only=only)
    finally:
        await bus.stop()


__all__ = ["ask_processes"]
