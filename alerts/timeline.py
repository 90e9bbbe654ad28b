"""The story of an incident, line by line: append-only, each line written in the transaction of what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from alerts.model import Incident, TimelineEntry
from alerts.trail import ids_of, log_when_committed


class Act(StrEnum):
    """Everything a timeline can say."""

    OPENED = "opened"
    ALERT_JOINED = "alert_joined"
    ALERT_REPEATED = "alert_repeated"
    ALERT_RAISED = "alert_raised"
    ALERT_RETURNED = "alert_returned"
    ALERT_UNWATCHED = "alert_unwatched"
    """Nobody can tell any more whether it is still so: its device was taken out of use, or its rule changed."""
    SIGNAL_NOTED = "signal_noted"
    FALL_CANCELLED = "fall_cancelled"
    FALL_CONFIRMED = "fall_confirmed"
    ACKNOWLEDGED = "acknowledged"
    RELEASED = "released"
    CLAIM_EXPIRED = "claim_expired"
    DISPATCHED = "dispatched"
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    NOTED = "noted"
    MERGED = "merged"
    SPLIT = "split"
    RANG_AGAIN = "rang_again"
    ANSWER_OVERDUE = "answer_overdue"
    SHELF_ENDED = "shelf_ended"
    PAGED = "paged"
    PAGE_DELAYED = "page_delayed"
    PAGE_FAILED = "page_failed"
    NOBODY_TO_PAGE = "nobody_to_page"
    OPENED_PLAINLY = "opened_plainly"
    ESCALATED = "escalated"
    """A step of the policy began: who is told, and over what."""
    NOBODY_ON_DUTY = "nobody_on_duty"
    POLICY_ENDED = "policy_ended"
    """Every step was taken and still nobody came; it rings on."""
    FAMILY_TOLD = "family_told"
    PAGE_DELIVERED = "page_delivered"
    PAGE_ANSWERED = "page_answered"
    """A paged person answered: `answer` is `accepted` or `declined`."""
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    OUTAGE_GREW = "outage_grew"
    OUTAGE_RESTORED = "outage_restored"
    MODE_SET = "mode_set"
    """A mode mutes some of its alerts from now on, and until when."""
    MODE_ENDED = "mode_ended"
    REPAIRED = "repaired"
    """The auditor found a missing clock or page, and set it right."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a user's id and name."""

    id: int
    name: str


def tell(  # noqa: PLR0913 who, what and both times
    session: Session,
    incident: Incident,
    act: Act,
    now: datetime,
    *,
    actor: Actor | None = None,
    done_at: datetime | None = None,
    **details: Any,
) -> TimelineEntry:
    """Add one line to an incident's story; `actor` None means the system did it. The incident must have its id.

    `done_at` is when it was done where it is entered afterwards; `now` and `actor` then say when and by whom it was entered.
    """
    entry = TimelineEntry(
        incident_id=incident.id,
        at=now,
        done_at=done_at,
        act=act,
        actor_id=None if actor is None else actor.id,
        actor=None if actor is None else actor.name,
        details=details or None,
    )
    session.add(entry)
    log_when_committed(session, "incident_told", lambda: _logged(entry, incident))
    return entry


def _logged(entry: TimelineEntry, incident: Incident) -> dict[str, Any]:
    who = {} if entry.actor_id is None else {"user": entry.actor_id}
    return {"incident": entry.incident_id, "number": incident.number, "act": str(entry.act), **who, **ids_of(entry.details)}


__all__ = ["Act", "Actor", "tell"]
