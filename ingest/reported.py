"""Which states devices reported last, so that a state told again is not stored again.

A Zigbee gateway repeats a device's whole state in every message: door closed, tamper off, battery fine. Such a report is
passed on only when it differs from the last one, or when an alert stands on it. Kept in memory: after a restart each state
is stored once more. Momentary signals, and events a device gave an id of its own, always pass.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from devices.codecs.types import Signal
from devices.vocabulary import CONDITIONS

_FAMILY: Mapping[str, str] = {**{begins: begins for begins in CONDITIONS}, **{ends: begins for begins, ends in CONDITIONS.items()}}
"""Both ends of a condition, by the signal that begins it."""

Told = tuple[int, Signal]
"""Device id and what it said."""


class ReportedStates:
    """The last report of each device and condition. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[tuple[int, str], str] = {}

    def is_news(self, device_id: int, signal: Signal) -> bool:
        """Whether a signal says anything that the last report did not; remembers nothing."""
        family = _FAMILY.get(signal.type)
        if family is None or signal.has_own_id or signal.data.get("report") != "state":
            return True
        return self._last.get((device_id, family)) != signal.type

    def learn(self, told: Iterable[Told]) -> None:
        """Remember what was committed."""
        with self._lock:
            for device_id, signal in told:
                family = _FAMILY.get(signal.type)
                if family is not None:
                    self._last[device_id, family] = signal.type
