"""Rules that failed on a message: set aside once a minute each, while everything else of the message goes its way."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from alerts.poison import Failed, set_aside
from alerts.rules.context import Broken

ONCE_IN = timedelta(minutes=1)
_PLACE_LENGTH = 60


class BrokenRules:
    """Which rules of one worker failed lately. Safe between threads; lost with the process, which then tells again."""

    def __init__(self) -> None:
        self._told: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def due(self, broken: Iterable[Broken], now: datetime) -> list[Broken]:
        """Those not told within the last minute, one of each rule."""
        first: dict[str, Broken] = {}
        for one in broken:
            first.setdefault(one.rule, one)
        with self._lock:
            return [one for one in first.values() if not self._is_told(one, now)]

    def learn(self, told: Iterable[Broken], now: datetime) -> None:
        """These were set aside, and committed."""
        with self._lock:
            self._told.update((one.rule, now) for one in told)

    def _is_told(self, one: Broken, now: datetime) -> bool:
        last = self._told.get(one.rule)
        return last is not None and timedelta(0) <= now - last < ONCE_IN


def set_aside_rules(session: Session, broken: Iterable[Broken], now: datetime) -> None:
    """Keep, log and count rules that failed."""
    for one in broken:
        set_aside(session, Failed(f"rules.{one.rule}"[:_PLACE_LENGTH], f"home:{one.home}", one.error), now)


__all__ = ["ONCE_IN", "BrokenRules", "set_aside_rules"]
