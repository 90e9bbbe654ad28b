"""Readings for rules that look back, read before the transaction that judges by them and never inside one.

A store across the network may hang, and a transaction that waited for it would hold locks that alarms need. So a rule that
asks for readings nobody read yet is put aside; they are read while nothing is held, and it is judged then. A store that does
not answer is asked once, and then not again for a minute: whoever needs it is looked at later, and nobody is judged on
readings that could not be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from alerts.rules.context import History
from core.clock import Clock
from timeseries.ports import StoreAwayError

log = structlog.get_logger()

LET_BE = timedelta(minutes=1)
_Asked: TypeAlias = tuple[tuple[int, ...], tuple[str, ...], datetime, datetime]
_Points: TypeAlias = Sequence[tuple[int, str, datetime, float]]


class NotReadError(Exception):
    """A judgement needs readings that nobody read yet; nothing was changed by it."""


class ReadAhead:
    """The history of one look at due timers: what was read before, by exactly what was asked."""

    def __init__(self, away: AwayMark, history: History) -> None:
        self._away = away
        self._history = history
        self._known: dict[_Asked, _Points] = {}
        self._wanted: dict[_Asked, None] = {}

    def points(self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime) -> _Points:
        """As `History`: NotReadError until `read` brought them, StoreAwayError while the store does not answer."""
        asked = (tuple(device_ids), tuple(metrics), start, end)
        known = self._known.get(asked)
        if known is not None:
            return known
        if self._away.is_set():
            message = "the store did not answer a moment ago"
            raise StoreAwayError(message)
        self._wanted[asked] = None
        raise NotReadError

    def read(self) -> None:
        """Read what was asked for and not known; call it while no transaction is open."""
        wanted, self._wanted = list(self._wanted), {}
        for asked in wanted:
            if self._away.is_set():
                return
            try:
                self._known[asked] = self._history.points(*asked)
            except StoreAwayError as error:
                log.warning("readings_not_read", error=str(error))
                self._away.set()


class AwayMark:
    """Whether the store did not answer within the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: datetime | None = None

    def set(self) -> None:
        """It did not answer just now."""
        self._until = self._clock.now() + LET_BE

    def is_set(self) -> bool:
        """Whether it is to be let be."""
        return self._until is not None and self._clock.now() < self._until


__all__ = ["LET_BE", "AwayMark", "NotReadError", "ReadAhead"]
