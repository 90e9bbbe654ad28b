"""Delivery receipts of providers: they come late, twice and out of order, and never move a page backwards.

A receipt stops nothing and answers nothing: that a telephone rang is not a person's act (invariant 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import hold_order, record_incident
from alerts.model import Incident
from alerts.paging.model import Page
from alerts.timeline import Act, tell
from people.reach.model import ContactPoint

RANKS: Mapping[str | None, int] = {None: 0, "undelivered": 1, "delivered": 2, "read": 3}
"""What is known, from least to most: a message that was called undeliverable and arrives after all has arrived."""


def later(known: str | None, told: str) -> str | None:
    """What is known after a receipt; the same whatever order receipts come in. Unknown words change nothing. Pure."""
    return told if RANKS.get(told, 0) > RANKS.get(known, 0) else known


def delivered(  # noqa: PLR0913 what a receipt says
    session: Session, channel: str, provider_id: str, status: str, now: datetime, *, own_key: str | None = None, never: bool = False
) -> Page | None:
    """Note a receipt by the provider's id, or by `own_key`, our idempotency key; the page when this was news, else None.

    `never` says that the provider called the number one that can never work: its contact point is marked broken.
    """
    hold_order(session)
    page = find_page(session, channel, provider_id, own_key)
    if page is None or later(page.delivery, status) == page.delivery:
        return None
    page.delivery = status
    page.delivery_at = now
    if never and page.contact_point_id is not None:
        _mark_broken(session, page.contact_point_id, now)
    if page.incident_id is not None:
        incident = session.get_one(Incident, page.incident_id)
        tell(session, incident, Act.PAGE_DELIVERED, now, page=page.id, status=status, channel=channel, to=page.person_name)
        record_incident(session, incident, now)
    return page


def find_page(session: Session, channel: str, provider_id: str, own_key: str | None = None) -> Page | None:
    """The page a provider speaks of: the latest, where a provider counts anew. By our own key when its id is not stored yet."""
    if not provider_id:
        return None
    query = sa.select(Page).where(Page.channel == channel, Page.provider_id == provider_id).order_by(Page.id.desc()).limit(1)
    found = session.scalar(query.with_for_update())
    if found is not None:
        return found
    own = sa.select(Page).where(Page.channel == channel, Page.idempotency_key == (own_key or provider_id))
    return session.scalar(own.with_for_update())


def _mark_broken(session: Session, contact_point_id: int, now: datetime) -> None:
    point = session.get(ContactPoint, contact_point_id)
    if point is not None and point.broken_at is None:
        point.broken_at = now
        point.broken_reason = "the provider says this number can never work"


__all__ = ["RANKS", "delivered", "find_page", "later"]
