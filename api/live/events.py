"""Changes as server-sent events: rendered once, then offered to every stream with what decides who may see them.

An incident that changed several times in one batch is told once, with its present state under the last number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session

from alerts.audience import is_for_operators, of_incident
from alerts.changes import DEVICE_CHANGED, OPENED
from alerts.model import Change, Incident, IncidentHome, ProbeRun
from api.schemas.base import Out
from api.schemas.live import LiveDevice, LiveHeartbeat, LiveHello, LiveIncident, LiveProbe, LiveReset
from api.views.devices import HEALTH_METRICS, device_views
from api.views.incidents import incident_items
from api.visibility import IncidentFacts, Place, queues_incident, sees_incident, sees_place, sees_residents
from devices.model import Device
from people.model import Area, Home
from people.rights import Caller, Capability

RETRY_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event ready to be sent; a `sequence` of 0 has no place among the changes.

    `about` decides who sees it: None is for everybody, a Capability for whoever has it. `reduced_frame` is for those who
    may know of it without the values of health (a device) or without the resident's age (an incident).
    """

    sequence: int
    about: IncidentFacts | Place | Capability | None
    frame: bytes
    reduced_frame: bytes | None = None
    incident_id: int | None = None

    def frame_for(self, caller: Caller) -> bytes | None:
        """What this person may be sent of it: None where they may not know of it."""
        if isinstance(self.about, Place):
            if not sees_place(caller, self.about):
                return None
            return self.frame if caller.may_see_medical(self.about.home_id) else self.reduced_frame
        if isinstance(self.about, IncidentFacts):
            if not (sees_incident(caller, self.about) and queues_incident(caller, self.about)):
                return None
            return self.frame if self.reduced_frame is None or sees_residents(caller, self.about.place) else self.reduced_frame
        return self.frame if self.about is None or caller.can(self.about) else None


def frame(event: str, data: Out, sequence: int | None) -> bytes:
    """The bytes of one event; without a sequence it does not move the reader's place."""
    return format_sse_event(
        data_str=data.model_dump_json(by_alias=True), event=event, id=None if sequence is None else str(sequence)
    )


def hello(sequence: int, now: datetime, *, resumes: bool) -> bytes:
    """The first event of a stream. Where it resumes, the reader keeps its place until what it missed has come."""
    greeting = LiveHello(sequence=sequence, server_time=now).model_dump_json()
    return format_sse_event(data_str=greeting, event="hello", id=None if resumes else str(sequence), retry=RETRY_MILLISECONDS)


def heartbeat(sequence: int, now: datetime) -> LiveEvent:
    """Proof of life, as an event for pages and as a comment for plain readers."""
    beat = LiveHeartbeat(sequence=sequence, server_time=now).model_dump_json()
    return LiveEvent(0, None, format_sse_event(comment="heartbeat", data_str=beat, event="heartbeat", id=str(sequence)))


def reset(sequence: int) -> bytes:
    """Tells the reader to load everything again and go on from here."""
    return frame("reset", LiveReset(sequence=sequence), sequence)


def probe(run: ProbeRun) -> LiveEvent:
    """A synthetic alarm has an outcome."""
    data = LiveProbe(latency_milliseconds=run.latency_milliseconds, outcome=run.outcome, at=run.arrived_at or run.due_at)
    return LiveEvent(0, Capability.SEE_OVERVIEW, frame("probe", data, None))


def render(session: Session, changes: Sequence[Change], now: datetime, timezone: ZoneInfo) -> list[LiveEvent]:
    """The events of a batch of changes, in order; changes of the probe's own home make none."""
    last_of = {_thing(change): change for change in changes if not change.probe}
    opened = {change.incident_id for change in changes if change.kind == OPENED}
    kept = sorted(last_of.values(), key=lambda change: change.sequence)
    places = _places(session, {change.home_id for change in kept if change.home_id is not None})
    about_incidents = [change for change in kept if change.incident_id is not None]
    incidents = _incident_events(session, about_incidents, opened, places, now.astimezone(timezone).date())
    devices = _device_events(session, [change for change in kept if change.kind == DEVICE_CHANGED], places, now)
    return sorted(incidents + devices, key=lambda event: event.sequence)


def _thing(change: Change) -> tuple[int | None, int | None]:
    return change.incident_id, change.device_id


def _places(session: Session, home_ids: set[int]) -> dict[int, Place]:
    rows = session.execute(
        sa.select(Home.id, Area.path, Home.is_probe).outerjoin(Area, Area.id == Home.area_id).where(Home.id.in_(home_ids))
    )
    return {home_id: Place(home_id, path, is_probe) for home_id, path, is_probe in rows}


def _incident_events(
    session: Session, changes: Sequence[Change], opened: set[int | None], places: dict[int, Place], today: date
) -> list[LiveEvent]:
    sequences = {change.incident_id: change.sequence for change in changes}
    incidents = session.scalars(sa.select(Incident).where(Incident.id.in_(list(sequences)))).all()
    affected = _affected(session, [incident.id for incident in incidents if incident.area_id is not None])
    events = []
    for incident, item in zip(incidents, incident_items(session, incidents, today, None), strict=True):
        sequence = sequences[incident.id]
        facts = IncidentFacts(
            place=None if incident.home_id is None else places.get(incident.home_id),
            responder_id=incident.responder_id,
            probe=incident.probe,
            drill=incident.drill,
            test=incident.test,
            not_live=incident.not_live,
            affected=None if incident.area_id is None else affected.get(incident.id, ()),
            audience=of_incident(incident),
            lane=incident.lane,
            for_operators=is_for_operators(incident),
        )
        name = "incident.opened" if incident.id in opened else "incident.changed"
        whole = frame(name, LiveIncident(sequence=sequence, incident=item), sequence)
        ageless = None
        if item.resident_age is not None:
            shown = item.model_copy(update={"resident_age": None})
            ageless = frame(name, LiveIncident(sequence=sequence, incident=shown), sequence)
        events.append(LiveEvent(sequence, facts, whole, ageless, incident.id))
    return events


def _affected(session: Session, incident_ids: Sequence[int]) -> dict[int, tuple[Place, ...]]:
    """The homes of each area's incident."""
    if not incident_ids:
        return {}
    found = session.execute(
        sa.select(IncidentHome.incident_id, IncidentHome.home_id).where(IncidentHome.incident_id.in_(incident_ids))
    ).all()
    places = _places(session, {home_id for _, home_id in found})
    homes: dict[int, tuple[Place, ...]] = {}
    for incident_id, home_id in found:
        homes[incident_id] = (*homes.get(incident_id, ()), places[home_id])
    return homes


def _device_events(session: Session, changes: Sequence[Change], places: dict[int, Place], now: datetime) -> list[LiveEvent]:
    sequences = {change.device_id: change.sequence for change in changes}
    devices = session.scalars(sa.select(Device).where(Device.id.in_(list(sequences)))).all()
    views = device_views(session, devices, now, {device.home_id for device in devices})
    events = []
    for device, view in zip(devices, views, strict=True):
        sequence = sequences[device.id]
        plain = view.model_copy(
            update={"values": {name: value for name, value in view.values.items() if name not in HEALTH_METRICS}}
        )
        if device.home_id not in places:
            continue  # a home made between the two reads; its next change tells
        whole, reduced = (frame("device.changed", LiveDevice(sequence=sequence, device=shown), sequence) for shown in (view, plain))
        events.append(LiveEvent(sequence, places[device.home_id], whole, reduced))
    return events
