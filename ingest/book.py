"""What a worker keeps of its homes in memory: who lives there, what hangs there, and each home's revision.

The book is a copy. Every alarm transaction compares the revision of the homes it writes for with the store's; a stale
home is read again and its messages decoded once more before anything is committed (invariant 13). A process that dies
reads the book anew at its next start.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from alerts.facts import DeviceFacts, Limit
from alerts.model import Severity
from alerts.rules.context import DAYLIGHT, SLEEP, HomeFacts, ResidentFacts
from core.partition import partition_of
from devices.codecs.types import CodecContext, DeviceView, index_children
from devices.model import Device, DeviceState
from devices.profiles import Limit as ProfileLimit
from devices.profiles import Profile, catalogue
from devices.store import view_of
from people.model import Home, Resident

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device as codecs see it and as rules see it."""

    view: DeviceView
    facts: DeviceFacts


@dataclass(frozen=True, slots=True)
class HomePage:
    """One home of the book."""

    id: int
    code: str
    revision: int
    by_code: Mapping[str, KnownDevice]
    by_id: Mapping[int, KnownDevice]
    contexts: Mapping[str, CodecContext] = field(default_factory=dict)
    facts: HomeFacts = field(default_factory=lambda: HomeFacts(0, ""))
    """As rules see it; devices out of use are not in it."""

    def child(self, gateway: KnownDevice, key: str) -> KnownDevice | None:
        """A gateway's child by lasting address or by today's name."""
        view = self.contexts[gateway.view.code].children.get(key)
        return None if view is None else self.by_id[view.id]


class HomeBook:
    """All homes of one partition, by code and by id. Safe between threads; pages are replaced whole."""

    def __init__(self, partition: int, partitions: int) -> None:
        self._partition = partition
        self._partitions = partitions
        self._lock = threading.Lock()
        self._by_code: dict[str, HomePage] = {}
        self._by_id: dict[int, HomePage] = {}
        self._fresh: set[int] = set()

    def take_fresh(self, most: int) -> list[int]:
        """Homes that were read since the last call, at most so many; each is told once."""
        with self._lock:
            return [self._fresh.pop() for _ in range(min(most, len(self._fresh)))]

    def put_back(self, home_ids: Iterable[int]) -> None:
        """Tell these homes once more: what was to be done for them failed."""
        with self._lock:
            self._fresh.update(home_ids)

    def refresh_all(self) -> None:
        """Tell every home as if it had just been read: the rules changed."""
        with self._lock:
            self._fresh.update(self._by_id)

    def page(self, code: str) -> HomePage | None:
        """A home by its topic name."""
        return self._by_code.get(code)

    def page_of(self, home_id: int) -> HomePage | None:
        """A home by id."""
        return self._by_id.get(home_id)

    def ids(self) -> list[int]:
        """All homes of the book."""
        return list(self._by_id)

    def is_mine(self, code: str) -> bool:
        """Whether the home belongs to this worker's partition."""
        return partition_of(code, self._partitions) == self._partition

    def load_all(self, session: Session) -> int:
        """Read every home of the partition; the number of homes."""
        homes = [row for row in session.execute(sa.select(Home.id, Home.code)) if self.is_mine(row.code)]
        for start in range(0, len(homes), _CHUNK):
            self.load(session, [row.id for row in homes[start : start + _CHUNK]])
        return len(homes)

    def load(self, session: Session, home_ids: Sequence[int]) -> None:
        """Read these homes (again)."""
        homes = session.scalars(
            sa.select(Home)
            .where(Home.id.in_(home_ids))
            .options(selectinload(Home.residents))
            .execution_options(populate_existing=True)
        ).all()
        devices: dict[int, list[Device]] = {home.id: [] for home in homes}
        query = sa.select(Device).where(Device.home_id.in_(home_ids)).execution_options(populate_existing=True)
        for device in session.scalars(query):
            devices[device.home_id].append(device)
        self._keep([read_page(home, devices[home.id]) for home in homes])

    def find(self, session: Session, codes: Iterable[str]) -> None:
        """Read homes met for the first time, by topic name."""
        ids = session.scalars(sa.select(Home.id).where(Home.code.in_(list(codes)))).all()
        self.load(session, ids)

    def load_mine(self, session: Session, home_id: int) -> None:
        """Read a home met for the first time, when it is of this partition."""
        code = session.scalar(sa.select(Home.code).where(Home.id == home_id))
        if code is not None and self.is_mine(code):
            self.load(session, [home_id])

    def stale(self, session: Session, home_ids: Iterable[int]) -> list[int]:
        """Those of `home_ids` whose page is older than the store's revision."""
        wanted = list(home_ids)
        stale: list[int] = []
        for start in range(0, len(wanted), _CHUNK):
            rows = session.execute(sa.select(Home.id, Home.revision).where(Home.id.in_(wanted[start : start + _CHUNK])))
            stale += [row.id for row in rows if (page := self._by_id.get(row.id)) is None or page.revision != row.revision]
        return stale

    def _keep(self, pages: Sequence[HomePage]) -> None:
        with self._lock:
            for page in pages:
                self._by_code[page.code] = page
                self._by_id[page.id] = page
                self._fresh.add(page.id)


def read_page(home: Home, devices: Sequence[Device]) -> HomePage:
    """A page made of rows."""
    residents = {resident.id: resident for resident in home.residents}
    known = [_known(device, home, residents) for device in devices]
    children: dict[int, list[DeviceView]] = {}
    for one in known:
        if one.view.parent_id is not None:
            children.setdefault(one.view.parent_id, []).append(one.view)
    contexts = {one.view.code: CodecContext(one.view, index_children(children.get(one.view.id, ()))) for one in known}
    retired = {device.id for device in devices if device.state == DeviceState.RETIRED}
    return HomePage(
        home.id,
        home.code,
        home.revision,
        {one.view.code: one for one in known},
        {one.view.id: one for one in known},
        contexts,
        home_facts(home, [one.facts for one in known if one.facts.id not in retired]),
    )


def home_facts(home: Home, devices: Iterable[DeviceFacts]) -> HomeFacts:
    """A home as rules see it."""
    rhythm = home.rhythm or {}
    return HomeFacts(
        id=home.id,
        code=home.code,
        devices={facts.id: facts for facts in devices},
        residents=tuple(ResidentFacts(one.id, one.rule_values or {}) for one in home.residents),
        area_path=None if home.area is None else home.area.path,
        latitude=home.latitude,
        longitude=home.longitude,
        sleep=_part_of_day(rhythm.get("sleep"), SLEEP),
        daylight=_part_of_day(rhythm.get("daylight"), DAYLIGHT),
        probe=home.is_probe,
    )


def _part_of_day(said: Any, default: tuple[time, time]) -> tuple[time, time]:
    try:
        since, until = said
        return time.fromisoformat(since), time.fromisoformat(until)
    except (TypeError, ValueError):
        return default


def _known(device: Device, home: Home, residents: Mapping[int, Resident]) -> KnownDevice:
    profile = catalogue().get(device.profile)
    resident = _measured_resident(device, residents)
    view = view_of(device, home.code)
    facts = DeviceFacts(
        id=device.id,
        code=device.code,
        home_id=home.id,
        profile=device.profile,
        name=device.name,
        resident_id=None if resident is None else resident.id,
        worn=device.resident_id is not None and profile is not None and profile.worn,
        live=device.state == DeviceState.LIVE,
        probe=home.is_probe,
        parent_id=device.parent_id,
        cancel_window_seconds=None if profile is None else profile.cancel_window_seconds,
        silence_seconds=None if profile is None else profile.silence_seconds,
        measures_on_demand=profile is not None and profile.measures_on_demand,
        limits=limits_for(profile, None if resident is None else resident.limits),
        own_limits=frozenset(() if resident is None else resident.limits or ()),
        signals=_words(device.profile)[0],
        metrics=_words(device.profile)[1],
        room=device.room,
        created_at=device.created_at,
    )
    return KnownDevice(view, facts)


@cache
def _words(profile_id: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a profile can say and measure; one value for all its devices."""
    profile = catalogue().get(profile_id)
    return (frozenset(), frozenset()) if profile is None else (frozenset(profile.signals), frozenset(profile.metrics))


def _measured_resident(device: Device, residents: Mapping[int, Resident]) -> Resident | None:
    """Whose vitals it measures: its wearer's, or the only resident's."""
    if device.resident_id is not None:
        return residents.get(device.resident_id)
    return next(iter(residents.values())) if len(residents) == 1 else None


def limits_for(profile: Profile | None, own: Mapping[str, Any] | None) -> dict[str, Limit]:
    """The profile's limits with the resident's own `{metric: {"low": x, "high": y}}` laid over them."""
    limits = {} if profile is None else {metric: _limit(limit) for metric, limit in profile.limits.items()}
    for metric, sides in (own or {}).items():
        base = limits.get(metric, Limit())
        low, high = sides.get("low", base.low), sides.get("high", base.high)
        limits[metric] = replace(
            base,
            low=low,
            high=high,
            far_low=None if low is None or base.far_low is None else min(base.far_low, low),
            far_high=None if high is None or base.far_high is None else max(base.far_high, high),
        )
    return limits


def _limit(limit: ProfileLimit) -> Limit:
    return Limit(
        low=limit.low,
        high=limit.high,
        hysteresis=limit.hysteresis,
        severity=Severity(limit.severity),
        far_low=limit.far_low,
        far_high=limit.far_high,
        far_severity=Severity(limit.far_severity),
    )
