"""The outages of areas over past time: when each home was lost, driven through the plan of the live look. Pure.

It stands where live has its incidents of areas: what is open, which homes stand in it, whether it goes on. Nobody acts on
them here, so that none is closed while it lasts and each new wave is found once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.outages.plan import SETTLING, AreaNode, Growth, OpenOutage, Plan, Standing, Town, Wave, plan_of
from alerts.rules.outage import LostHome, surest_of
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import OutageRule

_MOST_LOOKS_AT_ONCE = 40
"""As many acts as one live look may take until nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that speaks of a home's loss; `until` None: it was still so at the end."""

    home_id: int
    at: datetime
    """When the home was lost."""
    until: datetime | None
    because: str
    """`silence`, `power` or `offline`."""
    shown_at: datetime
    """From when on it counts: later than `at` where a mode had muted it."""


@dataclass(slots=True)
class PastOutage:
    """One outage that was found: a wave, and the homes that joined while it went on."""

    at: datetime
    rule: RuleInForce
    subject: str
    homes: dict[int, datetime] = field(default_factory=dict)
    """When each home was counted in, by its id."""


class TownCourse:
    """An area or a centre, its homes, and the rules over areas; `found` fills while it runs."""

    def __init__(
        self,
        areas: Mapping[int, AreaNode],
        watched: Mapping[int, int],
        area_of: Mapping[int, int],
        rules: Sequence[RuleInForce],
    ) -> None:
        self._areas = areas
        self._watched = watched
        self._area_of = area_of
        self._rules = rules
        self._fewest = min((one.spec.homes_at_least for one in rules if isinstance(one.spec, OutageRule)), default=0)
        self._open: dict[int, OpenOutage] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._standing: set[Standing] = set()
        self._latest: dict[int, PastOutage] = {}
        self.found: list[PastOutage] = []

    def run(self, signs: Sequence[Sign], end: datetime) -> Iterator[None]:
        """Look at each moment before `end` at which something changed; None after each, so that whoever runs it may breathe."""
        begins = sorted((one for one in signs if one.home_id in self._area_of), key=lambda one: (one.shown_at, one.home_id))
        moments = {one.shown_at for one in begins} | {one.until for one in begins if one.until is not None}
        moments |= {one.at + SETTLING for one in begins if one.because == "offline"}
        lasting: list[tuple[datetime, int, Sign]] = []
        later = 0
        for at in sorted(one for one in moments if one < end):
            while later < len(begins) and begins[later].shown_at <= at:
                heapq.heappush(lasting, (begins[later].until or end, later, begins[later]))
                later += 1
            while lasting and lasting[0][0] <= at:
                heapq.heappop(lasting)
            self._look([LostHome(one.home_id, one.at, one.because) for _, _, one in lasting], at)
            yield

    def _look(self, signs: Sequence[LostHome], now: datetime) -> None:
        """Act by act until nothing is left, as live does."""
        lost = surest_of(signs)
        if len(lost) < self._fewest and not (self._standing or self._open):
            return
        for _ in range(_MOST_LOOKS_AT_ONCE):
            town = Town(self._areas, self._watched, self._area_of, lost, tuple(self._standing), tuple(self._open.values()))
            plan = plan_of(town, self._rules, now)
            if not plan:
                return
            self._apply(plan, now)

    def _apply(self, plan: Plan, now: datetime) -> None:
        for growth in plan.growths:
            self._grow(growth, now)
        for wave in plan.waves:
            self._begin(wave, now)
        for incident_id, home_ids in plan.restored.items():
            self._standing -= {Standing(incident_id, home_id) for home_id in home_ids}
        for incident_id in plan.over:
            self._open[incident_id] = replace(self._open[incident_id], active=False)

    def _begin(self, wave: Wave, now: datetime) -> None:
        """A wave; one of an area whose outage is over and that nobody closed is in that one's incident."""
        subject = f"area:{self._areas[wave.area_id].code}"
        incident_id = self._ids.setdefault((wave.rule.code, subject), len(self._ids) + 1)
        area_id = self._open[incident_id].area_id if incident_id in self._open else wave.area_id
        began = min(one.at for one in wave.lost)
        self._open[incident_id] = OpenOutage(incident_id, wave.rule.code, area_id, began, joinable=True, active=True)
        self._latest[incident_id] = PastOutage(now, wave.rule, subject)
        self.found.append(self._latest[incident_id])
        self._grow(Growth(incident_id, wave.lost), now)

    def _grow(self, growth: Growth, now: datetime) -> None:
        if growth.area_id is not None:
            self._open[growth.incident_id] = replace(self._open[growth.incident_id], area_id=growth.area_id)
        for one in growth.lost:
            self._standing.add(Standing(growth.incident_id, one.home_id))
            self._latest[growth.incident_id].homes.setdefault(one.home_id, now)


__all__ = ["PastOutage", "Sign", "TownCourse"]
