"""The clocks: due columns polled by one loop, the most urgent first, in small transactions (invariant 4).

Several pagers may poll one PostgreSQL: each row is locked and looked at again, so that it has one effect. A row that
fails is set aside and tried again later; it never stops the next one. A step of the wall clock moves every
open due with it, so that what was due in thirty seconds still comes in thirty seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import InstrumentedAttribute, Session

from alerts.anchor import keep_anchor, step_while_away, write_anchor
from alerts.changes import hold_order
from alerts.clock_model import ClockStep
from alerts.due import CLOCKS, Clock
from alerts.metrics import CLOCK_STEPS, DUE_LATENESS_SECONDS, DUE_WORK
from alerts.model import Alert, Incident, OperatorPresence, ProbeRun
from alerts.modes.model import Mode
from alerts.paging.model import Page, PageTest
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.ruleset.model import RuleTimer
from alerts.work import Desk
from core.failpoints import reach
from devices.model import Device

log = structlog.get_logger()

BATCH = 100
"""Rows of one clock in one transaction; then the more urgent clocks are looked at again."""
MOST = 20_000
BUDGET_SECONDS = 1.0
"""After so many rows, or so long, pages are sent before the rest is worked on."""
POISON_PAUSE = timedelta(seconds=60)

_SAME_STEP = timedelta(seconds=2)
_NOTICED_WITHIN = timedelta(seconds=60)
"""Two pagers notice one step of their clock within this of each other, and agree on its size within the other."""
_STEPS_KEPT = timedelta(days=1)
_HORIZON = timedelta(days=400)
"""Nothing is ever due later than this. What seems to be was written by a clock that was right, before a machine started with
one that was not (no battery: 1970): it stays where it is when the clock is set."""

_DUES: tuple[InstrumentedAttribute[Any], ...] = (
    Incident.escalation_due_at,
    Incident.answer_due_at,
    Incident.claim_due_at,
    Incident.ring_due_at,
    Alert.pending_due_at,
    Alert.shelved_due_at,
    Mode.end_due_at,
    Mode.question_due_at,
    Device.silence_due_at,
    RuleTimer.due_at,
    RuleTimer.armed_at,
)


def work_off(desk: Desk, limit: int = MOST) -> int:
    """Do what is due now, the most urgent clock first, a batch at a time; how many rows were worked on.

    No row is worked on twice in one call: what is due again at once is so in the next.
    """
    done: dict[str, set[int]] = {clock.name: set() for clock in CLOCKS}
    began_seconds = desk.clock.monotonic_seconds()
    count = 0
    while count < limit and desk.clock.monotonic_seconds() - began_seconds < BUDGET_SECONDS:
        found = _most_urgent(desk, done)
        if found is None:
            break
        clock, row_ids = found
        done[clock.name].update(row_ids)
        count += len(row_ids)
        _work_batch(desk, clock, row_ids)
    return count


def _most_urgent(desk: Desk, done: Mapping[str, set[int]]) -> tuple[Clock, list[int]] | None:
    """The first clock with something due, and at most a batch of it, the worst and longest due first."""
    with desk.database.snapshot() as session:
        for clock in CLOCKS:
            now = desk.clock.now()
            query = (
                sa.select(clock.of.id, clock.column).where(clock.column <= now).order_by(*clock.order, clock.column, clock.of.id)
            )
            rows = session.execute(query.limit(BATCH + len(done[clock.name]))).all()
            fresh = [(row_id, due_at) for row_id, due_at in rows if row_id not in done[clock.name]][:BATCH]
            if fresh:
                latest = min(due_at or now for _, due_at in fresh)
                DUE_LATENESS_SECONDS.labels(clock.name).set((now - latest).total_seconds())
                return clock, [row_id for row_id, _ in fresh]
    return None


def _work_batch(desk: Desk, clock: Clock, row_ids: Sequence[int]) -> None:
    """All of them in one transaction; when one of them is poison, each in its own, which sets that one aside."""
    if len(row_ids) == 1:
        work_alone(desk, clock, row_ids[0])
        return
    try:
        desk.act(lambda session, now: _work(session, clock, row_ids, now, desk))
    except STORE_IS_AWAY:
        raise
    except Exception:  # noqa: BLE001 somewhere in here is poison: find it one by one
        for row_id in row_ids:
            work_alone(desk, clock, row_id)
    else:
        _worked(clock, len(row_ids))


def work_alone(desk: Desk, clock: Clock, row_id: int) -> None:
    """One row in a transaction of its own; what fails is set aside and tried again later."""
    try:
        desk.act(lambda session, now: _work(session, clock, [row_id], now, desk))
    except STORE_IS_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 quarantined
        _postpone(desk, clock, row_id, error)
    else:
        _worked(clock, 1)


def _work(session: Session, clock: Clock, row_ids: Sequence[int], now: datetime, desk: Desk) -> None:
    """Work on rows that are still due under their locks; another pager's rows are passed over."""
    query: sa.Select[Any] = sa.select(clock.of).where(clock.of.id.in_(row_ids)).with_for_update(skip_locked=True)
    rows = {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}
    for row_id in row_ids:
        row = rows.get(row_id)
        due_at = None if row is None else getattr(row, clock.column.key)
        if due_at is not None and due_at <= now:
            cast("Any", clock.work)(session, row, now, desk.settings)


def _worked(clock: Clock, count: int) -> None:
    if clock.name == "escalation":
        reach("escalation.after_commit")
    DUE_WORK.labels(clock.name).inc(count)


def _postpone(desk: Desk, clock: Clock, row_id: int, error: Exception) -> None:
    """Set a poison row aside, and try it again later: a clock that failed must not fall silent for good."""
    with desk.database.transaction() as session:
        now = desk.clock.now()
        set_aside(session, Failed(f"clock.{clock.name}", f"{clock.of.__tablename__}:{row_id}", error), now)
        later = sa.update(clock.of).where(clock.of.id == row_id).values({clock.column.key: now + POISON_PAUSE})
        session.execute(later.execution_options(synchronize_session=False))


def follow_step(desk: Desk) -> timedelta | None:
    """Move every open due by a step of the wall clock, if there was one; the step.

    The first call also looks what the clock was set by while no pager ran. Of several pagers one does it. While the store is
    away the step is kept, and followed once it is back.
    """
    if not desk.has_looked_back:
        desk.unfollowed += step_while_away(desk)
        desk.has_looked_back = True
    desk.unfollowed += desk.clock.take_step() or timedelta(0)
    step = desk.unfollowed
    if not step:
        keep_anchor(desk)
        return None
    with desk.database.transaction() as session:
        hold_order(session)
        if not _was_followed(session, step, desk):
            _move_all(session, step // timedelta(microseconds=1), desk.clock.now() - step + _HORIZON)
        write_anchor(session, desk)
    desk.unfollowed = timedelta(0)
    CLOCK_STEPS.inc()
    log.warning("clock_stepped", seconds=step.total_seconds())
    return step


def _was_followed(session: Session, step: timedelta, desk: Desk) -> bool:
    """Whether another pager moved the dues by this step already; if not, it is noted as ours."""
    now, microseconds = desk.clock.now(), step // timedelta(microseconds=1)
    session.execute(sa.delete(ClockStep).where(sa.not_(ClockStep.at.between(now - _STEPS_KEPT, now + _STEPS_KEPT))))
    alike = _SAME_STEP // timedelta(microseconds=1)
    same = sa.select(ClockStep.id).where(
        ClockStep.noted_by != desk.name,
        ClockStep.at.between(now - _NOTICED_WITHIN, now + _NOTICED_WITHIN),
        ClockStep.microseconds.between(microseconds - alike, microseconds + alike),
    )
    if session.scalar(same.limit(1)) is not None:
        return True
    session.add(ClockStep(at=now, microseconds=microseconds, noted_by=desk.name))
    return False


def _move_all(session: Session, microseconds: int, latest: datetime) -> None:
    for column in _DUES:
        _move(session, column, microseconds, column <= latest)
    waiting = Page.state.in_(("pending", "claimed"))
    for column in (Page.due_at, Page.deadline_at, Page.lease_expires_at):
        _move(session, column, microseconds, column <= latest, waiting)
    for column, condition in (
        (PageTest.due_at, sa.true()),
        (Incident.escalation_from_at, Incident.escalation_due_at.is_not(None)),
        (Mode.until_at, Mode.ended_at.is_(None)),
        (ProbeRun.due_at, ProbeRun.outcome == "sent"),
        (OperatorPresence.expires_at, sa.true()),
    ):
        _move(session, column, microseconds, column <= latest, condition)


def _move(session: Session, column: InstrumentedAttribute[Any], microseconds: int, *conditions: sa.ColumnElement[bool]) -> None:
    table = cast("sa.Table", column.class_.__table__)
    moved = sa.type_coerce(table.c[column.key], sa.BigInteger) + microseconds
    session.execute(
        sa.update(table).where(column.is_not(None), *conditions).values({column.key: sa.type_coerce(moved, column.type)})
    )


__all__ = ["BATCH", "BUDGET_SECONDS", "POISON_PAUSE", "follow_step", "work_alone", "work_off"]
