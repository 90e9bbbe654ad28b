"""The audit: every change and every look at medical data, written in the transaction that it tells of, never changed.

Because the entry commits with the change itself, a process that dies leaves neither or both.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Session

from people.model import AuditEntry
from people.rights import Caller

SYSTEM = "system"
"""The actor of what nobody in particular did."""

MEDICAL_VIEWED = "medical.viewed"
ONE_LOOK = timedelta(minutes=10)
"""A page that loads again shows the same person the same card; within this time that is one look, not many."""


def write(  # noqa: PLR0913 an entry has that many facts
    session: Session,
    now: datetime,
    actor: Caller | str,
    action: str,
    *,
    subject: str | None = None,
    home_id: int | None = None,
    **details: JsonValue,
) -> None:
    """Add one entry, e.g. `home.created` by a person (or by a name, where there is no signed-in person)."""
    session.add(
        AuditEntry(
            at=now,
            user_id=actor.user_id if isinstance(actor, Caller) else None,
            actor=actor.name if isinstance(actor, Caller) else actor[:120],
            action=action,
            subject=None if subject is None else subject[:120],
            home_id=home_id,
            details=details or None,
        )
    )


def write_look(session: Session, now: datetime, caller: Caller, *, subject: str, home_id: int | None) -> None:
    """Add `medical.viewed`, unless the same person's look at the same subject of the same home was written within `ONE_LOOK`.

    The time runs from the entry that was written, so somebody who looks for an hour leaves one every ten minutes.
    """
    seen = sa.select(AuditEntry.id).where(
        AuditEntry.user_id == caller.user_id,
        AuditEntry.action == MEDICAL_VIEWED,
        AuditEntry.subject == subject[:120],
        AuditEntry.home_id == home_id,
        # Up to now: after the clock was set back, entries of the future say nothing about this moment.
        AuditEntry.at.between(now - ONE_LOOK, now),
    )
    if session.scalar(seen.limit(1)) is None:
        write(session, now, caller, MEDICAL_VIEWED, subject=subject, home_id=home_id)
