"""Test pages: whether somebody is really reached over one way, and how fast they answer.

A test is a row with a due time: when to send, then when its window closes. Each step is one transaction, so a death in
between leaves the test where it was. Test pages are never critical and stand behind every alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.paging.model import Page, PageTest
from alerts.paging.ports import Desk
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from core.config import Settings
from people.model import Contact, User
from people.reach.model import ContactPoint

CAUSE = "test"
AT_ONCE = 50
"""Tests worked on in one look, so that a big round of them lets other work pass."""

_planned: WeakKeyDictionary[Desk, date] = WeakKeyDictionary()
"""The day up to which each desk has planned; only a memory that spares a query, the rows decide."""

_POISON_PAUSE = timedelta(minutes=10)


def work(desk: Desk) -> int:
    """Plan what is to be tested today, send what is due, close windows that are over; how many tests moved."""
    _plan(desk)
    with desk.database.snapshot() as session:
        due = (
            sa.select(PageTest.id).where(PageTest.due_at <= desk.clock.now()).order_by(PageTest.due_at, PageTest.id).limit(AT_ONCE)
        )
        test_ids = list(session.scalars(due))
    for test_id in test_ids:
        _step_alone(desk, test_id)
    return len(test_ids)


def _step_alone(desk: Desk, test_id: int) -> None:
    """One that fails is set aside and tried again later; it never stops the next."""
    try:
        desk.act(lambda session, now: _step(session, test_id, now, desk.settings))
    except STORE_IS_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 quarantined
        with desk.database.transaction() as session:
            now = desk.clock.now()
            set_aside(session, Failed("page_tests", f"page_tests:{test_id}", error), now)
            session.execute(sa.update(PageTest).where(PageTest.id == test_id).values(due_at=now + _POISON_PAUSE))


def schedule(session: Session, point: ContactPoint, at: datetime, settings: Settings, created_by: str | None) -> PageTest:
    """Plan a test of one contact point; one that already waits is moved, so that nobody gets two at once."""
    waiting = sa.select(PageTest).where(PageTest.contact_point_id == point.id, PageTest.state == "scheduled")
    test = session.scalar(waiting.limit(1))
    if test is None:
        test = PageTest(contact_point_id=point.id, state="scheduled", window_seconds=0)
        session.add(test)
    test.due_at = at
    test.window_seconds = settings.page_test_window_minutes * 60
    test.created_by = created_by
    session.flush()
    return test


def is_due_again(last_at: datetime | None, now: datetime, every_days: int) -> bool:
    """Whether a contact point is to be tested today. Pure."""
    return every_days > 0 and (last_at is None or now - last_at >= timedelta(days=every_days) - timedelta(hours=12))


def _plan(desk: Desk) -> None:
    settings, now = desk.settings, desk.clock.now()
    local = now.astimezone(ZoneInfo(settings.timezone))
    if settings.page_test_days == 0 or _planned.get(desk) == local.date() or local.strftime("%H:%M") < settings.page_test_at:
        return
    desk.act(lambda session, at: _plan_day(session, at, settings))
    _planned[desk] = local.date()


def _plan_day(session: Session, now: datetime, settings: Settings) -> int:
    """A test for each working contact point whose last one is long enough ago, of staff and of families who want alarms told."""
    last = sa.select(PageTest.contact_point_id, sa.func.max(sa.func.coalesce(PageTest.sent_at, PageTest.due_at)).label("at"))
    latest = last.group_by(PageTest.contact_point_id).subquery()
    is_staff = sa.and_(User.id.is_not(None), User.disabled_at.is_(None))
    query = (
        sa.select(ContactPoint, latest.c.at)
        .outerjoin(User, User.id == ContactPoint.user_id)
        .outerjoin(Contact, Contact.id == ContactPoint.contact_id)
        .outerjoin(latest, latest.c.contact_point_id == ContactPoint.id)
        .where(ContactPoint.broken_at.is_(None), sa.or_(is_staff, Contact.alarm_consent_at.is_not(None)))
    )
    count = 0
    for point, last_at in session.execute(query).all():
        if is_due_again(last_at, now, settings.page_test_days):
            schedule(session, point, now, settings, None)
            count += 1
    return count


def _step(session: Session, test_id: int, now: datetime, settings: Settings) -> None:
    test = session.get(PageTest, test_id, populate_existing=True, with_for_update=True)
    if test is None or test.due_at is None or test.due_at > now:
        return
    if test.state == "scheduled":
        _send(session, test, now, settings)
        return
    page = None if test.page_id is None else session.get(Page, test.page_id)
    test.due_at = None
    if test.state == "sent":
        test.state = "unanswered" if page is not None and page.state == "sent" else "failed"


def _send(session: Session, test: PageTest, now: datetime, settings: Settings) -> None:
    point = session.get_one(ContactPoint, test.contact_point_id)
    closes_at = now + timedelta(seconds=test.window_seconds)
    owner = session.get(User, point.user_id) if point.user_id is not None else session.get(Contact, point.contact_id)
    page = Page(
        channel=point.channel,
        target=point.address,
        contact_point_id=point.id,
        person=f"user:{point.user_id}" if point.user_id is not None else f"contact:{point.contact_id}",
        person_name=None if owner is None else owner.name,
        cause=CAUSE,
        details={"window_minutes": test.window_seconds // 60},
        language=point.language or settings.language,
        critical=False,
        idempotency_key=f"test:{test.id}",
        state="pending",
        due_at=now,
        deadline_at=closes_at,
    )
    session.add(page)
    session.flush()
    test.state = "sent"
    test.sent_at = now
    test.page_id = page.id
    test.due_at = closes_at


def latest_tests(session: Session, points: sa.ColumnElement[bool], limit: int) -> Sequence[sa.Row[PageTest, ContactPoint]]:
    """Tests of contact points that meet a condition, newest first."""
    query = sa.select(PageTest, ContactPoint).join(ContactPoint, ContactPoint.id == PageTest.contact_point_id).where(points)
    return session.execute(query.order_by(PageTest.id.desc()).limit(limit)).all()


__all__ = ["AT_ONCE", "CAUSE", "is_due_again", "latest_tests", "schedule", "work"]
