"""Which incidents and devices a person sees: `people.rights` applied to the tables of alarms.

Each rule stands here twice, as a SQL condition and as a predicate for the live stream; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from alerts.model import Incident
from devices.model import Device
from people.model import Resident, Role
from people.rights import Caller, Capability


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened, as far as scope goes."""

    home_id: int
    area_path: str | None
    is_probe: bool


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What decides who sees an incident; `place` is None for one of an area or of the system."""

    place: Place | None
    responder_id: int | None
    probe: bool
    drill: bool
    not_live: bool


def visible_incidents(caller: Caller) -> sa.ColumnElement[bool]:
    """The condition on rows of `incidents`.

    Staff see those of their homes and of the system, responders also those they are sent to, installers those of
    devices not yet live, families those of their homes but no drills. The probe's are nobody's.
    """
    inside = caller.scope.of_home(Incident.home_id)
    ways: list[sa.ColumnElement[bool]] = []
    if caller.can(Capability.SEE_INCIDENTS):
        ways.append(inside if caller.role is not Role.FAMILY else sa.and_(inside, Incident.drill.is_(False)))
    if caller.can(Capability.SEE_NOT_LIVE_INCIDENTS):
        ways.append(sa.and_(inside, Incident.not_live.is_(True)))
    if caller.can(Capability.SEE_SYSTEM_INCIDENTS):
        ways.append(Incident.home_id.is_(None))
    if caller.can(Capability.SERVE_DISPATCHED):
        ways.append(Incident.responder_id == caller.user_id)
    return sa.and_(Incident.probe.is_(False), sa.or_(sa.false(), *ways))


def sees_incident(caller: Caller, facts: IncidentFacts) -> bool:
    """`visible_incidents` for one incident, without a query."""
    if facts.probe:
        return False
    if caller.can(Capability.SERVE_DISPATCHED) and facts.responder_id == caller.user_id:
        return True
    if facts.place is None:
        return caller.can(Capability.SEE_SYSTEM_INCIDENTS)
    if not sees_place(caller, facts.place):
        return False
    if caller.can(Capability.SEE_NOT_LIVE_INCIDENTS) and facts.not_live:
        return True
    return caller.can(Capability.SEE_INCIDENTS) and not (caller.role is Role.FAMILY and facts.drill)


def residents_seen_by(caller: Caller) -> sa.ColumnElement[bool]:
    """The condition on rows of `residents`: a responder keeps the incidents they served, but not sight of the people."""
    return caller.scope.of_home(Resident.home_id) if caller.can(Capability.SEE_HOMES) else sa.false()


def sees_residents(caller: Caller, place: Place | None) -> bool:
    """`residents_seen_by` for one home, without a query."""
    return place is not None and caller.can(Capability.SEE_HOMES) and sees_place(caller, place)


def visible_devices(caller: Caller) -> sa.ColumnElement[bool]:
    """The condition on rows of `devices`."""
    return caller.scope.of_home(Device.home_id)


def sees_place(caller: Caller, place: Place) -> bool:
    """Whether a home lies inside the caller's scope."""
    return caller.scope.includes(place.home_id, place.area_path, is_probe=place.is_probe)
