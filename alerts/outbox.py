"""The outbox of pages: claimed with a lease, sent, and recorded only after it was sent (invariants 5 and 6).

A pager killed between claim and record leaves a lease; when it is over the page is pending again, so a kill may send a
page twice and never not at all. Attempts go on, further and further apart, until the page's deadline. `sent` stops
nothing: the incident rings until a person takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import record_incident
from alerts.metrics import PAGES
from alerts.model import Incident, Severity
from alerts.paging.model import Page
from alerts.paging.texts import PageFacts, masked
from alerts.ports import NotSent, Sent
from alerts.ringing import is_ringing
from alerts.timeline import Act, tell
from people.model import Centre, Home, Resident

LEASE = timedelta(seconds=30)
"""Longer than the longest send (connect and read time-outs), shorter than anybody should wait for a second attempt."""

_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
_WAITING = ("pending", "claimed")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A page that is ours to send until its lease is over."""

    page_id: int
    attempt: int
    target: str
    idempotency_key: str
    facts: PageFacts


def due_pages(session: Session, now: datetime, limit: int) -> list[int]:
    """Pages to try now, longest due first; those whose lease is over among them."""
    query = sa.select(Page.id).where(Page.state.in_(_WAITING), Page.due_at <= now).order_by(Page.due_at, Page.id)
    return list(session.scalars(query.limit(limit)))


def claim_page(session: Session, page_id: int, now: datetime) -> Claimed | None:
    """Lease a page; None when it is no longer due, or no longer needed since a person took the incident."""
    page = session.get(Page, page_id, populate_existing=True, with_for_update={"skip_locked": True})
    if page is None or page.state not in _WAITING or page.due_at > now:
        return None
    incident = session.get_one(Incident, page.incident_id)
    if not is_ringing(incident) or incident.severity != Severity.CRITICAL:
        page.state = "given_up"
        page.error = "taken"
        PAGES.labels("not_needed").inc()
        return None
    if now >= page.deadline_at:
        _give_up(session, page, incident, now, page.error or "deadline")
        return None
    page.state = "claimed"
    page.attempts += 1
    page.lease_expires_at = page.due_at = now + LEASE
    return Claimed(page.id, page.attempts, page.target, page.idempotency_key, _facts(session, page, incident))


def _facts(session: Session, page: Page, incident: Incident) -> PageFacts:
    home = None if incident.home_id is None else session.get(Home, incident.home_id)
    names: tuple[str, ...] = ()
    if home is not None:
        of_home = sa.select(Resident.name).where(Resident.home_id == home.id).order_by(Resident.id)
        if incident.resident_id is not None:
            of_home = of_home.where(Resident.id == incident.resident_id)
        names = tuple(session.scalars(of_home))
    centre = session.get(Centre, incident.centre_id)
    return PageFacts(
        number=incident.number,
        kind=incident.kind,
        cause=page.cause,
        opened_at=incident.opened_at,
        centre="" if centre is None else centre.name,
        home=None if home is None else home.name,
        address=None if home is None else home.address,
        residents=names,
        drill=incident.drill,
    )


def record_page(session: Session, claimed: Claimed, result: Sent | NotSent, now: datetime) -> None:
    """Write down what came of an attempt. A success is believed even after the lease was over; a failure is not."""
    page = session.get(Page, claimed.page_id, populate_existing=True)
    if page is None or page.state not in _WAITING:
        return
    incident = session.get_one(Incident, page.incident_id)
    if isinstance(result, Sent):
        page.state = "sent"
        page.sent_at = now
        page.error = None
        page.lease_expires_at = None
        PAGES.labels("sent").inc()
        tell(session, incident, Act.PAGED, now, page=page.id, cause=page.cause, to=masked(page.target))
        record_incident(session, incident, now)
        return
    if page.attempts != claimed.attempt:
        return
    page.error = result.reason[:300]
    page.lease_expires_at = None
    next_at = now + pause_before(page.attempts + 1)
    if result.permanent or next_at >= page.deadline_at:
        _give_up(session, page, incident, now, result.reason, permanent=result.permanent)
        return
    page.state = "pending"
    page.due_at = next_at
    PAGES.labels("delayed").inc()
    if page.attempts == 1:
        tell(session, incident, Act.PAGE_DELAYED, now, page=page.id, to=masked(page.target), reason=result.reason)
        record_incident(session, incident, now)


def _give_up(  # noqa: PLR0913 the two rows, when, why and how
    session: Session, page: Page, incident: Incident, now: datetime, reason: str, *, permanent: bool = False
) -> None:
    page.state = "failed" if permanent else "given_up"
    page.error = reason[:300]
    page.lease_expires_at = None
    PAGES.labels(page.state).inc()
    tell(session, incident, Act.PAGE_FAILED, now, page=page.id, to=masked(page.target), reason=reason, permanent=permanent)
    record_incident(session, incident, now)


def pause_before(attempt: int) -> timedelta:
    """How long to wait before an attempt (the first is 1): doubling from two seconds to a minute."""
    return timedelta(seconds=min(_FIRST_PAUSE_SECONDS * 2 ** max(attempt - 2, 0), _LONGEST_PAUSE_SECONDS))


__all__ = ["LEASE", "Claimed", "claim_page", "due_pages", "pause_before", "record_page"]
