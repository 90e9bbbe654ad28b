"""Tables of who is on duty: rosters, leave, and days that are not what the calendar says."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class Roster(OfCentre, Base):
    """Who takes which shift, by rotation; asked at the moment a page is sent."""

    __tablename__ = "rosters"
    __table_args__ = (sa.UniqueConstraint("centre_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[str] = mapped_column(sa.String(120))
    spec: Mapped[dict[str, Any]]
    """Shifts and rotations as `people.duty.schemas` reads them."""
    updated_at: Mapped[datetime]
    updated_by: Mapped[str | None] = mapped_column(sa.String(120))


class Leave(OfCentre, Base):
    """A person is not there; a substitute may stand in."""

    __tablename__ = "leaves"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    substitute_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    reason: Mapped[str | None] = mapped_column(sa.String(200))


class Holiday(OfCentre, Base):
    """A day off, or (`working`) a weekend day that is worked in its place, as the calendar of the State Council has them."""

    __tablename__ = "holidays"
    __table_args__ = (sa.UniqueConstraint("centre_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date)
    name: Mapped[str] = mapped_column(sa.String(60))
    working: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
