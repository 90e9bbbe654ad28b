"""Tables of what arrived and was not understood, and of what the broker refused."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class UnknownTopic(OfCentre, Base):
    """Counts of one kind of thing seen and not understood on one topic."""

    __tablename__ = "unknown_topics"
    __table_args__ = (sa.UniqueConstraint("topic", "reason"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(sa.String(1000))
    reason: Mapped[str] = mapped_column(sa.String(60))
    """`unknown_home`, `unknown_device`, `unknown_channel`, `malformed`, `unknown_type`, `unknown_metric`,
    `unknown_property`, `codec_failed`."""
    detail: Mapped[str | None] = mapped_column(sa.String(300))
    count: Mapped[int] = mapped_column("seen_count", default=0)
    home_id: Mapped[int | None] = mapped_column(sa.ForeignKey("homes.id"))
    device_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)


class UnknownMessage(OfCentre, Base):
    """A raw message kept for decoding again later."""

    __tablename__ = "unknown_messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    unknown_topic_id: Mapped[int] = mapped_column(sa.ForeignKey("unknown_topics.id"), index=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    payload: Mapped[bytes] = mapped_column(sa.LargeBinary)


class BrokerRefusal(OfCentre, Base):
    """A connection or publication the broker refused, counted per client and reason."""

    __tablename__ = "broker_refusals"
    __table_args__ = (sa.UniqueConstraint("client", "reason"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.String(60))
    detail: Mapped[str | None] = mapped_column(sa.String(500))
    device_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"))
    count: Mapped[int] = mapped_column("refused_count", default=0)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
