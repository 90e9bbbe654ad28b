"""Writing pages into the outbox: one row for each person and way, in the transaction of what caused them.

The key of a page is made of incident, round, step, person and contact point, so that asking twice writes once. Critical
pages go as soon as they are written; others of one person wait at most a minute for each other and go as one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.escalation.people import Recipient
from alerts.escalation.ways import Way
from alerts.model import Incident, Severity
from alerts.paging.model import Page

NEXT_WAY = timedelta(seconds=20)
"""A person who did not answer over one way is paged over their next one after this."""
BUNDLE_WINDOW = timedelta(seconds=60)
"""A person gets at most one page that is not critical in this time over one way; what comes meanwhile is in the next."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What pages are for."""

    cause: str
    scope: str
    """The middle of the idempotency keys: the round and step, or what a family is told of."""
    deadline: timedelta
    step: int | None = None
    round: int | None = None
    details: dict[str, Any] | None = None
    critical: bool = True
    bundles: bool = False
    first_way_only: bool = False
    """News that asks for nothing comes over one way only."""


def write_pages(
    session: Session, incident: Incident, recipients: Sequence[Recipient], errand: Errand, now: datetime
) -> tuple[list[Recipient], int]:
    """Write the pages of an errand that are not yet there; who was reached for, and how many rows are new."""
    wanted: dict[str, tuple[Recipient, Way, datetime]] = {}
    for one in recipients:
        for place, way in enumerate(one.ways[:1] if errand.first_way_only else one.ways):
            wanted.setdefault(_key(incident, errand, one, way), (one, way, now + one.later + NEXT_WAY * place))
    if not wanted:
        return [], 0
    known = set(session.scalars(sa.select(Page.idempotency_key).where(Page.idempotency_key.in_(list(wanted)))))
    for key, (one, way, due_at) in wanted.items():
        if key not in known:
            session.add(_page(session, incident, errand, one, (way, key, due_at)))
    return [one for one in recipients if one.ways], len(wanted) - len(known)


def _page(session: Session, incident: Incident, errand: Errand, one: Recipient, what: tuple[Way, str, datetime]) -> Page:
    way, key, due_at = what
    bundle = None
    if errand.bundles and not errand.critical:
        bundle = f"{one.person or 'address'}:{way.channel}:{way.contact_point_id or _digest(way)}"
        due_at = max(due_at, _free_at(session, bundle, due_at))
    return Page(
        incident_id=incident.id,
        channel=way.channel,
        target=way.address,
        contact_point_id=way.contact_point_id,
        person=one.person,
        person_name=one.name,
        cause=errand.cause,
        details=errand.details,
        step=errand.step,
        round=errand.round,
        language=way.language,
        critical=errand.critical,
        bundle=bundle,
        idempotency_key=key,
        state="pending",
        due_at=due_at,
        deadline_at=due_at + errand.deadline,
    )


def _free_at(session: Session, bundle: str, now: datetime) -> datetime:
    """When the next page of a bundle may go: at once, or a window after the last one."""
    last = session.scalar(sa.select(sa.func.max(Page.sent_at)).where(Page.bundle == bundle, Page.sent_at > now - BUNDLE_WINDOW))
    return now if last is None else last + BUNDLE_WINDOW


def _key(incident: Incident, errand: Errand, one: Recipient, way: Way) -> str:
    where = str(way.contact_point_id) if way.contact_point_id is not None else _digest(way)
    return f"{incident.id}:{errand.scope}:{one.person or 'address'}:{where}"


def _digest(way: Way) -> str:
    return hashlib.sha256(f"{way.channel}|{way.address}".encode()).hexdigest()[:16]


def is_critical(incident: Incident) -> bool:
    """Whether its pages are never bundled and never wait."""
    return incident.severity == Severity.CRITICAL


__all__ = ["BUNDLE_WINDOW", "NEXT_WAY", "Errand", "is_critical", "write_pages"]
