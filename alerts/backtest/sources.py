"""The stored time of one home as a stream: its signals in the order they arrived, its readings between them.

Signals come by the time they were received, as live saw them; readings by the time they were measured, since nothing else
is kept of them. What arrived at the same instant comes as live works it off: a message's signals, then its readings. Read
in slices, each in a look of its own, so that neither days nor months lie in memory and writers pass in between.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from alerts.findings import EventKey
from alerts.model import Disposition, SignalRecord
from core.database import Database
from devices.vocabulary import CONDITIONS
from timeseries.ports import ReadingStore, StoredReading

_SLICE = 500

_BEGINS: Mapping[str, str] = {**{begins: begins for begins in CONDITIONS}, **{ends: begins for begins, ends in CONDITIONS.items()}}
"""Both ends of a lasting state, by the signal that begins it."""

NOT_TAKEN = frozenset({Disposition.STALE_RETAINED, Disposition.SUPERSEDED, Disposition.DUPLICATE})
"""Signals that changed nothing when they came: old news, or overtaken by what came before them."""


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A stored signal, as the rules read one."""

    device_id: int
    type: str
    event_key: str
    device_at: datetime | None
    received_at: datetime
    data: Mapping[str, Any]
    retained: bool
    redelivered: bool
    has_own_id: bool
    disposition: str

    @property
    def was_taken(self) -> bool:
        """Whether live took any notice of it."""
        return self.disposition not in NOT_TAKEN

    def is_of(self, event: EventKey) -> bool:
        """Whether a finding's event is this signal."""
        return event.device_id == self.device_id and event.event_key == self.event_key and event.type == self.type


class Reports:
    """Which stored reports of a state were news when they came: those that differ from the one before."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, str], str] = {}

    def is_news(self, signal: StoredSignal) -> bool:
        """Whether a signal said anything that the last one of its state did not; remembers it."""
        begins = _BEGINS.get(signal.type)
        if begins is None:
            return True
        before = self._last.get((signal.device_id, begins))
        self._last[signal.device_id, begins] = signal.type
        return signal.has_own_id or signal.data.get("report") != "state" or before != signal.type


@dataclass(frozen=True, slots=True)
class Look:
    """What to read of a home: [start, end), and only these metrics and types of signals where they are given."""

    home_id: int
    device_ids: Sequence[int]
    start: datetime
    end: datetime
    metrics: Collection[str] | None = None
    signals: Collection[str] | None = None


Entry: TypeAlias = StoredSignal | StoredReading


class Sources:
    """The stores a backtest reads. Safe between threads; each stream is one thread's."""

    def __init__(self, database: Database, readings: ReadingStore) -> None:
        self.database = database
        self.readings = readings

    def entries(self, look: Look) -> Iterator[tuple[datetime, Entry]]:
        """What is stored of a home, in order."""
        return heapq.merge(
            ((one.received_at, one) for one in self.signals(look)),
            ((one.at, one) for one in self.readings.scan(look.device_ids, look.metrics, look.start, look.end)),
            key=lambda pair: pair[0],
        )

    def signals(self, look: Look) -> Iterator[StoredSignal]:
        """The home's signals, in the order they were stored."""
        after = (look.start, 0)
        while True:
            rows = self._slice(look, after)
            for row in rows:
                yield _signal(row)
            if len(rows) < _SLICE:
                return
            after = (rows[-1].received_at, rows[-1].id)

    def _slice(self, look: Look, after: tuple[datetime, int]) -> Sequence[SignalRecord]:
        at, last_id = after
        later = sa.or_(SignalRecord.received_at > at, sa.and_(SignalRecord.received_at == at, SignalRecord.id > last_id))
        query = (
            sa.select(SignalRecord)
            .where(SignalRecord.home_id == look.home_id, SignalRecord.received_at >= at, SignalRecord.received_at < look.end, later)
            .order_by(SignalRecord.received_at, SignalRecord.id)
            .limit(_SLICE)
        )
        if look.signals is not None:
            query = query.where(SignalRecord.type.in_(sorted(look.signals)))
        with self.database.snapshot() as session:
            return session.scalars(query).all()


def _signal(row: SignalRecord) -> StoredSignal:
    return StoredSignal(
        row.device_id,
        row.type,
        row.event_key,
        row.device_at,
        row.received_at,
        row.data or {},
        row.retained,
        row.redelivered,
        row.own_id,
        row.disposition,
    )


class StoredHistory:
    """What rules that look back over days are given: the same readings live would have found."""

    def __init__(self, readings: ReadingStore) -> None:
        self._readings = readings

    def points(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime
    ) -> Sequence[tuple[int, str, datetime, float]]:
        """(device, metric, at, value) within [start, end), oldest first; none left out."""
        return [(one.device_id, one.metric, one.at, one.value) for one in self._readings.scan(device_ids, metrics, start, end)]


__all__ = ["NOT_TAKEN", "Entry", "Look", "Reports", "Sources", "StoredHistory", "StoredSignal"]
