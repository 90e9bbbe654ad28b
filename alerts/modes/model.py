"""Tables of modes, and of everything that was found and not shown (invariant 3)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class ModeKind(StrEnum):
    """What a home, a resident or a device is in for a while."""

    AWAY = "away"
    """Nobody home: mutes inactivity only, asks when movement is seen."""
    HOSPITAL = "hospital"
    """As away, for a resident in hospital."""
    TEST = "test"
    """A device being tried: its incidents are marked; every other device rings as always."""
    DRILL = "drill"
    """What happens at the home is practice: the true path, marked, out of all figures."""
    OUT_OF_SERVICE = "out_of_service"
    """A device under repair: its faults are suppressed, its dangers to life are not."""


class SuppressedBecause(StrEnum):
    """Why something found was not shown: a closed set."""

    AWAY = "away"
    HOSPITAL = "hospital"
    OUT_OF_SERVICE = "out_of_service"
    MONITOR = "monitor"
    SHELVED = "shelved"
    OUTAGE = "outage"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


_STANDING = _where("ended_at IS NULL")


class Mode(OfCentre, Base):
    """One stay in a mode; it always has an end."""

    __tablename__ = "modes"
    __table_args__ = (
        sa.Index("ix_modes_home_id", "home_id", **_STANDING),
        sa.Index("ix_modes_end_due_at", "end_due_at", **_where("end_due_at IS NOT NULL")),
        sa.Index("ix_modes_question_due_at", "question_due_at", **_where("question_due_at IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"))
    resident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("residents.id"))
    device_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"))
    mode: Mapped[str] = mapped_column(sa.String(20))
    reason: Mapped[str | None] = mapped_column(sa.String(300))
    starts_at: Mapped[datetime]
    until_at: Mapped[datetime]
    """From here on it mutes nothing, whether or not its end was worked on yet."""
    end_due_at: Mapped[datetime | None]
    """The clock of its end; null once it has ended."""
    set_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    set_by: Mapped[str] = mapped_column(sa.String(120))
    movement_seen_at: Mapped[datetime | None]
    """The first movement seen while everybody was said to be away: somebody is asked about it."""
    question_due_at: Mapped[datetime | None]
    """The clock of that question; null before the movement and once it was asked."""
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(sa.String(120))
    """A person's name, or null when its time was over."""


class Suppressed(OfCentre, Base):
    """Something a rule found that no operator was shown, and why."""

    __tablename__ = "suppressed"
    __table_args__ = (
        sa.Index("ix_suppressed_home_id_at", "home_id", "at"),
        sa.Index("ix_suppressed_rule_at", "rule", "at"),
        sa.Index("ix_suppressed_lasting", "home_id", "rule", "subject", **_where("lasting AND ended_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    last_at: Mapped[datetime]
    count: Mapped[int] = mapped_column("found_count", default=1, server_default="1")
    """How often the same condition was found while it lasted."""
    because: Mapped[str] = mapped_column(sa.String(20))
    home_id: Mapped[int | None] = mapped_column(sa.ForeignKey("homes.id"))
    device_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"))
    resident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("residents.id"))
    rule: Mapped[str] = mapped_column(sa.String(60))
    rule_kind: Mapped[str] = mapped_column(sa.String(20))
    rule_version: Mapped[int] = mapped_column(default=0, server_default="0")
    subject: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(40))
    severity: Mapped[str] = mapped_column(sa.String(12))
    mode_id: Mapped[int | None] = mapped_column(sa.ForeignKey("modes.id"))
    signal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("signals.id"), index=True)
    alert_id: Mapped[int | None] = mapped_column(sa.ForeignKey("alerts.id"), index=True)
    """The alert that stands suppressed, out of service or shelved; null for what happened and was over at once."""
    lane: Mapped[str] = mapped_column(sa.String(80))
    """Where it would have stood, and does when its mode ends first."""
    lasting: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Whether it is so until it is found to be over."""
    ended_at: Mapped[datetime | None]
    """When the condition was found to be over, for one that lasts, or its suppression ended."""
    evidence: Mapped[dict[str, Any] | None]
