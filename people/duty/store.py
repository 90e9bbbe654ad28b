"""Queries about rosters, leave and holidays, and the calendar that `people.duty.on_duty` reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from core.errors import NotFoundError
from people.duty.model import Holiday, Leave, Roster
from people.duty.on_duty import Away, Calendar
from people.model import User


def all_rosters(session: Session) -> Sequence[Roster]:
    """Every roster, by code."""
    return session.scalars(sa.select(Roster).order_by(Roster.code)).all()


def find_roster(session: Session, code: str) -> Roster:
    """The roster, or NotFoundError `roster_not_found`."""
    roster = roster_by_code(session, code)
    if roster is None:
        raise NotFoundError("roster_not_found", roster=code)
    return roster


def roster_by_code(session: Session, code: str) -> Roster | None:
    """The roster, or None."""
    return session.scalar(sa.select(Roster).where(Roster.code == code))


def leaves_after(session: Session, since_at: datetime) -> Sequence[Leave]:
    """Leave that ends after an instant, earliest first."""
    return session.scalars(sa.select(Leave).where(Leave.ends_at > since_at).order_by(Leave.starts_at, Leave.id)).all()


def holidays_between(session: Session, first: date, last: date) -> Sequence[Holiday]:
    """Holidays and worked weekend days of a period, both ends included."""
    return session.scalars(sa.select(Holiday).where(Holiday.day.between(first, last)).order_by(Holiday.day)).all()


def calendar_of(session: Session, since_at: datetime, until_at: datetime, timezone: str) -> Calendar:
    """What the rosters of a period depend on."""
    zone = ZoneInfo(timezone)
    first = since_at.astimezone(zone).date() - timedelta(days=1)
    last = until_at.astimezone(zone).date() + timedelta(days=1)
    substitute = aliased(User)
    leave = (
        sa.select(User.username, Leave.starts_at, Leave.ends_at, substitute.username)
        .join(User, User.id == Leave.user_id)
        .outerjoin(substitute, substitute.id == Leave.substitute_id)
        .where(Leave.ends_at > since_at - timedelta(days=1), Leave.starts_at < until_at + timedelta(days=1))
        .order_by(Leave.id)
    )
    away = tuple(Away(username, starts_at, ends_at, other) for username, starts_at, ends_at, other in session.execute(leave))
    return Calendar(zone, {one.day: one.working for one in holidays_between(session, first, last)}, away)


def users_by_name(session: Session, usernames: Sequence[str]) -> dict[str, User]:
    """The people of these names who can sign in."""
    if not usernames:
        return {}
    query = sa.select(User).where(User.username.in_(usernames), User.disabled_at.is_(None))
    return {user.username: user for user in session.scalars(query)}


__all__ = [
    "all_rosters",
    "calendar_of",
    "find_roster",
    "holidays_between",
    "leaves_after",
    "roster_by_code",
    "users_by_name",
]
