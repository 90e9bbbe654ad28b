"""How the processes are: gathered over the bus, judged for `/readyz`, and merged for `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy.exc import SQLAlchemyError

from api.deps import Deps
from core.errors import UnavailableError
from people.model import Centre

GATHER_SECONDS = 0.8
CHECK_SECONDS = 3.0
PROCESS = "api"


async def gather(deps: Deps) -> list[dict[str, Any]]:
    """What every other process says of itself; those that do not answer in time are missing."""
    if deps.bus is None:
        return []
    answers = await deps.bus.gather_status(GATHER_SECONDS, {*_wanted(deps.settings.partitions), PROCESS})
    return [answer for answer in answers if answer.get("process") != PROCESS]


async def check(deps: Deps) -> dict[str, str]:
    """Every check of the whole path of an alarm: `ok`, or what is wrong."""
    statuses, database, readings = await asyncio.gather(gather(deps), _in_time(deps, _database), _in_time(deps, _readings))
    broker = "ok" if deps.bus is not None and deps.bus.is_connected else "not connected"
    return {"broker": broker, "database": database, "readings": readings, **judge(statuses, deps.settings.partitions)}


def judge(statuses: Iterable[Mapping[str, Any]], partitions: int) -> dict[str, str]:
    """The checks of the other processes: every ingest worker must answer and be ready, and at least one pager. Pure."""
    by_name: dict[str, list[str]] = {}
    for status in statuses:
        by_name.setdefault(str(status.get("process")), []).append(_verdict(status))
    return {name: _best(by_name.get(name, [])) for name in _wanted(partitions)}


def _wanted(partitions: int) -> list[str]:
    return [*(f"ingest-{partition}" for partition in range(partitions)), "pager"]


def _best(verdicts: Sequence[str]) -> str:
    """What several processes of one name make together: one that works is enough."""
    if not verdicts:
        return _verdict(None)
    return "ok" if "ok" in verdicts else verdicts[0]


def _verdict(status: Mapping[str, Any] | None) -> str:
    if status is None:
        return "does not answer"
    wrong = {name: said for name, said in dict(status.get("checks") or {}).items() if said != "ok"}
    if wrong:
        return "; ".join(f"{name}: {said}" for name, said in sorted(wrong.items()))
    return "ok" if status.get("ready") else "not ready"


def own_status(deps: Deps) -> dict[str, Any]:
    """What this process answers when asked."""
    connected = deps.bus is not None and deps.bus.is_connected
    return {
        "process": PROCESS,
        "ready": connected,
        "checks": {"broker": "ok" if connected else "not connected"},
        "metrics": generate_latest(REGISTRY).decode(),
    }


async def _in_time(deps: Deps, what: Any) -> str:
    try:
        return str(await asyncio.wait_for(asyncio.to_thread(what, deps), CHECK_SECONDS))
    except TimeoutError:
        return "does not answer"


def _database(deps: Deps) -> str:
    """Whether a commit goes through: reading alone would not notice a full disk."""
    try:
        with deps.database.transaction() as session:
            session.execute(sa.update(Centre).where(Centre.id == 1).values(name=Centre.name))
    except SQLAlchemyError as error:
        return f"cannot be written: {error.__class__.__name__}"
    return "ok"


def _readings(deps: Deps) -> str:
    try:
        deps.readings.check()
    except UnavailableError as error:
        return error.code
    return "ok"


class _Merged(Collector):
    """Metrics of several processes, each sample with the label `process`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        """Families by name, with the samples of all processes."""
        families: dict[str, Metric] = {}
        for process, text in self._texts.items():
            for family in text_string_to_metric_families(text):
                merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    labels = {**sample.labels, "process": process}
                    merged.samples.append(sample._replace(labels=labels))
        yield from families.values()


def merge_metrics(texts: Mapping[str, str]) -> bytes:
    """One Prometheus text of several, told apart by the label `process`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(texts))
    return generate_latest(registry)


async def all_metrics(deps: Deps) -> bytes:
    """The metrics of every process that answers, this one included."""
    texts: dict[str, str] = {}
    for status in sorted(await gather(deps), key=lambda status: str(status.get("machine"))):
        name = str(status.get("process"))
        serial = 1 + sum(known.partition("#")[0] == name for known in texts)
        texts[name if serial == 1 else f"{name}#{serial}"] = str(status.get("metrics") or "")
    return merge_metrics({**texts, PROCESS: generate_latest(REGISTRY).decode()})


def gauge_sum(statuses: Sequence[Mapping[str, Any]], name: str) -> float:
    """The sum of one gauge over all processes; 0 where nobody tells."""
    return sum(
        sample.value
        for status in statuses
        for family in text_string_to_metric_families(str(status.get("metrics") or ""))
        if family.name == name
        for sample in family.samples
    )
