"""`yinling health`: whether one process answers, for the health checks of containers and for scripts.

The API is asked for `/healthz` at its own port; every other process answers over the broker, with what `/readyz` is told of it.
Exit code 0 is well, 1 is not; the line says why. Nothing is changed.
"""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import typer

from core.bus import Bus
from core.config import Settings
from core.tls import client_context
from ingest.broker import load_or_create_secrets, nats_context, nats_servers
from yinling.environment import read_settings
from yinling.ports import LOOPBACK

ANSWER_SECONDS = 4.0


def ask_health(process: str, data_dir: Path | None) -> int:
    """Ask, print one line, and give the exit code."""
    settings = read_settings(data_dir=data_dir)
    trouble = _ask_api(settings) if process == "api" else asyncio.run(_ask_over_the_broker(settings, process))
    typer.echo(f"{process}: {trouble or 'ok'}")
    return 1 if trouble else 0


def _ask_api(settings: Settings) -> str | None:
    over_tls = settings.transport.speaks_tls("http")
    address = f"{'https' if over_tls else 'http'}://{LOOPBACK}:{settings.http_port}/healthz"
    context = client_context(settings, LOOPBACK) if over_tls else None
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_SECONDS, context=context):  # noqa: S310 always http or https
            return None
    except (urllib.error.URLError, OSError) as error:
        return f"{address} does not answer: {error}"


async def _ask_over_the_broker(settings: Settings, process: str) -> str | None:
    password = load_or_create_secrets(settings).password
    bus = Bus(nats_servers(settings), user="yinling", password=password, name="health", tls=nats_context(settings))
    await bus.start()
    try:
        await asyncio.wait_for(bus.connected(), ANSWER_SECONDS / 2)
        return trouble_in(await bus.gather_status(ANSWER_SECONDS / 2, only=process), process)
    except TimeoutError:
        return "the broker does not answer"
    finally:
        await bus.stop()


def trouble_in(statuses: list[dict[str, Any]], process: str) -> str | None:
    """What is wrong with one process, by what all answered; None when nothing is. Pure."""
    status = next((status for status in statuses if status.get("process") == process), None)
    if status is None:
        return "does not answer"
    wrong = [f"{name}: {said}" for name, said in sorted(dict(status.get("checks") or {}).items()) if said not in {"ok", "spooling"}]
    return "; ".join(wrong) or (None if status.get("ready") else "not ready")
