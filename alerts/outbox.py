"""The outbox of pages: claimed with a lease, sent, and recorded only after it was sent (invariants 5 and 6).

A pager killed between claim and record leaves a lease; when it is over the page is pending again, so a kill may send a
page twice and never not at all. Attempts go on, further and further apart, until the page's deadline. `sent` stops
nothing: the incident rings until a person takes it. Pages of one bundle that are due together are sent as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import record_incident
from alerts.escalation.family import try_next_way
from alerts.escalation.policy import CAUSES
from alerts.escalation.rounds import is_ringing, read_policy
from alerts.escalation.steps import page_failed
from alerts.escalation.ways import usable_channels
from alerts.metrics import PAGES
from alerts.model import Incident
from alerts.paging.model import Page, PageAnswer
from alerts.paging.render import message_of
from alerts.paging.texts import masked
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.ports import Message, NotSent, Sent
from alerts.timeline import Act, tell
from core.config import Settings
from people.model import Home
from people.reach.model import ContactPoint

LEASE = timedelta(seconds=30)
"""Longer than the longest send (connect and read time-outs), shorter than anybody should wait for a second attempt."""

_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
_LONGEST_CRITICAL_PAUSE_SECONDS = 15.0
_WAITING = ("pending", "claimed")
_MOST_IN_A_BUNDLE = 500


@dataclass(frozen=True, slots=True)
class Due:
    """A page that wants to be sent, and over whom."""

    page_id: int
    provider: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A page that is ours to send until its lease is over."""

    page_id: int
    attempt: int
    channel: str
    provider: str
    message: Message


@lru_cache(maxsize=4096)
def provider_of(channel: str, target: str) -> str:
    """Who carries it: for plain web addresses their host, else the channel and the kind of address."""
    scheme, separator, rest = target.partition("://")
    if not separator:
        return channel
    host = rest.rpartition("@")[2].partition("/")[0].partition("?")[0] if channel != "apprise" or _is_web(scheme) else ""
    return f"{channel}:{scheme}://{host}"


def _is_web(scheme: str) -> bool:
    return scheme.rstrip("s") in {"json", "xml", "form", "http"}


def due_pages(session: Session, now: datetime, limit: int) -> list[Due]:
    """Pages to try now, critical ones first, then the longest due; those whose lease is over among them."""
    query = sa.select(Page.id, Page.channel, Page.target).where(Page.state.in_(_WAITING), Page.due_at <= now)
    rows = session.execute(query.order_by(Page.critical.desc(), Page.due_at, Page.id).limit(limit))
    return [Due(page_id, provider_of(channel, target)) for page_id, channel, target in rows]


def claim_pages(session: Session, page_ids: Sequence[int], now: datetime, settings: Settings) -> list[Claimed]:
    """Lease pages, in this order; the rows of all and what they are about are read at once."""
    query = sa.select(Page).where(Page.id.in_(page_ids)).with_for_update(skip_locked=True)
    pages = {page.id: page for page in session.scalars(query.execution_options(populate_existing=True))}
    of_pages = [page.incident_id for page in pages.values() if page.incident_id is not None]
    about = sa.select(Incident, Home).outerjoin(Home, Home.id == Incident.home_id).where(Incident.id.in_(of_pages))
    held = session.execute(about).all() if of_pages else []  # kept until the end: what is held is not read again
    claims = [_claim(session, pages[page_id], now, settings) for page_id in page_ids if page_id in pages]
    del held
    return [one for one in claims if one is not None]


def claim_page(session: Session, page_id: int, now: datetime, settings: Settings) -> Claimed | None:
    """Lease a page with its text; None when it is not due any more, or not needed since a person took the incident."""
    return next(iter(claim_pages(session, [page_id], now, settings)), None)


def _claim(session: Session, page: Page, now: datetime, settings: Settings) -> Claimed | None:
    if page.state not in _WAITING or page.due_at > now:
        return None
    bundle = [one for one in _bundle(session, page, now) if _is_wanted(session, one, now, settings)]
    if not bundle:
        return None
    leader = bundle[0]
    for one in bundle:
        one.state = "claimed"
        one.attempts += 1
        one.bundled_into_id = None if one is leader else leader.id
        one.lease_expires_at = one.due_at = now + LEASE
    session.flush()
    message = _message(session, leader, now, settings)
    return Claimed(leader.id, leader.attempts, leader.channel, provider_of(leader.channel, leader.target), message)


def _bundle(session: Session, page: Page, now: datetime) -> Sequence[Page]:
    """The page and those that wait with it; one that is not bundled is alone."""
    if page.bundle is None:
        return [page]
    query = sa.select(Page).where(Page.bundle == page.bundle, Page.state.in_(_WAITING), Page.due_at <= now)
    locked = query.order_by(Page.id).limit(_MOST_IN_A_BUNDLE).with_for_update(skip_locked=True)
    return session.scalars(locked.execution_options(populate_existing=True)).all()


def _is_wanted(session: Session, page: Page, now: datetime, settings: Settings) -> bool:
    """Give up what nobody needs any more, and what is too late."""
    incident = None if page.incident_id is None else session.get_one(Incident, page.incident_id)
    if incident is not None and not _is_needed(session, page, incident):
        page.state = "given_up"
        page.error = "taken"
        page.lease_expires_at = None
        PAGES.labels("not_needed").inc()
        return False
    if now >= page.deadline_at:
        _give_up(session, page, incident, now, settings, NotSent(page.error or "deadline"))
        return False
    return True


def _is_needed(session: Session, page: Page, incident: Incident) -> bool:
    """A page of a step while the incident asks for somebody and its person has not answered; other news always."""
    if page.cause not in CAUSES:
        return True
    if not is_ringing(incident) or (page.round is not None and not _is_covered(incident)):
        return False
    if page.person is None:
        return True
    answered = sa.select(PageAnswer.id).join(Page, Page.id == PageAnswer.page_id)
    of_person = answered.where(PageAnswer.incident_id == incident.id, PageAnswer.person == page.person, Page.round == page.round)
    return session.scalar(of_person.limit(1)) is None


def _is_covered(incident: Incident) -> bool:
    """Whether it is still bad enough for its policy; one that cannot be read is not the person's fault."""
    frozen = read_policy(incident)
    return bool(incident.policy) and (frozen is None or frozen.covers(incident.severity))


def _message(session: Session, page: Page, now: datetime, settings: Settings) -> Message:
    """Its text; where that fails, the least that can be said, because a page must not wait for a template."""
    try:
        with session.begin_nested():
            return message_of(session, page, now, settings)
    except STORE_IS_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 quarantined
        set_aside(session, Failed("pages.text", f"pages:{page.id}", error), now)
    incident = None if page.incident_id is None else session.get_one(Incident, page.incident_id)
    number = "" if incident is None else str(incident.number)
    title = f"警情 {number} 号，请登录处理" if settings.language == "zh-CN" else f"Incident {number}: sign in and act"
    return Message(page.target, title, title, page.idempotency_key, language=settings.language, critical=page.critical)


def record_page(session: Session, claimed: Claimed, result: Sent | NotSent, now: datetime, settings: Settings) -> None:
    """Write down what came of an attempt. A success is believed even after the lease was over; a failure is not."""
    leader = session.get(Page, claimed.page_id, populate_existing=True)
    if leader is None or leader.state not in _WAITING:
        return
    others: Sequence[Page] = ()
    if leader.bundle is not None:
        others = session.scalars(sa.select(Page).where(Page.bundled_into_id == leader.id, Page.state == "claimed")).all()
    if isinstance(result, Sent):
        for one in (leader, *others):
            _record_sent(session, one, result, now)
    elif leader.attempts == claimed.attempt:
        for one in (leader, *others):
            _record_failure(session, one, result, now, settings)


def _record_sent(session: Session, page: Page, result: Sent, now: datetime) -> None:
    page.state = "sent"
    page.sent_at = now
    page.error = None
    page.lease_expires_at = None
    page.provider_id = None if result.provider_id is None else result.provider_id[:120]
    PAGES.labels("sent").inc()
    incident = None if page.incident_id is None else session.get_one(Incident, page.incident_id)
    if incident is not None:
        tell(session, incident, Act.PAGED, now, page=page.id, cause=page.cause, **_to(page))
        record_incident(session, incident, now)


def _record_failure(session: Session, page: Page, result: NotSent, now: datetime, settings: Settings) -> None:
    incident = None if page.incident_id is None else session.get_one(Incident, page.incident_id)
    is_first = page.error is None  # not the first attempt: that one may have died before it could say so
    page.error = result.reason[:300]
    page.lease_expires_at = None
    next_at = _next_attempt_at(page, result, now)
    if result.permanent or next_at is None:
        _give_up(session, page, incident, now, settings, result)
        return
    page.state = "pending"
    page.bundled_into_id = None
    page.due_at = next_at
    PAGES.labels("delayed").inc()
    if is_first and incident is not None:
        tell(session, incident, Act.PAGE_DELAYED, now, page=page.id, reason=result.reason, **_to(page))
        record_incident(session, incident, now)


def _next_attempt_at(page: Page, result: NotSent, now: datetime) -> datetime | None:
    """After our own pause, or when the provider says, whichever is later, but before the deadline; None past it."""
    own = now + pause_before(page.attempts + 1, critical=page.critical)
    if own >= page.deadline_at:
        return None
    asked = now + timedelta(seconds=min(result.retry_after_seconds or 0.0, 86400.0))
    return max(own, min(asked, page.deadline_at - timedelta(seconds=1)))


def _give_up(  # noqa: PLR0913, PLR0917 the two rows, when, how and why
    session: Session, page: Page, incident: Incident | None, now: datetime, settings: Settings, result: NotSent
) -> None:
    """It will not arrive: say so, and bring forward whatever comes after it."""
    page.state = "failed" if result.permanent else "given_up"
    page.error = result.reason[:300]
    page.lease_expires_at = None
    PAGES.labels(page.state).inc()
    if result.broken and page.contact_point_id is not None and page.channel in usable_channels(settings):
        _mark_broken(session, page.contact_point_id, result.reason, now)
    if incident is None:
        return
    tell(session, incident, Act.PAGE_FAILED, now, page=page.id, reason=result.reason, permanent=result.permanent, **_to(page))
    session.flush()
    page_failed(session, page, incident, now)
    try_next_way(session, page, incident, now, settings)
    record_incident(session, incident, now)


def _mark_broken(session: Session, contact_point_id: int, reason: str, now: datetime) -> None:
    point = session.get(ContactPoint, contact_point_id)
    if point is not None and point.broken_at is None:
        point.broken_at = now
        point.broken_reason = reason[:300]


def _to(page: Page) -> dict[str, Any]:
    """Whom a page was for: a person by name, an address without its secrets."""
    return {"to": masked(page.target)} if page.person_name is None else {"to": page.person_name, "channel": page.channel}


def release_waiting(session: Session, provider: str, now: datetime) -> int:
    """A provider carries pages again: whatever waits for its next attempt over it goes now; how many."""
    channel, _, origin = provider.partition(":")
    waiting = sa.select(Page.id, Page.target).where(
        Page.state.in_(_WAITING), Page.state == "pending", Page.channel == channel, Page.attempts > 0, Page.due_at > now
    )
    ids = [page_id for page_id, target in session.execute(waiting) if not origin or provider_of(channel, target) == provider]
    if ids:
        session.execute(sa.update(Page).where(Page.id.in_(ids)).values(due_at=now).execution_options(synchronize_session=False))
    return len(ids)


def postpone_page(session: Session, page_id: int, now: datetime) -> None:
    """Try a page again when a lease would be over: what fails in our own code must not stand before the others."""
    later = sa.update(Page).where(Page.id == page_id, Page.state.in_(_WAITING)).values(due_at=now + LEASE)
    session.execute(later.execution_options(synchronize_session=False))


def pause_before(attempt: int, *, critical: bool = True) -> timedelta:
    """How long to wait before an attempt (the first is 1): doubling from two seconds to a quarter, or a whole, minute."""
    longest_seconds = _LONGEST_CRITICAL_PAUSE_SECONDS if critical else _LONGEST_PAUSE_SECONDS
    return timedelta(seconds=min(_FIRST_PAUSE_SECONDS * 2 ** min(max(attempt - 2, 0), 16), longest_seconds))


__all__ = [
    "LEASE",
    "Claimed",
    "Due",
    "claim_page",
    "claim_pages",
    "due_pages",
    "pause_before",
    "postpone_page",
    "provider_of",
    "record_page",
    "release_waiting",
]
