"""What the wall clock was set by while no pager ran, told from where it stood when one ran last.

A running pager writes down, each minute, its wall clock beside the time since the machine was started. Whoever starts next on
the same start of the same machine sees by the two whether the wall was set meanwhile. After another start, or when a pager of
another machine wrote last, nothing can be told and the wall is believed.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import hold_order
from alerts.clock_model import ClockAnchor
from alerts.work import Desk
from core.clock import STEP_THRESHOLD

KEPT_EVERY_SECONDS = 60.0
_SLEW = 0.0005
"""A clock that is kept right by slewing gains or loses so much of the time that passes; that is no step."""
_THE_ROW = 1
_MICROSECOND = timedelta(microseconds=1)


def step_while_away(desk: Desk) -> timedelta:
    """By how much the wall clock was set since a pager ran here last; nothing where that cannot be told."""
    present = desk.clock.since_boot()
    if present is None:
        return timedelta(0)
    with desk.database.snapshot() as session:
        anchor = session.get(ClockAnchor, _THE_ROW)
    if anchor is None or anchor.boot != present.boot:
        return timedelta(0)
    passed = present.elapsed - anchor.since_boot_microseconds * _MICROSECOND
    step = desk.clock.now() - anchor.at - passed
    return step if passed >= timedelta(0) and abs(step) > STEP_THRESHOLD + _SLEW * passed else timedelta(0)


def keep_anchor(desk: Desk) -> None:
    """Write down where the clock stands, if that was not done for a minute. Only while no step waits to be followed."""
    now_seconds = desk.clock.monotonic_seconds()
    last_seconds = desk.anchored_at_seconds
    if last_seconds is not None and now_seconds - last_seconds < KEPT_EVERY_SECONDS:
        return
    with desk.database.transaction() as session:
        hold_order(session)  # of two pagers one writes at a time
        write_anchor(session, desk)
    desk.anchored_at_seconds = now_seconds


def write_anchor(session: Session, desk: Desk) -> None:
    """The same in the caller's transaction, which may move the dues by a step."""
    present = desk.clock.since_boot()
    if present is None:
        return
    session.execute(sa.delete(ClockAnchor))
    passed = present.elapsed // _MICROSECOND
    session.add(
        ClockAnchor(id=_THE_ROW, boot=present.boot, at=desk.clock.now(), since_boot_microseconds=passed, noted_by=desk.name)
    )


__all__ = ["KEPT_EVERY_SECONDS", "keep_anchor", "step_while_away", "write_anchor"]
