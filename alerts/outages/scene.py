"""What a look at the areas reads: lost homes, where they lie, and what stands already. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.batch import JOINABLE
from alerts.lanes import OUTAGE_RULES
from alerts.model import Alert, Incident, IncidentHome
from alerts.modes.model import Suppressed, SuppressedBecause
from alerts.outages.plan import AreaNode, OpenOutage, Standing, Town
from alerts.raising import MUTED
from alerts.rules.outage import LostHome, surest_of
from devices.model import Device, DeviceState
from devices.profiles import catalogue
from people.model import Area, Home

COUNT_EVERY = timedelta(seconds=60)
"""How old the number of watched homes may be."""


class Census:
    """How many homes of each area are watched: counted now and then, since it reads every home."""

    def __init__(self) -> None:
        self._counted_at: datetime | None = None
        self._watched: Mapping[int, int] = {}

    def watched(self, session: Session, now: datetime) -> Mapping[int, int]:
        """Homes with a device in use, by area."""
        if self._counted_at is None or not self._counted_at <= now < self._counted_at + COUNT_EVERY:
            in_use = sa.exists().where(Device.home_id == Home.id, Device.state != DeviceState.RETIRED)
            query = sa.select(Home.area_id, sa.func.count()).where(Home.area_id.is_not(None), ~Home.is_probe, in_use)
            rows = session.execute(query.group_by(Home.area_id))
            self._watched = {area_id: count for area_id, count in rows if area_id is not None}
            self._counted_at = now
        return self._watched


def read_town(session: Session, census: Census, now: datetime) -> Town:
    """Everything the plan is made of; cheap while nothing is lost."""
    lost, area_of = _lost(session)
    standing = [Standing(*row) for row in session.execute(_STANDING)]
    outages = _outages(session)
    if not (lost or standing or outages):
        return Town({}, {}, {}, ())
    areas = {row.id: AreaNode(row.id, row.code, row.path) for row in session.execute(sa.select(Area.id, Area.code, Area.path))}
    monitored = sa.select(Suppressed.rule, Suppressed.subject).where(
        Suppressed.home_id.is_(None),
        Suppressed.because == SuppressedBecause.MONITOR,
        sa.and_(Suppressed.lasting, Suppressed.ended_at.is_(None)),
    )
    known = frozenset((rule, subject) for rule, subject in session.execute(monitored))
    return Town(areas, census.watched(session, now), area_of, lost, standing, outages, known)


_STANDING = sa.select(IncidentHome.incident_id, IncidentHome.home_id).where(IncidentHome.restored_at.is_(None))


def _lost(session: Session) -> tuple[Sequence[LostHome], Mapping[int, int]]:
    """The lost homes that lie in an area, each with when it was lost first and the surest sign of it."""
    area_of: dict[int, int] = {}
    signs: list[LostHome] = []
    for home_id, area_id, at, because in [*_by_alert(session), *_by_connection(session)]:
        signs.append(LostHome(home_id, at, because))
        area_of[home_id] = area_id
    return surest_of(signs), area_of


_ACTIVE_SINCE = sa.func.coalesce(Alert.active_since_at, Alert.raised_at, type_=Alert.raised_at.type)
"""When the condition began; an alert nobody closed may have been raised for one that was over days ago."""


def _by_alert(session: Session) -> list[tuple[int, int, datetime, str]]:
    """Homes on battery, and homes whose gateway is silent; other devices fall silent for reasons of their own."""
    query = (
        sa.select(Alert.home_id, Home.area_id, _ACTIVE_SINCE, Alert.rule, Device.profile)
        .join(Home, Home.id == Alert.home_id)
        .outerjoin(Device, Device.id == Alert.device_id)
        .outerjoin(Incident, Incident.id == Alert.incident_id)
        .where(
            Alert.closed_at.is_(None),
            Alert.home_id.is_not(None),
            Alert.rule.in_(OUTAGE_RULES),
            Alert.condition_active,
            Alert.state.not_in(MUTED),
            Home.area_id.is_not(None),
            ~Home.is_probe,
            sa.or_(Incident.id.is_(None), sa.and_(~Incident.test, ~Incident.drill)),
        )
    )
    return [
        (home_id, area_id, at, rule)
        for home_id, area_id, at, rule, profile in session.execute(query)
        if home_id is not None and area_id is not None and (rule != "silence" or is_gateway(profile))
    ]


def _by_connection(session: Session) -> list[tuple[int, int, datetime, str]]:
    query = (
        sa.select(Device.home_id, Home.area_id, Device.offline_at)
        .join(Home, Home.id == Device.home_id)
        .where(Device.offline_at.is_not(None), Device.parent_id.is_(None), Device.state != DeviceState.RETIRED)
        .where(Home.area_id.is_not(None), ~Home.is_probe)
    )
    rows = session.execute(query)
    return [(home_id, area_id, at, "offline") for home_id, area_id, at in rows if area_id is not None and at is not None]


def is_gateway(profile: str | None) -> bool:
    """Whether devices of the home speak through it, so that its silence is the home's."""
    known = catalogue().get(profile or "")
    return known is not None and known.is_gateway


def _outages(session: Session) -> list[OpenOutage]:
    query = (
        sa.select(Incident.id, Alert.rule, Incident.area_id, Alert.happened_at, Incident.state, Alert.condition_active)
        .join(Incident, Incident.id == Alert.incident_id)
        .where(Alert.home_id.is_(None), Alert.closed_at.is_(None), Incident.area_id.is_not(None))
    )
    return [
        OpenOutage(id_, rule, area_id, began_at, state in JOINABLE, active)
        for id_, rule, area_id, began_at, state, active in session.execute(query)
        if area_id is not None
    ]


__all__ = ["COUNT_EVERY", "Census", "read_town"]
