"""What a backtest answers: how often a rule would have fired, when, on whom, and how many of those homes had a real incident.

A tally grows home by home and can be written down after each and taken up again, so that a run whose process died goes
on with the next home. Lists are cut at a length a page can show; the counts never are. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.model import Severity

NEARBY = timedelta(hours=24)
"""A real incident this close, before or after, is near to a firing."""

MOST_EVENTS = 500
MOST_HOMES = 1000


@dataclass(frozen=True, slots=True)
class Fire:
    """One time at which the rule raised."""

    at: datetime
    home_id: int | None
    """None for what a rule over areas found."""
    subject: str
    severity: Severity
    suppressed: str | None = None
    """Why no operator would have been shown it, such as `away`; None when it would have rung."""


class HomeTally:
    """The firings of one home; they count only once the home is done."""

    def __init__(self, home_id: int, code: str, name: str, real_at: Sequence[datetime] = ()) -> None:
        self.id = home_id
        self.code = code
        self._name = name
        self._real_at = real_at
        self.count = 0
        self.suppressed = 0
        self.days: dict[str, int] = {}
        self.events: list[dict[str, Any]] = []
        self.near: set[datetime] = set()
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None

    def add(self, fire: Fire, zone: ZoneInfo) -> None:
        """Count one."""
        at, day = fire.at, fire.at.astimezone(zone).date().isoformat()
        self.count += 1
        self.suppressed += fire.suppressed is not None
        self.days[day] = self.days.get(day, 0) + 1
        self._first_at = at if self._first_at is None else min(self._first_at, at)
        self._last_at = at if self._last_at is None else max(self._last_at, at)
        self.near.update(real for real in self._real_at if abs(real - at) <= NEARBY)
        if len(self.events) < MOST_EVENTS:
            home = None if fire.home_id is None else self.code
            told = {"at": at.isoformat(), "home": home, "subject": fire.subject, "severity": str(fire.severity)}
            self.events.append({**told, "suppressed": fire.suppressed})

    def written(self) -> dict[str, Any]:
        """As the answer tells it."""
        return {
            "home": self.code,
            "name": self._name,
            "count": self.count,
            "suppressed": self.suppressed,
            "first_at": None if self._first_at is None else self._first_at.isoformat(),
            "last_at": None if self._last_at is None else self._last_at.isoformat(),
            "real_nearby": bool(self.near),
            "real_incidents": len(self.near),
        }


class Tally:
    """The answer as far as whole homes are done."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._days: dict[str, int] = {}
        self._homes: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self.fired = 0
        self.suppressed = 0
        self.homes_fired = 0
        self.homes_with_real = 0
        self.homes_failed = 0
        self.last_home_id = 0
        """Homes up to this one are in."""

    def close(self, home: HomeTally) -> None:
        """A home is done, whether anything fired there or not."""
        self.last_home_id = max(self.last_home_id, home.id)
        if not home.count:
            return
        self._count(home)
        self._list(home)

    def close_areas(self, areas: HomeTally, homes: Iterable[HomeTally]) -> None:
        """A rule over areas: `areas` has its firings, `homes` those that were part of any."""
        self._count(areas)
        for home in homes:
            self._list(home)

    def _count(self, home: HomeTally) -> None:
        self.fired += home.count
        self.suppressed += home.suppressed
        for day, count in home.days.items():
            self._days[day] = self._days.get(day, 0) + count
        self._events += home.events[: MOST_EVENTS - len(self._events)]

    def _list(self, home: HomeTally) -> None:
        self.homes_fired += 1
        self.homes_with_real += bool(home.near)
        self._homes.append(home.written())
        if len(self._homes) > 2 * MOST_HOMES:
            self._cut_homes()

    def _cut_homes(self) -> None:
        self._homes.sort(key=lambda one: (-one["count"], one["first_at"], one["home"]))
        del self._homes[MOST_HOMES:]

    def written(self) -> dict[str, Any]:
        """All of it as JSON: the answer, and what is needed to go on."""
        self._cut_homes()
        return {
            "fired": self.fired,
            "suppressed": self.suppressed,
            "per_day": [{"day": day, "count": count} for day, count in sorted(self._days.items())],
            "homes": self._homes[:],
            "homes_fired": self.homes_fired,
            "homes_with_real": self.homes_with_real,
            "homes_failed": self.homes_failed,
            "events": sorted(self._events, key=lambda one: (one["at"], one["home"] or "", one["subject"])),
            "last_home_id": self.last_home_id,
        }

    @classmethod
    def read(cls, written: Mapping[str, Any] | None, zone: ZoneInfo) -> Tally:
        """The tally that was written down, or a new one."""
        tally = cls(zone)
        if written is None:
            return tally
        for name in ("fired", "suppressed", "homes_fired", "homes_with_real", "homes_failed", "last_home_id"):
            setattr(tally, name, written[name])
        tally._days = {one["day"]: one["count"] for one in written["per_day"]}
        tally._homes = list(written["homes"])
        tally._events = list(written["events"])
        return tally


__all__ = ["MOST_EVENTS", "MOST_HOMES", "NEARBY", "Fire", "HomeTally", "Tally"]
