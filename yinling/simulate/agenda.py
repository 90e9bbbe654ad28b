"""What comes next in the town: the ordinary days of all homes and their mishaps, as one queue by time.

Pure apart from its own queue: it is told the time and gives what is due. Days are planned one at a time, so a
simulation may run for months.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from yinling.simulate.alarms import Resident, alarms_between
from yinling.simulate.day import day_of
from yinling.simulate.happenings import Happening

_ALARMS_AHEAD = timedelta(minutes=10)


class Agenda:
    """The town's coming happenings, from `start` on."""

    def __init__(self, town: Sequence[Resident], start: datetime, zone: ZoneInfo) -> None:
        self._town = town
        self._zone = zone
        self._queue: list[tuple[datetime, int, str, Happening]] = []
        self._order = count()
        self._planned_day = start.astimezone(zone).date()
        self._alarms_until = start
        self._plan_day(self._planned_day, start)

    def due(self, now: datetime) -> list[tuple[str, Happening]]:
        """(home code, happening) of everything up to `now`, in order, each once."""
        while self._planned_day < (now + _ALARMS_AHEAD).astimezone(self._zone).date():
            self._planned_day += timedelta(days=1)
            self._plan_day(self._planned_day, now)
        ahead = now + _ALARMS_AHEAD
        for code, happening in alarms_between(self._town, self._alarms_until, ahead):
            self.add(code, happening)
        self._alarms_until = ahead
        told = []
        while self._queue and self._queue[0][0] <= now:
            _, _, code, happening = heapq.heappop(self._queue)
            told.append((code, happening))
        return told

    def add(self, code: str, happening: Happening) -> None:
        """Put in something that follows from what happened."""
        heapq.heappush(self._queue, (happening.at, next(self._order), code, happening))

    def _plan_day(self, day: date, after: datetime) -> None:
        for place in self._town:
            for happening in day_of(place.home, place.devices, day, self._zone):
                if happening.at > after:
                    self.add(place.home.code, happening)


def last_values(place: Resident, now: datetime, zone: ZoneInfo) -> dict[str, Happening]:
    """What each measuring device of a home last measured by `now`, today or yesterday, by role."""
    today = now.astimezone(zone).date()
    told = [*day_of(place.home, place.devices, today - timedelta(days=1), zone), *day_of(place.home, place.devices, today, zone)]
    return {happening.role: happening for happening in told if happening.values and happening.at <= now}
