"""Who may write for the homes of a partition, and who does what only one process may do (invariant 13).

A worker that takes a lease raises its epoch, and every transaction of it checks the epoch it was given. A worker that
stalled, was replaced and wakes up finds a higher epoch and commits nothing. A holder counts its renewals up each second;
whoever waits for the lease takes it when the count has stood still for `LAPSE_SECONDS` by its own monotonic clock, so no
two machines' clocks are ever compared. A holder that dies is replaced; one that ends in order gives the lease back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.lease_model import DutyLease, PartitionLease
from core.errors import YinlingError
from core.machine import is_certainly_gone

RENEW_SECONDS = 1.0
LAPSE_SECONDS = 5.0
"""A count that stands still for this long belongs to a worker that is gone, or as good as gone."""
LOOK_SECONDS = 0.5
_BLIND_SECONDS = 2.0
"""Whoever has not looked for this long knows nothing about a standstill: perhaps the store was away, for the holder too."""
_STALLED_IN_A_TRANSACTION = "4s"
"""One that stands still with a transaction open holds a lock on its lease: it is put out, or nobody could take over."""


class LeaseLostError(YinlingError):
    """Another worker took this partition; the process must end and be started anew."""

    status: ClassVar[int] = 503
    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Duty:
    """What is leased: a partition of homes, or something only one process of the centre does."""

    name: str
    partition: int | None = None

    @property
    def table(self) -> type[PartitionLease | DutyLease]:
        """Where its lease is kept."""
        return DutyLease if self.partition is None else PartitionLease

    @property
    def key(self) -> sa.ColumnElement[bool]:
        """Its row."""
        return DutyLease.duty == self.name if self.partition is None else PartitionLease.partition == self.partition


def duty_of(partition: int) -> Duty:
    """The duty of a partition's worker."""
    return Duty(f"partition {partition}", partition)


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who wants a lease: a name for people, and the mark of its process (`core.machine`), empty where it is not to be judged."""

    owner: str
    mark: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A lease at one look."""

    epoch: int
    owner: str
    mark: str
    renewals: int
    released: bool


def look(session: Session, duty: Duty) -> Seen | None:
    """The lease as it stands; None when nobody ever had it."""
    table = duty.table
    row = session.execute(
        sa.select(table.epoch, table.owner, table.mark, table.renewals, table.released).where(duty.key)
    ).one_or_none()
    return None if row is None else Seen(row.epoch, row.owner, row.mark, row.renewals, row.released)


class Watcher:
    """Says whether a lease may be taken, from looks at it; the state of one waiter, of one lease. Touches no store."""

    def __init__(self) -> None:
        self._seen: Seen | None = None
        self._since_seconds = 0.0
        self._looked_seconds = float("-inf")

    def is_free(self, seen: Seen | None, now_seconds: float) -> bool:
        """Whether it is nobody's now; to be asked at least every `LOOK_SECONDS`."""
        blind = now_seconds - self._looked_seconds > _BLIND_SECONDS
        self._looked_seconds = now_seconds
        if seen is None or seen.released or is_certainly_gone(seen.mark):
            return True
        if blind or seen != self._seen:
            self._seen, self._since_seconds = seen, now_seconds
            return False
        return now_seconds - self._since_seconds >= LAPSE_SECONDS


def take(session: Session, duty: Duty, claimant: Claimant, now: datetime, *, seen: Seen | None) -> int | None:
    """Become the holder if the lease still stands as it was seen: the new epoch, or None.

    Whoever had it loses it with this commit.
    """
    # No place in the order of alarms: whoever writes there holds its lease first, and two orders would lock each other out.
    table = duty.table
    lease: PartitionLease | DutyLease | None
    lease = session.scalars(sa.select(table).where(duty.key).with_for_update()).one_or_none()  # type: ignore[assignment]
    if lease is None:
        lease = _first(session, duty, claimant, now) if seen is None else None
    elif seen is None or (lease.epoch, lease.renewals) != (seen.epoch, seen.renewals):
        lease = None
    if lease is None:
        return None
    lease.epoch += 1
    lease.renewals = 0
    lease.released = False
    lease.owner, lease.mark = claimant.owner, claimant.mark
    lease.taken_at = lease.renewed_at = now
    session.flush()
    return lease.epoch


def _first(session: Session, duty: Duty, claimant: Claimant, now: datetime) -> PartitionLease | DutyLease | None:
    """The row of a lease nobody ever had; None when somebody else makes it at this very moment."""
    lease = DutyLease(duty=duty.name) if duty.partition is None else PartitionLease(partition=duty.partition)
    lease.epoch, lease.owner, lease.taken_at = 0, claimant.owner, now
    try:
        with session.begin_nested():
            session.add(lease)
    except sa.exc.IntegrityError:
        return None
    return lease


def take_lease(session: Session, partition: int, owner: str, now: datetime) -> int:
    """Become the writer of a partition, whoever has it; the new epoch."""
    duty = duty_of(partition)
    epoch = take(session, duty, Claimant(owner, ""), now, seen=look(session, duty))
    if epoch is None:
        raise LeaseLostError(partition=partition, epoch=None, now_owned_by=None)
    return epoch


def renew(session: Session, duty: Duty, epoch: int, now: datetime) -> None:
    """Count up; raises `LeaseLostError` when the lease is another's."""
    table = duty.table
    mine = sa.update(table).where(duty.key, table.epoch == epoch).values(renewals=table.renewals + 1, renewed_at=now)
    if session.execute(mine.returning(table.epoch)).first() is None:
        raise _lost(session, duty, epoch)


def release(session: Session, duty: Duty, epoch: int) -> None:
    """Give it back, so that nobody has to wait; does nothing to another's."""
    table = duty.table
    session.execute(sa.update(table).where(duty.key, table.epoch == epoch).values(released=True))


def check_epoch(session: Session, partition: int, epoch: int) -> None:
    """Raise `LeaseLostError` unless `epoch` is still the partition's; holds the lease against takers until commit."""
    check(session, duty_of(partition), epoch)


def check(session: Session, duty: Duty, epoch: int) -> None:
    """Raise `LeaseLostError` unless `epoch` is still the lease's; holds it against takers, not against renewals, until commit."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.set_config("idle_in_transaction_session_timeout", _STALLED_IN_A_TRANSACTION, sa.true())))
    query = sa.select(duty.table.epoch).where(duty.key).with_for_update(read=True, key_share=True)
    if session.execute(query).scalar_one_or_none() != epoch:
        raise _lost(session, duty, epoch)


def _lost(session: Session, duty: Duty, epoch: int) -> LeaseLostError:
    seen = look(session, duty)
    return LeaseLostError(partition=duty.partition, duty=duty.name, epoch=epoch, now_owned_by=None if seen is None else seen.owner)


__all__ = [
    "LAPSE_SECONDS",
    "LOOK_SECONDS",
    "RENEW_SECONDS",
    "Claimant",
    "Duty",
    "LeaseLostError",
    "Seen",
    "Watcher",
    "check",
    "check_epoch",
    "duty_of",
    "look",
    "release",
    "renew",
    "take",
    "take_lease",
]
