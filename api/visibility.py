"""Which incidents and devices a person sees: `people.rights` applied to the tables of alarms.

Each rule stands here twice, as a SQL condition and as a predicate for the live stream; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from alerts.audience import OPERATORS, for_installers, for_operators, is_for_installers
from alerts.model import Incident, IncidentHome
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
    test: bool
    not_live: bool
    affected: tuple[Place, ...] | None = None
    """The homes of one of an area; None for all others."""
    audience: frozenset[str] = frozenset({OPERATORS})
    """Who it is for."""
    lane: str = "life"
    for_operators: bool = True


def visible_incidents(caller: Caller) -> sa.ColumnElement[bool]:
    """The condition on rows of `incidents`.

    Staff see those of their homes, of areas with such homes, and of the system, responders also those they are sent to,
    installers those of devices not yet live or in test and the faults meant for them, families those of their homes but no
    drills and tests. The probe's are nobody's.
    """
    inside = caller.scope.of_home(Incident.home_id)
    ways: list[sa.ColumnElement[bool]] = []
    if caller.can(Capability.SEE_INCIDENTS):
        true = sa.and_(Incident.drill.is_(False), Incident.test.is_(False))
        ways.append(inside if caller.role is not Role.FAMILY else sa.and_(inside, true))
    if caller.can(Capability.SEE_NOT_LIVE_INCIDENTS):
        ways.append(sa.and_(inside, sa.or_(Incident.not_live.is_(True), Incident.test.is_(True), for_installers())))
    if caller.can(Capability.SEE_SYSTEM_INCIDENTS):
        ways.append(sa.and_(Incident.home_id.is_(None), Incident.area_id.is_(None)))
        affected = sa.select(IncidentHome.incident_id).where(caller.scope.of_home(IncidentHome.home_id))
        ways.append(sa.and_(Incident.area_id.is_not(None), Incident.id.in_(affected)))
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
        near = facts.affected is None or any(sees_place(caller, place) for place in facts.affected)
        return caller.can(Capability.SEE_SYSTEM_INCIDENTS) and near
    if not sees_place(caller, facts.place):
        return False
    if caller.can(Capability.SEE_NOT_LIVE_INCIDENTS) and (
        facts.not_live or facts.test or is_for_installers(facts.audience, facts.lane)
    ):
        return True
    practice = facts.drill or facts.test
    return caller.can(Capability.SEE_INCIDENTS) and not (caller.role is Role.FAMILY and practice)


QUEUE_OF_OPERATORS = frozenset({Role.OPERATOR, Role.DOCTOR})
"""Whose queue holds what is for the operators, and nothing else unless they ask for it."""


def queued_incidents(caller: Caller) -> sa.ColumnElement[bool]:
    """The condition on rows of `incidents` that stand in the caller's own queue, beside `visible_incidents`."""
    return for_operators() if caller.role in QUEUE_OF_OPERATORS else sa.true()


def queues_incident(caller: Caller, facts: IncidentFacts) -> bool:
    """`queued_incidents` for one incident, without a query."""
    return facts.for_operators or caller.role not in QUEUE_OF_OPERATORS


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
