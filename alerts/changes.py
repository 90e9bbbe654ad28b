"""The commit-ordered sequence of changes that live streams and workers follow (invariant 14).

On SQLite there is one writer, so numbers are handed out in the order of commits. On PostgreSQL a sequence is not: a
transaction that writes changes first takes one advisory lock, held to its commit, which also orders incident numbers
and keeps two writers from deciding about one home at once. A process that dies inside leaves no number behind, and one
that stands still inside is put out, so that it holds up nobody for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Change, Incident

OPENED = "incident.opened"
CHANGED = "incident.changed"
DEVICE_CHANGED = "device.changed"

_ADVISORY_LOCK = 0x59494E4C  # "YINL": any number nobody else in the database uses
_PUT_OUT_AFTER = "4s"
_HELD = "alerts.order_held"
_INCIDENTS = "alerts.changed_incidents"


def hold_order(session: Session) -> None:
    """Take the place of this transaction among those that write alarms; call it before the first read that decides."""
    if session.info.get(_HELD):
        return
    if session.get_bind().dialect.name == "postgresql":
        put_out = sa.func.set_config("idle_in_transaction_session_timeout", _PUT_OUT_AFTER, sa.true())
        session.execute(sa.select(put_out, sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    session.info[_HELD] = True


def record_incident(session: Session, incident: Incident, now: datetime, *, opened: bool = False) -> None:
    """Note that an incident was opened or changed: its version grows; one row a transaction and incident."""
    hold_order(session)
    changes: dict[int, Change] = session.info.setdefault(_INCIDENTS, {})
    known = changes.get(incident.id)
    if known is not None and known in session:
        return
    if not opened:
        incident.version += 1
    change = Change(
        kind=OPENED if opened else CHANGED, at=now, home_id=incident.home_id, incident_id=incident.id, probe=incident.probe
    )
    session.add(change)
    changes[incident.id] = change


def record_device(session: Session, device_id: int, home_id: int, now: datetime) -> None:
    """Note that what pages show of a device changed."""
    hold_order(session)
    session.add(Change(kind=DEVICE_CHANGED, at=now, home_id=home_id, device_id=device_id))


def sequence_of(session: Session) -> int | None:
    """The highest place this transaction has taken with incidents, once flushed; None without any."""
    changes: dict[int, Change] = session.info.get(_INCIDENTS, {})
    return max((change.sequence for change in changes.values() if change in session), default=None)


def last_sequence(session: Session) -> int:
    """The last place taken by anyone; 0 before the first change."""
    return session.scalar(sa.select(sa.func.max(Change.sequence))) or 0


def first_sequence(session: Session) -> int:
    """The oldest change still kept; a stream that asks for one before it must start anew. 0 when there is none."""
    return session.scalar(sa.select(sa.func.min(Change.sequence))) or 0


def read_changes(session: Session, after_sequence: int, limit: int = 500) -> Sequence[Change]:
    """At most `limit` changes after a place, in order of commit."""
    query = sa.select(Change).where(Change.sequence > after_sequence).order_by(Change.sequence).limit(limit)
    return session.scalars(query).all()


__all__ = [
    "CHANGED",
    "DEVICE_CHANGED",
    "OPENED",
    "first_sequence",
    "hold_order",
    "last_sequence",
    "read_changes",
    "record_device",
    "record_incident",
    "sequence_of",
]
