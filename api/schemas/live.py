"""What the live stream says, event by event."""

from __future__ import annotations

from api.schemas.base import InstantOut, Out
from api.schemas.devices import Device
from api.schemas.incidents import IncidentItem
from api.schemas.overview import ProbeOutcome


class LiveHello(Out):
    """The first event of a stream: where it starts."""

    sequence: int
    server_time: InstantOut


class LiveIncident(Out):
    """`incident.opened` and `incident.changed`."""

    sequence: int
    incident: IncidentItem


class LiveDevice(Out):
    """`device.changed`."""

    sequence: int
    device: Device


class LiveProbe(Out):
    """`probe`: a synthetic alarm has an outcome."""

    latency_milliseconds: float | None
    outcome: ProbeOutcome
    at: InstantOut


class LiveHeartbeat(Out):
    """`heartbeat`, every five seconds: the stream lives, and this is the server's time."""

    sequence: int
    server_time: InstantOut


class LiveReset(Out):
    """`reset`: what the reader asked to resume from is gone; it must load everything again."""

    sequence: int


class LiveEvents(Out):
    """Every event's data by its name; never sent as a whole, it names the types for the pages."""

    hello: LiveHello
    incident_opened: LiveIncident
    incident_changed: LiveIncident
    device_changed: LiveDevice
    probe: LiveProbe
    heartbeat: LiveHeartbeat
    reset: LiveReset
