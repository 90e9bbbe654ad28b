"""Scenes of an ingest worker to die in: its timers of silence, with a gateway and what hangs on it due in one moment."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from support.alarm_town import build_town
from support.deaths import Place, Prepared, Scene
from support.stores import START
from support.worker import add_device, add_home, build_bench

from core.clock import ManualClock
from core.config import Settings
from core.database import Database

_HOUR = timedelta(hours=1)


def gateways_fallen_silent(database: Database, settings: Settings) -> Prepared:
    """Two homes whose gateways, and a sensor behind each, should have spoken long ago; another device has time yet."""
    town = build_town(database, ManualClock(START), settings)
    town.watch()
    now = town.clock.now()
    for code in ("h-a", "h-b"):
        home = add_home(database, now, code)
        hub = add_device(database, now, home, f"{code}-hub", "zigbee2mqtt-gateway", silence_due_at=now + _HOUR)
        add_device(
            database, now, home, f"{code}-motion", "motion", parent_id=hub, address="0x1", alias="m", silence_due_at=now + _HOUR
        )
        add_device(database, now, home, f"{code}-button", "sos-button", silence_due_at=now + 25 * _HOUR)
    return town.later(2 * 3600), {}


def run_silence_timers(place: Place) -> None:
    """A worker starts, reads its homes and looks once at who should have spoken."""
    with place.open() as (database, clock), tempfile.TemporaryDirectory() as folder:
        bench = build_bench(Path(folder), database, clock, place.settings)
        with database.snapshot() as session:
            bench.tools.book.load_all(session)
            bench.tools.conditions.load(session)
        clock.advance(timedelta(seconds=2))  # the grace of its start
        bench.silence.note(bench.silence.tick())
        bench.store.close()


SCENES: Sequence[Scene] = (
    Scene(
        "silence_timers",
        gateways_fallen_silent,
        run_silence_timers,
        settings={"restart_grace_seconds": 1},
        ignored=frozenset({"partition_leases"}),  # each worker takes an epoch of its own
    ),
)

__all__ = ["SCENES"]
