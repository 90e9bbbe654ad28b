"""Setting a mode, and movement in a home that is said to be empty. Inside the caller's transaction.

A stay always has an end, which is a clock row from the start. What an end leads to is `alerts.mode_ends`' work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.modes.model import Mode, ModeKind
from alerts.modes.store import standing_modes
from alerts.modes.suppression import AWAY_MODES
from core.errors import InvalidInputError

LONGEST: Mapping[ModeKind, timedelta] = {
    ModeKind.AWAY: timedelta(days=90),
    ModeKind.HOSPITAL: timedelta(days=90),
    ModeKind.TEST: timedelta(hours=4),
    ModeKind.DRILL: timedelta(hours=4),
    ModeKind.OUT_OF_SERVICE: timedelta(days=30),
}
"""How long a stay may be at most: every mode has an end (ISA-18.2: suppression by design is always limited)."""

OF_DEVICES = frozenset({ModeKind.TEST, ModeKind.OUT_OF_SERVICE})

LEAVING = timedelta(hours=1)
"""Movement so soon after a stay began is people packing and going; it asks nothing."""

MOVEMENT = frozenset(
    {"motion.seen", "presence.on", "door.opened", "door.closed", "bed.entered", "bed.left", "sign_in.made", "stove.on"}
)
"""Signals that say that somebody is at home."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stay somebody asks for; the caller has checked that resident and device belong to the home."""

    home_id: int
    mode: ModeKind
    until_at: datetime
    reason: str | None = None
    resident_id: int | None = None
    device_id: int | None = None


def check_stay(wanted: Wanted, now: datetime) -> None:
    """InvalidInputError for a stay without an end in reach, or of the wrong thing."""
    longest = LONGEST[wanted.mode]
    if not now < wanted.until_at <= now + longest:
        raise InvalidInputError("mode_end_out_of_range", mode=str(wanted.mode), longest_hours=longest // timedelta(hours=1))
    if (wanted.device_id is not None) != (wanted.mode in OF_DEVICES):
        raise InvalidInputError("mode_needs_device" if wanted.mode in OF_DEVICES else "mode_takes_no_device", mode=str(wanted.mode))
    if wanted.resident_id is not None and wanted.mode not in AWAY_MODES:
        raise InvalidInputError("mode_takes_no_resident", mode=str(wanted.mode))


def write_stay(session: Session, wanted: Wanted, set_by_id: int | None, set_by: str, now: datetime) -> Mode:
    """Begin a stay, or give the one that stands for the same thing its new end and reason."""
    check_stay(wanted, now)
    mode = session.scalar(_standing_like(wanted, now).limit(1))
    if mode is None:
        mode = Mode(
            home_id=wanted.home_id,
            resident_id=wanted.resident_id,
            device_id=wanted.device_id,
            mode=wanted.mode,
            starts_at=now,
        )
        session.add(mode)
    mode.reason = wanted.reason
    mode.until_at = mode.end_due_at = wanted.until_at
    mode.set_by_id = set_by_id
    mode.set_by = set_by[:120]
    session.flush()
    return mode


def _standing_like(wanted: Wanted, now: datetime) -> sa.Select[Mode]:
    return sa.select(Mode).where(
        Mode.home_id == wanted.home_id,
        Mode.mode == wanted.mode,
        Mode.ended_at.is_(None),
        Mode.until_at > now,
        Mode.resident_id.is_(None) if wanted.resident_id is None else Mode.resident_id == wanted.resident_id,
        Mode.device_id.is_(None) if wanted.device_id is None else Mode.device_id == wanted.device_id,
    )


def movement_seen(session: Session, home_ids: Collection[int], now: datetime) -> bool:
    """Somebody moves at these homes; whether that is news of one said to be empty, so that a person is asked, once a stay.

    Cheap where no mode stands: one indexed query for all of them, and no write.
    """
    standing = standing_modes(session, home_ids, now)
    empty = [mode.id for modes in standing.values() for mode in modes if mode.empties_home]
    return bool(empty) and note_movement(session, empty, now)


def note_movement(session: Session, mode_ids: list[int], now: datetime) -> bool:
    """Write the first movement of these stays down, with the clock of its question; whether it was the first of any."""
    first = sa.update(Mode).where(Mode.id.in_(mode_ids), Mode.movement_seen_at.is_(None), Mode.starts_at <= now - LEAVING)
    written = session.execute(
        first.values(movement_seen_at=now, question_due_at=now).returning(Mode.id).execution_options(synchronize_session=False)
    )
    return bool(written.all())


__all__ = [
    "LEAVING",
    "LONGEST",
    "MOVEMENT",
    "OF_DEVICES",
    "Wanted",
    "check_stay",
    "movement_seen",
    "note_movement",
    "write_stay",
]
