"""What is known of one home between two messages: who and what was last seen where, and which rules wait.

A copy of what the stores say, never the truth about what was raised: a due timer and the engine look at what is stored.
Updates only ever move forward in time, so that a message evaluated twice changes nothing. A batch works on a `fork` and
what it learnt is taken over by `absorb` after its commit; a process that dies forgets, and reads the stores again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from alerts.model import Severity
from alerts.rules.context import DueTimer, TimerChange, TimerKey

Pattern: TypeAlias = tuple[str, float | None, float | None]
"""A metric above and below values."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was seen: a signal, or a reading that mattered."""

    at: datetime
    device_id: int
    name: str
    """The signal's type or the reading's metric."""
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Beyond:
    """A metric of one device against one pattern."""

    looked_at: datetime
    """Of the newest reading."""
    last: Seen | None
    """The newest reading that matched."""
    since_at: datetime | None
    """Since when it matches without a break; None when the newest does not."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody was last seen to move."""

    room: str
    since_at: datetime
    last: Seen


class HomeMemory:
    """Knowledge of one home. The mappings are replaced, never changed, once a memory has been forked or absorbed."""

    __slots__ = ("_lock", "_owned", "armed", "beyond", "place", "readings_since", "shadow", "signals", "values")

    def __init__(self) -> None:
        self.signals: dict[tuple[int, str], datetime] = {}
        self.values: dict[tuple[int, str], Seen] = {}
        self.beyond: dict[tuple[int, Pattern], Beyond] = {}
        self.place: Place | None = None
        self.armed: dict[TimerKey, DueTimer] = {}
        """Timers that are stored, and those this batch will store."""
        self.shadow: dict[TimerKey, Severity] = {}
        """Conditions of rules in monitor mode, which have no alert that says so."""
        self.readings_since: datetime | None = None
        """Since when every reading was seen here; before, only the reading store knows."""
        self._owned = True
        self._lock = threading.Lock()

    def fork(self) -> HomeMemory:
        """A copy to evaluate with; costs nothing until it learns something."""
        copy = HomeMemory.__new__(HomeMemory)
        with self._lock:
            for name in ("signals", "values", "beyond", "place", "armed", "shadow", "readings_since"):
                setattr(copy, name, getattr(self, name))
            self._owned = False
        copy._owned = False  # noqa: SLF001 its own class
        copy._lock = self._lock  # noqa: SLF001 its own class
        return copy

    def absorb(self, fork: HomeMemory, changes: Iterable[TimerChange], now: datetime) -> None:
        """Take over what a fork learnt, and the timers that were committed with it."""
        with self._lock:
            if fork._owned:
                self.signals = _newest(self.signals, fork.signals)
                self.values = _newest_seen(self.values, fork.values)
                self.beyond = _newest_beyond(self.beyond, fork.beyond)
                self.shadow = fork.shadow
                if fork.place is not None and (self.place is None or self.place.last.at <= fork.place.last.at):
                    self.place = fork.place
                self.readings_since = fork.readings_since
            armed = dict(self.armed)
            for change in changes:
                _change(armed, change, now)
            self.armed = armed

    def heard(self, seen: Seen) -> bool:
        """A signal; whether it is newer than what was known of its kind from its device."""
        key = (seen.device_id, seen.name)
        known = self.signals.get(key)
        if known is not None and known >= seen.at:
            return False
        self._own()
        self.signals[key] = seen.at
        return True

    def measured(self, seen: Seen) -> bool:
        """A value; whether it is newer than the one that was known."""
        key = (seen.device_id, seen.name)
        known = self.values.get(key)
        if known is not None and known.at > seen.at:
            return False
        self._own()
        self.values[key] = seen
        return True

    def compared(self, seen: Seen, pattern: Pattern, *, matches: bool) -> bool:
        """A reading against a pattern; whether it begins to match with this reading."""
        key = (seen.device_id, pattern)
        known = self.beyond.get(key)
        if known is not None and known.looked_at >= seen.at:
            if matches and (known.last is None or known.last.at < seen.at):
                self._own()
                self.beyond[key] = replace(known, last=seen)
            return False
        self._own()
        began = matches and (known is None or known.since_at is None)
        since_at = None if not matches else seen.at if known is None or known.since_at is None else known.since_at
        self.beyond[key] = Beyond(seen.at, seen if matches else None if known is None else known.last, since_at)
        return began

    def moved(self, seen: Seen, room: str | None) -> None:
        """Somebody was seen to move; an unknown room says nothing of where."""
        if room is None or (self.place is not None and self.place.last.at > seen.at):
            return
        self._own()
        if self.place is not None and self.place.room == room:
            self.place = replace(self.place, last=seen)
        else:
            self.place = Place(room, seen.at, seen)

    def note_shadow(self, key: TimerKey, severity: Severity | None) -> None:
        """A rule in monitor mode found its condition, or its end."""
        if self.shadow.get(key) == severity:
            return
        self._own()
        if severity is None:
            self.shadow.pop(key, None)
        else:
            self.shadow[key] = severity

    def change(self, changes: Iterable[TimerChange], now: datetime) -> None:
        """Timers this batch arms, moves and disarms, so that its later messages see them."""
        for change in changes:
            self._own()
            _change(self.armed, change, now)

    def shifted(self, step: timedelta) -> HomeMemory:
        """The same knowledge after the wall clock was stepped."""
        moved = HomeMemory()
        moved.signals = {key: at + step for key, at in self.signals.items()}
        moved.values = {key: replace(seen, at=seen.at + step) for key, seen in self.values.items()}
        moved.beyond = {key: _shifted(one, step) for key, one in self.beyond.items()}
        if self.place is not None:
            last = replace(self.place.last, at=self.place.last.at + step)
            moved.place = replace(self.place, since_at=self.place.since_at + step, last=last)
        moved.armed = {
            key: replace(timer, armed_at=timer.armed_at + step, due_at=timer.due_at + step) for key, timer in self.armed.items()
        }
        moved.shadow = dict(self.shadow)
        moved.readings_since = None if self.readings_since is None else self.readings_since + step
        return moved

    def _own(self) -> None:
        if self._owned:
            return
        self.signals, self.values, self.beyond = dict(self.signals), dict(self.values), dict(self.beyond)
        self.armed, self.shadow = dict(self.armed), dict(self.shadow)
        self._owned = True


def _change(armed: dict[TimerKey, DueTimer], change: TimerChange, now: datetime) -> None:
    if change.due_at is None:
        armed.pop(change.key, None)
        return
    known = armed.get(change.key)
    armed_at = change.armed_at or (now if known is None else known.armed_at)
    armed[change.key] = DueTimer(change.rule, change.subject, armed_at, change.due_at, change.state)


def _newest(
    ours: Mapping[tuple[int, str], datetime], theirs: Mapping[tuple[int, str], datetime]
) -> dict[tuple[int, str], datetime]:
    return {**ours, **{key: at for key, at in theirs.items() if key not in ours or ours[key] < at}}


def _newest_seen(ours: Mapping[tuple[int, str], Seen], theirs: Mapping[tuple[int, str], Seen]) -> dict[tuple[int, str], Seen]:
    return {**ours, **{key: seen for key, seen in theirs.items() if key not in ours or ours[key].at <= seen.at}}


def _newest_beyond(
    ours: Mapping[tuple[int, Pattern], Beyond], theirs: Mapping[tuple[int, Pattern], Beyond]
) -> dict[tuple[int, Pattern], Beyond]:
    merged = dict(ours)
    for key, one in theirs.items():
        known = ours.get(key)
        newest = one if known is None or known.looked_at <= one.looked_at else known
        last = max((each.last for each in (one, known) if each is not None and each.last is not None), key=_at, default=None)
        merged[key] = replace(newest, last=last)
    return merged


def _at(seen: Seen) -> datetime:
    return seen.at


def _shifted(one: Beyond, step: timedelta) -> Beyond:
    return Beyond(
        one.looked_at + step,
        None if one.last is None else replace(one.last, at=one.last.at + step),
        None if one.since_at is None else one.since_at + step,
    )


__all__ = ["Beyond", "HomeMemory", "Pattern", "Place", "Seen"]
