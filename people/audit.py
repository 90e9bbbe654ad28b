"""The audit: every change and every look at medical data, written in the transaction that it tells of, never changed.

Because the entry commits with the change itself, a process that dies leaves neither or both.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy.orm import Session

from people.model import AuditEntry
from people.rights import Caller

SYSTEM = "system"
"""The actor of what nobody in particular did."""


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
