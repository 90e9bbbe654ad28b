"""The ingest workers of a centre that has several: whether each partition has one, and whether one more stands by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.status import judge
from core.config import Settings
from yinling.asking import ask_processes
from yinling.doctor.finding import Finding, Verdict
from yinling.standby import SPARE


def check_workers(settings: Settings) -> Iterator[Finding]:
    """Over the broker; nothing for a centre with one partition, whose worker is told of in the whole path."""
    if settings.partitions == 1:
        return
    try:
        statuses = asyncio.run(ask_processes(settings))
    except TimeoutError:
        yield Finding("workers", Verdict.ODD, "the broker does not answer, so no worker could be asked")
        return
    yield from judge_workers(statuses, settings.partitions)


def judge_workers(statuses: Sequence[Mapping[str, Any]], partitions: int) -> Iterator[Finding]:
    """What the answers of all processes say. Pure."""
    for name, verdict in judge(statuses, partitions).items():
        yield Finding(name, Verdict.GOOD if verdict == "ok" else Verdict.BAD, verdict)
    spares = [status for status in statuses if status.get("process") == SPARE]
    for status in spares:
        if not status.get("ready"):
            yield Finding(SPARE, Verdict.BAD, f"could not take over now: database {dict(status['checks'])['database']}")
    if spares:
        yield Finding("spare workers", Verdict.GOOD, f"{len(spares)} standing by")
    else:
        start = f"`yinling ingest --partition any/{partitions}`"
        says = f"none stands by: the homes of a machine that dies wait for it; start {start} on another"
        yield Finding("spare workers", Verdict.ODD, says)


__all__ = ["check_workers", "judge_workers"]
