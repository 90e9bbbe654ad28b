"""The table of ways to reach a person of the staff or a contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class ContactPoint(OfCentre, Base):
    """One number, account or browser of one person."""

    __tablename__ = "contact_points"
    __table_args__ = (
        sa.CheckConstraint("(user_id IS NULL) <> (contact_id IS NULL)", name="one_person"),
        sa.UniqueConstraint("user_id", "channel", "address"),
        sa.UniqueConstraint("contact_id", "channel", "address"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(sa.String(20))
    """`sms`, `voice`, `apprise`, `web_push`, `webhook`."""
    address: Mapped[str] = mapped_column(sa.String(1000))
    """A telephone number, or an address of the channel."""
    details: Mapped[dict[str, Any] | None]
    """What the channel needs beside the address, such as a browser's keys."""
    label: Mapped[str | None] = mapped_column(sa.String(60))
    language: Mapped[str | None] = mapped_column(sa.String(8))
    order: Mapped[int] = mapped_column("use_order", default=1, server_default="1")
    broken_at: Mapped[datetime | None]
    """Since when the provider says that it can never work; it is not tried again until somebody changes it."""
    broken_reason: Mapped[str | None] = mapped_column(sa.String(300))
    created_at: Mapped[datetime]
