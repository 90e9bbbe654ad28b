"""Retention: what raised nothing goes in time, what belongs to an alarm stays."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from support.worker import add_device, add_home

from alerts.model import Change, Incident, SignalRecord
from alerts.retention import forget_old
from core.clock import ManualClock
from core.config import Settings
from core.database import Database


def test_old_movement_goes_and_the_signal_of_an_incident_stays(database: Database, clock: ManualClock, settings: Settings) -> None:
    home = add_home(database, clock.now(), "h1")
    device = add_device(database, clock.now(), home, "b1", "sos-button")
    with database.transaction() as session:
        incident = Incident(
            number=1, kind="sos", home_id=home, lane="life", severity="critical", state="open", opened_at=clock.now()
        )
        session.add(incident)
        session.flush()
        for kind, incident_id in (("motion.seen", None), ("sos.pressed", incident.id)):
            session.add(
                SignalRecord(
                    home_id=home,
                    device_id=device,
                    event_key=kind,
                    own_id=True,
                    type=kind,
                    received_at=clock.now(),
                    disposition="stored",
                    incident_id=incident_id,
                )
            )
        session.add(Change(kind="device.changed", at=clock.now(), home_id=home, device_id=device))
    clock.advance(timedelta(days=settings.signals_retention_days - 1))
    with database.transaction() as session:
        assert forget_old(session, clock.now(), settings) == 1  # the change
    clock.advance(timedelta(days=2))
    with database.transaction() as session:
        assert forget_old(session, clock.now(), settings) == 1
        assert forget_old(session, clock.now(), settings) == 0
        assert session.scalars(sa.select(SignalRecord.type)).all() == ["sos.pressed"]
