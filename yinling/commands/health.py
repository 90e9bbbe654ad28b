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

from core.config import Settings
from core.machine import runs_here
from core.tls import client_context
from yinling.asking import ask_processes
from yinling.environment import read_settings
from yinling.ports import LOOPBACK

ANSWER_SECONDS = 4.0
HERE = "ingest"
"""Whichever ingest workers run on this machine or in this container: a spare has another name once it has a partition."""


def ask_health(process: str, data_dir: Path | None) -> int:
    """Ask, print one line, and give the exit code."""
    settings = read_settings(data_dir=data_dir)
    trouble = _ask_api(settings) if process == "api" else _ask_over_the_broker(settings, process)
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


def _ask_over_the_broker(settings: Settings, process: str) -> str | None:
    here = process == HERE
    try:
        statuses = asyncio.run(ask_processes(settings, only=None if here else process))
    except TimeoutError:
        return "the broker does not answer"
    return trouble_here(statuses) if here else trouble_in(statuses, process)


def trouble_here(statuses: list[dict[str, Any]]) -> str | None:
    """What is wrong with the ingest workers of this machine or container, whichever partitions they have, or none yet."""
    ours = [status for status in statuses if runs_here(str(status.get("machine") or ""))]
    workers = [status for status in ours if str(status.get("process")).startswith("ingest-")]
    troubles = [trouble_in([status], str(status["process"])) for status in workers]
    return next((trouble for trouble in troubles if trouble), None) if workers else "does not answer"


def trouble_in(statuses: list[dict[str, Any]], process: str) -> str | None:
    """What is wrong with one process, by what all answered; None when nothing is. Pure."""
    status = next((status for status in statuses if status.get("process") == process), None)
    if status is None:
        return "does not answer"
    wrong = [f"{name}: {said}" for name, said in sorted(dict(status.get("checks") or {}).items()) if said not in {"ok", "spooling"}]
    return "; ".join(wrong) or (None if status.get("ready") else "not ready")
