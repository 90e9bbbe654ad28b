"""Tables of devices.

A device's last-seen is written in batches every few seconds by the worker of its home; its silence timer is the
indexed column `silence_due_at`, which readings never write: when it is due the worker compares with the last-seen it
knows and either raises the alert or sets the next due time (invariant 4).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class DeviceState(StrEnum):
    """Where a device stands in its life. An alarm rings in every one of them, marked unless `live`."""

    REGISTERED = "registered"
    LIVE = "live"
    RETIRED = "retired"


class Device(OfCentre, Base):
    """A thing at a home that speaks. `code` is its topic name; a gateway's child has `parent_id` and no secret."""

    __tablename__ = "devices"
    __table_args__ = (
        sa.UniqueConstraint("centre_id", "code"),
        sa.UniqueConstraint("client_id"),
        sa.UniqueConstraint("parent_id", "address"),
        sa.Index(
            "uq_devices_serial_in_use",
            "centre_id",
            "serial",
            unique=True,
            sqlite_where=sa.text("serial IS NOT NULL AND state <> 'retired'"),
            postgresql_where=sa.text("serial IS NOT NULL AND state <> 'retired'"),
        ),
        sa.Index(
            "ix_devices_offline_at",
            "offline_at",
            sqlite_where=sa.text("offline_at IS NOT NULL"),
            postgresql_where=sa.text("offline_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_devices_silence_due_at",
            "silence_due_at",
            sqlite_where=sa.text("silence_due_at IS NOT NULL"),
            postgresql_where=sa.text("silence_due_at IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64))
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"), index=True)
    resident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("residents.id"))
    """Set for what one resident wears."""
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"), index=True)
    address: Mapped[str | None] = mapped_column(sa.String(200))
    """How the gateway calls this child: its lasting address (Zigbee IEEE address), or its topic name until known."""
    alias: Mapped[str | None] = mapped_column(sa.String(200))
    """The name the gateway's topics use for this child today; it changes when somebody renames it there."""
    name: Mapped[str] = mapped_column(sa.String(200))
    room: Mapped[str | None] = mapped_column(sa.String(60))
    profile: Mapped[str] = mapped_column(sa.String(60))
    serial: Mapped[str | None] = mapped_column(sa.String(120))
    model: Mapped[str | None] = mapped_column(sa.String(200))
    secret_hash: Mapped[str | None] = mapped_column(sa.String(64))
    certificate_hash: Mapped[str | None] = mapped_column(sa.String(64))
    """SHA-256 of the certificate it signs in with, where it has one instead of a secret."""
    certificate_ends_at: Mapped[datetime | None]
    client_id: Mapped[str | None] = mapped_column(sa.String(128))
    state: Mapped[str] = mapped_column(sa.String(20), default=DeviceState.REGISTERED, server_default="registered")
    live_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None]
    online: Mapped[bool | None]
    offline_at: Mapped[datetime | None]
    """Since when it is said to be offline; null while it is not."""
    battery: Mapped[float | None]
    rssi: Mapped[float | None]
    firmware: Mapped[str | None] = mapped_column(sa.String(60))
    last_values: Mapped[dict[str, Any] | None]
    """`{metric: {"value": x, "at": epoch ms}}`: the latest of each, for pages; the series is in the time-series store."""
    refused_at: Mapped[datetime | None]
    refused_reason: Mapped[str | None] = mapped_column(sa.String(60))
    """The last time the broker refused it, and why: wrong_secret, wrong_certificate, wrong_client_id, foreign_topic, thrown_out."""
    silence_due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
