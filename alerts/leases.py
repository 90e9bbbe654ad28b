"""Who may write for the homes of a partition (invariant 13).

A worker takes the lease at its start, which raises the epoch, and every alarm transaction checks the epoch it was
given. A worker that stalled, was replaced and wakes up finds a higher epoch and commits nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import PartitionLease
from core.errors import YinlingError


class LeaseLostError(YinlingError):
    """Another worker took this partition; the process must end and be started anew."""

    status: ClassVar[int] = 503
    code = "lease_lost"


def take_lease(session: Session, partition: int, owner: str, now: datetime) -> int:
    """Become the writer of a partition; the new epoch. Whoever had it before loses it with this commit."""
    # No place in the order of alarms: whoever writes there holds its lease first, and two orders would lock each other out.
    lease = session.get(PartitionLease, partition, with_for_update=True)
    if lease is None:
        lease = PartitionLease(partition=partition, epoch=0, owner=owner, taken_at=now)
        session.add(lease)
    lease.epoch += 1
    lease.owner = owner
    lease.taken_at = now
    session.flush()
    return lease.epoch


def check_epoch(session: Session, partition: int, epoch: int) -> None:
    """Raise `LeaseLostError` unless `epoch` is still the partition's; holds the lease against takers until commit."""
    query = sa.select(PartitionLease.epoch, PartitionLease.owner).where(PartitionLease.partition == partition)
    row = session.execute(query.with_for_update(read=True)).one_or_none()
    if row is None or row.epoch != epoch:
        raise LeaseLostError(partition=partition, epoch=epoch, now_owned_by=None if row is None else row.owner)


__all__ = ["LeaseLostError", "check_epoch", "take_lease"]
