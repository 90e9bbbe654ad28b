"""The centre's figures: percentiles, not averages. The arithmetic is pure.

Drills, probes, tests and what is not for the operators are kept out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.audience import for_operators
from alerts.model import CloseReason, Incident, IncidentState, Severity
from api.schemas.overview import Answered, BusiestArea, HourCount, OpenCounts
from api.visibility import visible_incidents
from people.model import Area, Home
from people.rights import Caller

FIGURES_OVER = timedelta(hours=24)
CALLS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
"""Severities somebody has to answer; a low battery is a job for tomorrow and would flatter or spoil the figures."""
_HOUR = timedelta(hours=1)
_HOUR_MICROSECONDS = 3_600_000_000


def answer_figures(waits: Sequence[float | None], ages: Sequence[float]) -> Answered:
    """Figures from the seconds each call waited (None: still waiting) and its age in seconds, in the same order.

    A call that still waits counts against every limit it has outlived, and as its age in the percentiles.
    """
    known = sorted(age if wait is None else wait for wait, age in zip(waits, ages, strict=True))
    answered = [wait for wait in waits if wait is not None]
    return Answered(
        within_15=sum(wait <= 15 for wait in answered),  # noqa: PLR2004 NENA
        within_60=sum(wait <= 60 for wait in answered),  # noqa: PLR2004 TSA
        within_180=sum(wait <= 180 for wait in answered),  # noqa: PLR2004 TSA
        total=len(waits),
        median_seconds=percentile(known, 50),
        percentile_90_seconds=percentile(known, 90),
        percentile_99_seconds=percentile(known, 99),
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile of values in ascending order; None of none."""
    if not ordered:
        return None
    rank = -(-len(ordered) * percent // 100)
    return round(ordered[max(rank, 1) - 1], 3)


def _counted(caller: Caller) -> sa.ColumnElement[bool]:
    inside = visible_incidents(caller)
    test = sa.or_(Incident.test, sa.and_(Incident.reason.is_not(None), Incident.reason == CloseReason.TEST))
    return sa.and_(inside, for_operators(), Incident.drill.is_(False), Incident.probe.is_(False), sa.not_(test))


def _began_at() -> sa.ColumnElement[datetime]:
    """When it happened; never after `opened_at`, whose index bounds a range from below."""
    return sa.func.coalesce(Incident.happened_at, Incident.opened_at)


def answered(session: Session, caller: Caller, now: datetime, until: datetime) -> Answered:
    """How fast the calls of the 24 hours that end at `until` were first acknowledged, as it is known `now`."""
    query = sa.select(Incident.opened_at, Incident.acknowledged_at).where(
        _counted(caller),
        Incident.opened_at > until - FIGURES_OVER,
        Incident.opened_at <= until,
        Incident.severity.in_(CALLS),
        Incident.entered_afterwards.is_(False),
    )
    # Closed without an acknowledgement (ended by itself, merged): neither answered nor waiting, so not a call answered late.
    query = query.where(sa.or_(Incident.acknowledged_at.is_not(None), Incident.state != IncidentState.CLOSED))
    rows = session.execute(query).all()
    waits = [None if taken is None else (taken - opened).total_seconds() for opened, taken in rows]
    figures = answer_figures(waits, [(now - opened).total_seconds() for opened, _ in rows])
    return figures.model_copy(update=_happened(session, caller, until))


def _happened(session: Session, caller: Caller, until: datetime) -> dict[str, int]:
    """How many calls happened in those 24 hours, and how many of them have their times from paper: to the minute, and by hand.

    The latter are not in the figures. One that was entered on a later day is of the day it happened on.
    """
    of_paper = sa.func.count().filter(Incident.entered_afterwards)
    query = sa.select(sa.func.count(), of_paper).where(
        _counted(caller),
        Incident.opened_at > until - FIGURES_OVER,
        _began_at() > until - FIGURES_OVER,
        _began_at() <= until,
        Incident.severity.in_(CALLS),
    )
    alarms, entered = session.execute(query).one()
    return {"alarms": alarms, "entered_afterwards": entered}


def _open() -> sa.ColumnElement[bool]:
    practice = sa.or_(Incident.probe, Incident.drill, Incident.test)
    return sa.and_(Incident.state != IncidentState.CLOSED, sa.not_(practice), for_operators())


def open_counts(session: Session, caller: Caller) -> OpenCounts:
    """What is open, by severity; drills and tests are not in it."""
    inside = visible_incidents(caller)
    query = sa.select(Incident.severity, sa.func.count()).where(_open(), inside)
    counts = dict(session.execute(query.group_by(Incident.severity)).all())
    return OpenCounts(**{str(severity): counts.get(str(severity), 0) for severity in Severity})


def busiest_area(session: Session, caller: Caller) -> BusiestArea | None:
    """The area whose own homes have the most open incidents, the first by code of equals; None where nothing is open."""
    number = sa.func.count()
    query = (
        sa.select(Area.code, Area.name, number)
        .select_from(Incident)
        .join(Home, Home.id == Incident.home_id)
        .join(Area, Area.id == Home.area_id)
        .where(_open(), caller.scope.homes())
        .group_by(Area.id)
        .order_by(number.desc(), Area.code)
    )
    first = session.execute(query.limit(1)).first()
    return None if first is None else BusiestArea(code=first[0], name=first[1], open=first[2])


def alarm_curve(session: Session, caller: Caller, now: datetime) -> list[HourCount]:
    """Alarms of each of the last 24 hours, the present one last; what was entered afterwards in the hour it happened."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    first = this_hour - 23 * _HOUR
    hour = sa.cast(_began_at(), sa.BigInteger) // _HOUR_MICROSECONDS
    query = sa.select(hour, sa.func.count()).where(
        _counted(caller), Incident.opened_at >= first, _began_at() >= first, Incident.severity.in_(CALLS)
    )
    counts = dict(session.execute(query.group_by(hour)).all())
    hours = [first + index * _HOUR for index in range(24)]
    return [HourCount(hour_start=start, count=counts.get(int(start.timestamp()) // 3600, 0)) for start in hours]
