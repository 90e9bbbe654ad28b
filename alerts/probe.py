"""The synthetic alarm that goes through the whole path every minute, from its row to its arrival.

A run is written before it is sent, and marked by the engine in the transaction that commits its (closed, hidden)
incident. A run that is still unmarked when due is lost: `alerts.probe_watch` raises that.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Finding
from alerts.metrics import PROBE_SECONDS, PROBES
from alerts.model import CloseReason, Incident, IncidentState, ProbeRun
from alerts.opening import open_incident
from core.config import Settings
from core.partition import partition_of
from devices.model import Device, DeviceState
from people.model import Home

PROFILE = "sos-button"


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """Where a probe is published: as the probe's own device in one partition."""

    partition: int
    home: str
    device: str

    @property
    def topic(self) -> str:
        """The topic of its event."""
        return f"yl/v1/{self.home}/{self.device}/event"


def probe_targets(partitions: int) -> list[ProbeTarget]:
    """One probe home for each partition, by name."""
    found: dict[int, ProbeTarget] = {}
    serial = 0
    while len(found) < partitions:
        home = f"probe-{serial}"
        partition = partition_of(home, partitions)
        found.setdefault(partition, ProbeTarget(partition, home, f"probe-button-{serial}"))
        serial += 1
    return [found[partition] for partition in range(partitions)]


def ensure_probe_homes(session: Session, partitions: int, now: datetime) -> list[ProbeTarget]:
    """Make the probe's homes and buttons where they are missing; safe at every start."""
    targets = probe_targets(partitions)
    known = set(session.scalars(sa.select(Home.code).where(Home.code.in_([one.home for one in targets]))))
    for target in targets:
        if target.home in known:
            continue
        home = Home(code=target.home, name="Probe", address="—", is_probe=True, created_at=now)
        session.add(home)
        session.flush()
        session.add(
            Device(
                code=target.device,
                home_id=home.id,
                name="Probe",
                profile=PROFILE,
                state=DeviceState.LIVE,
                live_at=now,
                created_at=now,
            )
        )
    session.flush()
    return targets


def start_run(session: Session, now: datetime, settings: Settings) -> ProbeRun:
    """Write a run before it is sent; its `event_key` is the id the event must carry."""
    run = ProbeRun(
        event_key=f"probe-{secrets.token_hex(12)}",
        sent_at=now,
        due_at=now + timedelta(seconds=settings.probe_timeout_seconds),
        outcome="sent",
    )
    session.add(run)
    session.flush()
    return run


def arrive(session: Session, finding: Finding, now: datetime) -> Incident:
    """Mark the run of a probe finding as arrived, and keep its incident: opened, closed, never shown."""
    incident = Incident(
        kind=finding.kind,
        home_id=finding.home_id,
        lane=finding.lane,
        severity=finding.severity,
        state=IncidentState.CLOSED,
        probe=True,
        closed_at=now,
        reason=CloseReason.TEST,
    )
    open_incident(session, incident, now)
    if finding.event is not None:
        _mark_arrived(session, finding.event.event_key, now)
    return incident


def answered(session: Session, event_key: str, seconds: float) -> None:
    """The probe's receipt came back: its latency is the whole way there and back, commit included."""
    run = session.scalar(sa.select(ProbeRun).where(ProbeRun.event_key == event_key))
    if run is not None:
        run.latency_milliseconds = seconds * 1000
        PROBE_SECONDS.observe(seconds)


def _mark_arrived(session: Session, event_key: str, now: datetime) -> None:
    run = session.scalar(sa.select(ProbeRun).where(ProbeRun.event_key == event_key))
    if run is None or run.arrived_at is not None:
        return
    run.arrived_at = now
    run.latency_milliseconds = max((now - run.sent_at).total_seconds() * 1000, 0.0)
    run.outcome = "arrived" if now <= run.due_at else "late"
    PROBES.labels(run.outcome).inc()


__all__ = [
    "PROFILE",
    "ProbeTarget",
    "answered",
    "arrive",
    "ensure_probe_homes",
    "probe_targets",
    "start_run",
]
