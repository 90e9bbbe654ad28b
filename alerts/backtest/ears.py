"""When Yinling itself heard nothing: stretches without a probe that arrived. In them nobody is called silent or inactive.

Live gives everybody a grace after an outage of its own; the probes that went through the whole path every minute tell, long
after, when there was one. Where no probe ever ran nothing is known, and nothing is excused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import ProbeRun

LONGEST_PAUSE = timedelta(minutes=5)
"""Probes further apart than this had an outage between them; one or two may be lost for other reasons."""
GRACE = timedelta(minutes=3)
"""As live gives after its restart (`YINLING_RESTART_GRACE_SECONDS`)."""


@dataclass(frozen=True, slots=True)
class Deaf:
    """An outage of our own, with the grace after it."""

    since: datetime
    until: datetime


def deaf_times(session: Session, start: datetime, end: datetime) -> tuple[Deaf, ...]:
    """Every outage of our own that touches [start, end), in order."""
    arrived = ProbeRun.arrived_at
    before = sa.func.lag(arrived, type_=arrived.type).over(order_by=arrived).label("before_at")
    runs = (
        sa.select(arrived.label("arrived_at"), before)
        .where(ProbeRun.sent_at >= start - timedelta(days=1), ProbeRun.sent_at < end + timedelta(days=1), arrived.is_not(None))
        .subquery()
    )
    pause = LONGEST_PAUSE // timedelta(microseconds=1)
    gap = sa.type_coerce(runs.c.arrived_at, sa.BigInteger) - sa.type_coerce(runs.c.before_at, sa.BigInteger)
    query = sa.select(runs.c.before_at, runs.c.arrived_at).where(gap > pause).order_by(runs.c.arrived_at)
    found = (Deaf(row.before_at, row.arrived_at + GRACE) for row in session.execute(query))
    return tuple(one for one in found if one.since < end and one.until > start)


def deaf_until(times: Sequence[Deaf], at: datetime) -> datetime | None:
    """The end of the outage and its grace that `at` lies in, or None."""
    return max((one.until for one in times if one.since <= at < one.until), default=None)


__all__ = ["GRACE", "LONGEST_PAUSE", "Deaf", "deaf_times", "deaf_until"]
