"""Tables of the pagers' clocks: by what the dues were moved, and where the clock of the pager that ran last stood."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class ClockStep(OfCentre, Base):
    """A step of the wall clock by which a pager moved the open dues; other pagers of that clock leave them where they are."""

    __tablename__ = "clock_steps"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    microseconds: Mapped[int]
    noted_by: Mapped[str] = mapped_column(sa.String(120))


class ClockAnchor(OfCentre, Base):
    """The wall clock of the pager that ran last, beside the time since its machine was started. One row: the latest."""

    __tablename__ = "clock_anchors"
    id: Mapped[int] = mapped_column(primary_key=True)
    boot: Mapped[str] = mapped_column(sa.String(64))
    """Which start of which machine."""
    at: Mapped[datetime]
    since_boot_microseconds: Mapped[int] = mapped_column(sa.BigInteger)
    noted_by: Mapped[str] = mapped_column(sa.String(120))


__all__ = ["ClockAnchor", "ClockStep"]
