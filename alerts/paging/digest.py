"""The quiet daily message to families who want it: how the day was, the last movement, the battery.

The row of a day and contact, and its page, are written in one transaction: at most one a day, whatever dies. What it
says is judged when it is sent (`alerts.paging.render`), not when it was planned: an alarm in between is never "normal".
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.home_today import home_today
from alerts.paging.model import Digest, Page
from alerts.paging.ports import Desk
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from core.config import Settings
from people.model import Contact, Home
from people.reach.numbers import can_take_text
from people.reach.store import points_of_contact

CAUSE = "digest"
WINDOW = timedelta(hours=2)
"""A pager that was away sends what it missed within this; later in the evening nobody is woken for good news."""
AT_ONCE = 50

_done: WeakKeyDictionary[Desk, date] = WeakKeyDictionary()
"""The day each desk has finished; only a memory that spares a query each second, the rows decide."""


def work(desk: Desk) -> int:
    """Write the messages of this day that are not written yet, a slice at a time; how many."""
    day = day_of_digest(desk.clock.now(), desk.settings)
    if day is None or _done.get(desk) == day:
        return 0
    with desk.database.snapshot() as session:
        contact_ids = waiting_contacts(session, day, AT_ONCE)
    for contact_id in contact_ids:
        _write_alone(desk, contact_id, day)
    if len(contact_ids) < AT_ONCE:
        _done[desk] = day
    return len(contact_ids)


def _write_alone(desk: Desk, contact_id: int, day: date) -> None:
    """One that fails is set aside for this day, and is no reason for the next to hear nothing."""
    try:
        desk.act(lambda session, now: _write(session, contact_id, day, now, desk.settings))
    except STORE_IS_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 quarantined
        with desk.database.transaction() as session:
            now = desk.clock.now()
            set_aside(session, Failed("digest", f"contacts:{contact_id}", error), now)
            session.add(Digest(contact_id=contact_id, day=day, verdict="unknown", created_at=now))


def day_of_digest(now: datetime, settings: Settings) -> date | None:
    """The day whose message is due now by the centre's clock, or None. Pure."""
    local = now.astimezone(ZoneInfo(settings.timezone))
    for day in (local.date(), local.date() - timedelta(days=1)):  # a window may reach past midnight
        hour, minute = (int(part) for part in settings.digest_at.split(":"))
        from_at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(settings.timezone))
        if timedelta(0) <= now - from_at < WINDOW:
            return day
    return None


def waiting_contacts(session: Session, day: date, limit: int) -> list[int]:
    """Contacts who want the message and have none of this day."""
    told = sa.select(Digest.contact_id).where(Digest.day == day)
    query = (
        sa.select(Contact.id)
        .join(Home, Home.id == Contact.home_id)
        .where(Contact.digest_consent_at.is_not(None), Contact.id.not_in(told), Home.is_probe.is_(False))
    )
    return list(session.scalars(query.order_by(Contact.id).limit(limit)))


def _write(session: Session, contact_id: int, day: date, now: datetime, settings: Settings) -> None:
    contact = session.get(Contact, contact_id, populate_existing=True, with_for_update=True)
    known = sa.select(Digest.id).where(Digest.contact_id == contact_id, Digest.day == day)
    if contact is None or contact.digest_consent_at is None or session.scalar(known) is not None:
        return
    today = home_today(session, contact.home_id, now)
    session.add(Digest(contact_id=contact.id, day=day, verdict=today.verdict, created_at=now))
    way = _way(session, contact, settings)
    if way is None:
        return
    channel, target, point_id, language = way
    session.add(
        Page(
            channel=channel,
            target=target,
            contact_point_id=point_id,
            person=f"contact:{contact.id}",
            person_name=contact.name,
            cause=CAUSE,
            details={"home_id": contact.home_id, "day": day.isoformat()},
            language=language or settings.language,
            critical=False,
            idempotency_key=f"digest:{contact.id}:{day.isoformat()}",
            state="pending",
            due_at=now,
            deadline_at=now + WINDOW,
        )
    )


def _way(session: Session, contact: Contact, settings: Settings) -> tuple[str, str, int | None, str | None] | None:
    """The first way that makes no noise; a call is never made for it."""
    points = points_of_contact(session, contact.id)
    for point in points:
        if point.broken_at is None and point.channel != "voice" and (point.channel != "sms" or settings.sms_provider != "none"):
            return point.channel, point.address, point.id, point.language
    if not points and settings.sms_provider != "none" and can_take_text(contact.phone):
        return "sms", contact.phone, None, None
    return None


__all__ = ["AT_ONCE", "CAUSE", "WINDOW", "day_of_digest", "waiting_contacts", "work"]
