"""The tables of what only one process may do at a time, and of what all processes must agree on."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class Lease:
    """Mixin: who has it, since when, and a count that says it is alive (`alerts.leases`)."""

    epoch: Mapped[int]
    owner: Mapped[str] = mapped_column(sa.String(120))
    taken_at: Mapped[datetime]
    renewed_at: Mapped[datetime | None]
    renewals: Mapped[int] = mapped_column(default=0, server_default="0")
    released: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    mark: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")


class PartitionLease(Lease, OfCentre, Base):
    """Who may write for the homes of a partition; the epoch is checked in every alarm transaction (invariant 13)."""

    __tablename__ = "partition_leases"
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class DutyLease(Lease, OfCentre, Base):
    """Who does what only one process of the centre may do."""

    __tablename__ = "duty_leases"
    duty: Mapped[str] = mapped_column(sa.String(40), primary_key=True)


class SharedFact(OfCentre, Base):
    """What every process of the centre must agree on: the number of partitions, and check values of shared secrets."""

    __tablename__ = "shared_facts"
    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(120))
    said_by: Mapped[str] = mapped_column(sa.String(120))
    said_at: Mapped[datetime]
