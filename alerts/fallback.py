"""Who is paged when the centre does not react: the addresses of `YINLING_FALLBACK_URLS`.

The pages are rows of the outbox, written in the transaction of what caused them; sending is `alerts.outbox`. A page has
an idempotency key made of incident, cause, ring and address: asking twice writes once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Incident, TimelineEntry
from alerts.paging.model import Page
from alerts.timeline import Act, tell
from core.config import Settings

NOT_ACKNOWLEDGED = "not_acknowledged"
NOBODY_WATCHING = "nobody_watching"


def request_pages(session: Session, incident: Incident, cause: str, now: datetime, settings: Settings) -> int:
    """Write a page to every fallback address; how many were new. Without an address, say so once on the timeline."""
    if not settings.fallback_urls:
        _tell_nobody(session, incident, cause, now)
        return 0
    keys = {idempotency_key(incident, cause, target): target for target in settings.fallback_urls}
    known = set(session.scalars(sa.select(Page.idempotency_key).where(Page.idempotency_key.in_(list(keys)))))
    for key, target in keys.items():
        if key not in known:
            session.add(
                Page(
                    incident_id=incident.id,
                    channel="apprise",
                    target=target,
                    cause=cause,
                    idempotency_key=key,
                    state="pending",
                    due_at=now,
                    deadline_at=now + timedelta(seconds=settings.fallback_deadline_seconds),
                )
            )
    return len(keys) - len(known)


def idempotency_key(incident: Incident, cause: str, target: str) -> str:
    """One page a ring, cause and address."""
    return f"{incident.id}:{cause}:{incident.ring_count}:{hashlib.sha256(target.encode()).hexdigest()[:16]}"


def _tell_nobody(session: Session, incident: Incident, cause: str, now: datetime) -> None:
    if sa.inspect(incident).session is session and incident.version == 1 and incident.opened_at == now:
        tell(session, incident, Act.NOBODY_TO_PAGE, now, cause=cause)  # just opened: nothing was told before
        return
    told = sa.select(TimelineEntry.id).where(TimelineEntry.incident_id == incident.id, TimelineEntry.act == Act.NOBODY_TO_PAGE)
    if session.scalar(told.limit(1)) is None:
        tell(session, incident, Act.NOBODY_TO_PAGE, now, cause=cause)


__all__ = ["NOBODY_WATCHING", "NOT_ACKNOWLEDGED", "idempotency_key", "request_pages"]
