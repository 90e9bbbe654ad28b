"""Rows of backtests: made, taken with a lease, written down as they grow, ended.

A run belongs to the process whose lease it carries; every write compares it. When a process dies its lease runs out and
the run is taken again, by whoever is there, after the last home that was written down; a run that keeps killing whoever
takes it fails in the end. A cancelled or failed run never changes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.ruleset.model import BacktestRun
from people.model import Area, Home

LEASE = timedelta(seconds=20)
MOST_TAKES = 5
"""So many processes may die of one run."""


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({RunState.DONE, RunState.FAILED, RunState.CANCELLED})


@dataclass(slots=True)
class Held:
    """A run this process has taken; `lease_expires_at` proves it."""

    id: int
    spec: dict[str, Any]
    home_id: int | None
    area_id: int | None
    start_at: datetime
    end_at: datetime
    result: dict[str, Any] | None
    lease_expires_at: datetime


def homes_of(home_id: int | None, area_path: str | None) -> sa.Select[Any]:
    """The ids of the homes a run is over: one, those of an area's subtree, or all; never the probe's."""
    query = sa.select(Home.id).where(Home.is_probe.is_(False))
    if home_id is not None:
        query = query.where(Home.id == home_id)
    if area_path is not None:
        query = query.where(Home.area_id.in_(sa.select(Area.id).where(sa.func.substr(Area.path, 1, len(area_path)) == area_path)))
    return query


def path_of(session: Session, run: Held) -> str | None:
    """The path of the area a run is over; None where it is over a home or the centre."""
    return None if run.area_id is None else session.scalar(sa.select(Area.path).where(Area.id == run.area_id))


def homes_after(session: Session, run: Held, last_id: int, most: int) -> list[int]:
    """The next homes of a run, in the order of their ids."""
    query = homes_of(run.home_id, path_of(session, run)).where(Home.id > last_id).order_by(Home.id).limit(most)
    return list(session.scalars(query))


def count_homes(session: Session, run: Held, until_id: int | None) -> int:
    """How many homes a run is over; only those up to `until_id`, where it is given."""
    query = homes_of(run.home_id, path_of(session, run))
    if until_id is not None:
        query = query.where(Home.id <= until_id)
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def take(session: Session, now: datetime) -> Held | None:
    """The oldest run that waits, or whose process let its lease run out; None when there is none.

    A run that was taken too often without an end fails here.
    """
    lost = sa.and_(BacktestRun.state == RunState.RUNNING, BacktestRun.lease_expires_at <= now)
    free = sa.or_(BacktestRun.state == RunState.WAITING, lost)
    for run in session.scalars(sa.select(BacktestRun).where(free).order_by(BacktestRun.id).with_for_update(skip_locked=True)):
        takes = int((run.result or {}).get("takes", 0)) + 1
        if takes > MOST_TAKES:
            run.state, run.error, run.lease_expires_at = RunState.FAILED, "process_died", None
            continue
        run.result = {**(run.result or {}), "takes": takes}
        run.state, run.lease_expires_at = RunState.RUNNING, now + LEASE
        return Held(run.id, run.spec, run.home_id, run.area_id, run.start_at, run.end_at, dict(run.result), run.lease_expires_at)
    return None


def keep(session: Session, run: Held, now: datetime, values: dict[str, Any]) -> datetime | None:
    """Write `values` down and renew the lease; the new lease, or None when the run is no longer this process's."""
    until = now + LEASE
    if until <= run.lease_expires_at:  # the clock was set back: a lease never shrinks, and must differ to prove itself
        until = run.lease_expires_at + timedelta(microseconds=1)
    return until if _write(session, run, {**values, "lease_expires_at": until}) else None


def finish(session: Session, run: Held, state: RunState, values: dict[str, Any]) -> bool:
    """End the run; False when it is no longer this process's."""
    return _write(session, run, {**values, "state": state, "lease_expires_at": None})


def release(session: Session, run: Held, values: dict[str, Any]) -> bool:
    """Give it back, to be gone on with by the next process."""
    return _write(session, run, {**values, "state": RunState.WAITING, "lease_expires_at": None})


def is_held(session: Session, run: Held) -> bool:
    """Whether the run still goes on in this process: not cancelled, and not taken by another."""
    row = session.execute(sa.select(BacktestRun.state, BacktestRun.lease_expires_at).where(BacktestRun.id == run.id)).one_or_none()
    return row is not None and row.state == RunState.RUNNING and row.lease_expires_at == run.lease_expires_at


def cancel(session: Session, run_id: int) -> bool:
    """End a run that is not over; what was written down of it stays. False when it was over."""
    going = (BacktestRun.id == run_id, BacktestRun.state.not_in(OVER))
    values = {"state": RunState.CANCELLED, "lease_expires_at": None}
    return bool(getattr(session.execute(sa.update(BacktestRun).where(*going).values(values)), "rowcount", 0))


def _write(session: Session, run: Held, values: dict[str, Any]) -> bool:
    mine = (
        BacktestRun.id == run.id,
        BacktestRun.state == RunState.RUNNING,
        BacktestRun.lease_expires_at == run.lease_expires_at,
    )
    done = session.execute(sa.update(BacktestRun).where(*mine).values(**values))
    return bool(getattr(done, "rowcount", 0))


__all__ = [
    "LEASE",
    "MOST_TAKES",
    "OVER",
    "Held",
    "RunState",
    "cancel",
    "count_homes",
    "finish",
    "homes_after",
    "homes_of",
    "is_held",
    "keep",
    "path_of",
    "release",
    "take",
]
