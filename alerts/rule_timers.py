"""The store side of rules that wait: rows of `rule_timers`, the only place where a rule waits (invariant 4).

A timer is armed, moved and disarmed in the transaction of the message or due moment that says so; a process that dies
keeps all of them or none. One worker writes the timers of a home (its partition's epoch is checked by the caller).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from alerts.rules.context import DueTimer, TimerChange
from alerts.ruleset.model import RuleTimer

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class DueRow:
    """A stored timer whose time is over."""

    id: int
    home_id: int
    due_at: datetime


def keep(session: Session, changes: Mapping[int, Iterable[TimerChange]], now: datetime) -> None:
    """Write what the rules of some homes wait for, or no longer; by home id, the last change of a timer counts."""
    wanted = {(home_id, *change.key): change for home_id, all_of_home in changes.items() for change in all_of_home}
    armed = [_row(key[0], change, now) for key, change in sorted(wanted.items()) if change.due_at is not None]
    over = [key for key, change in sorted(wanted.items()) if change.due_at is None]
    for chunk in _chunks(over):
        of = sa.tuple_(RuleTimer.home_id, RuleTimer.rule, RuleTimer.subject).in_(chunk)
        session.execute(sa.delete(RuleTimer).where(of).execution_options(synchronize_session=False))
    for row in armed:
        session.execute(_upsert(session, row))


def _row(home_id: int, change: TimerChange, now: datetime) -> dict[str, Any]:
    return {
        "home_id": home_id,
        "rule": change.rule,
        "subject": change.subject,
        "armed_at": change.armed_at or now,
        "due_at": change.due_at,
        "state": dict(change.state),
    }


def _upsert(session: Session, row: Mapping[str, Any]) -> sa.Executable:
    insert = insert_sqlite if session.get_bind().dialect.name == "sqlite" else insert_postgresql
    statement = insert(RuleTimer).values(**row)
    return statement.on_conflict_do_update(
        index_elements=["home_id", "rule", "subject"],
        set_={"armed_at": row["armed_at"], "due_at": row["due_at"], "state": row["state"]},
    )


def of_homes(session: Session, home_ids: Sequence[int]) -> dict[int, list[DueTimer]]:
    """Every timer of some homes."""
    found: dict[int, list[DueTimer]] = {}
    for chunk in _chunks(home_ids):
        for row in session.scalars(sa.select(RuleTimer).where(RuleTimer.home_id.in_(chunk))):
            found.setdefault(row.home_id, []).append(timer_of(row))
    return found


def due(session: Session, now: datetime, *, after: DueRow | None, limit: int) -> list[DueRow]:
    """The timers that are due, the oldest first, behind `after`; at most `limit`."""
    query = sa.select(RuleTimer.id, RuleTimer.home_id, RuleTimer.due_at).where(RuleTimer.due_at <= now)
    if after is not None:
        same = sa.and_(RuleTimer.due_at == after.due_at, RuleTimer.id > after.id)
        query = query.where(sa.or_(RuleTimer.due_at > after.due_at, same))
    return [DueRow(*row) for row in session.execute(query.order_by(RuleTimer.due_at, RuleTimer.id).limit(limit))]


def still_due(session: Session, ids: Sequence[int], now: datetime) -> list[RuleTimer]:
    """The rows of `ids` that are due still, held until the end of the transaction."""
    query = sa.select(RuleTimer).where(RuleTimer.id.in_(ids), RuleTimer.due_at <= now)
    return list(session.scalars(query.order_by(RuleTimer.due_at, RuleTimer.id).with_for_update()))


def postpone(session: Session, row_id: int, until: datetime) -> None:
    """Look at a timer again later."""
    session.execute(sa.update(RuleTimer).where(RuleTimer.id == row_id).values(due_at=until))


def timer_of(row: RuleTimer) -> DueTimer:
    """A row as the rules see it."""
    return DueTimer(row.rule, row.subject, row.armed_at, row.due_at, row.state)


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


__all__ = ["DueRow", "due", "keep", "of_homes", "postpone", "still_due", "timer_of"]
