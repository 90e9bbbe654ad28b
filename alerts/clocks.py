"""The clocks: due columns polled by one loop, each due row a small transaction of its own (invariant 4).

A row that fails is set aside and tried again later; it never stops the next one. A step of the wall clock moves every
open due with it, so that what was due in thirty seconds still comes in thirty seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import InstrumentedAttribute, Session

from alerts.changes import hold_order
from alerts.due import CLOCKS, Clock
from alerts.metrics import CLOCK_STEPS, DUE_LATENESS_SECONDS, DUE_WORK
from alerts.model import Alert, Incident, OperatorPresence, ProbeRun
from alerts.modes.model import Mode
from alerts.paging.model import Page
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.work import Desk
from devices.model import Device

log = structlog.get_logger()

BATCH = 200
"""Rows of one clock worked on before the more urgent ones are looked at again."""
POISON_PAUSE = timedelta(seconds=60)

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
)


def work_off(desk: Desk, limit: int = BATCH) -> int:
    """Do what is due now, at most `limit` rows of each clock; how many were done."""
    done = 0
    for clock in CLOCKS:
        now = desk.clock.now()
        with desk.database.snapshot() as session:
            query = sa.select(clock.of.id, clock.column).where(clock.column <= now).order_by(clock.column)
            rows = session.execute(query.limit(limit)).all()
        for row_id, due_at in rows:
            DUE_LATENESS_SECONDS.labels(clock.name).set((desk.clock.now() - (due_at or now)).total_seconds())
            _work_on(desk, clock, row_id)
            done += 1
    return done


def _work_on(desk: Desk, clock: Clock, row_id: int) -> None:
    def act(session: Session, now: datetime) -> None:
        row = cast("Any", session.get(clock.of, row_id, populate_existing=True))
        due_at = None if row is None else getattr(row, clock.column.key)
        if due_at is not None and due_at <= now:
            cast("Any", clock.work)(session, row, now, desk.settings)

    try:
        desk.act(act)
    except STORE_IS_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 quarantined
        _postpone(desk, clock, row_id, error)
    else:
        DUE_WORK.labels(clock.name).inc()


def _postpone(desk: Desk, clock: Clock, row_id: int, error: Exception) -> None:
    """Set a poison row aside, and try it again later: a clock that failed must not fall silent for good."""
    with desk.database.transaction() as session:
        now = desk.clock.now()
        set_aside(session, Failed(f"clock.{clock.name}", f"{clock.of.__tablename__}:{row_id}", error), now)
        later = sa.update(clock.of).where(clock.of.id == row_id).values({clock.column.key: now + POISON_PAUSE})
        session.execute(later.execution_options(synchronize_session=False))


def follow_step(desk: Desk) -> timedelta | None:
    """Move every open due by a step of the wall clock, if there was one; the step."""
    step = desk.clock.take_step()
    if step is None:
        return None
    microseconds = step // timedelta(microseconds=1)
    with desk.database.transaction() as session:
        hold_order(session)
        for column in _DUES:
            _move(session, column, microseconds)
        waiting = Page.state.in_(("pending", "claimed"))
        for column in (Page.due_at, Page.deadline_at, Page.lease_expires_at):
            _move(session, column, microseconds, waiting)
        _move(session, Mode.until_at, microseconds, Mode.ended_at.is_(None))
        _move(session, ProbeRun.due_at, microseconds, ProbeRun.outcome == "sent")
        _move(session, OperatorPresence.expires_at, microseconds)
    CLOCK_STEPS.inc()
    log.warning("clock_stepped", seconds=step.total_seconds())
    return step


def _move(session: Session, column: InstrumentedAttribute[Any], microseconds: int, *conditions: sa.ColumnElement[bool]) -> None:
    table = cast("sa.Table", column.class_.__table__)
    moved = sa.type_coerce(table.c[column.key], sa.BigInteger) + microseconds
    session.execute(
        sa.update(table).where(column.is_not(None), *conditions).values({column.key: sa.type_coerce(moved, column.type)})
    )


__all__ = ["BATCH", "POISON_PAUSE", "follow_step", "work_off"]
