"""Consent of contacts: what each agreed to, since when, and who took it; withdrawn as easily as given.

Separate per purpose and recipient (PIPL, Art. 28-29): being told of incidents in the same moment as the centre, and the
quiet daily "normal". Every change is in the audit of its home.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from people import audit
from people.model import Contact
from people.rights import Caller
from people.schemas import ContactChange, ContactCreate

FIELDS: Mapping[str, str] = {"alarm_consent": "alarm_consent_at", "digest_consent": "digest_consent_at"}
"""What is asked for, and the column that keeps since when."""


def asked(wanted: ContactCreate | ContactChange) -> dict[str, bool]:
    """What was said of consent; what was left out stays."""
    said = wanted.model_dump(include=set(FIELDS), exclude_unset=isinstance(wanted, ContactChange))
    return {field: bool(value) for field, value in said.items()}


def record(session: Session, contact: Contact, said: Mapping[str, bool], now: datetime, actor: Caller) -> None:
    """Give or withdraw; the same again keeps the moment it was given and who took it."""
    for field, given in said.items():
        column = FIELDS[field]
        if given == (getattr(contact, column) is not None):
            continue
        setattr(contact, column, now if given else None)
        if given:
            contact.consent_taken_by = actor.name
        action = "consent.given" if given else "consent.withdrawn"
        audit.write(session, now, actor, action, subject=f"contact:{contact.id}", home_id=contact.home_id, consent=field)
    if contact.alarm_consent_at is None and contact.digest_consent_at is None:
        contact.consent_taken_by = None


__all__ = ["FIELDS", "asked", "record"]
