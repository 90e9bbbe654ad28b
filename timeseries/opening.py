"""The one place where it is decided which store the readings are in, and how they get there."""

from __future__ import annotations

from pathlib import Path

from core.clock import Clock, SystemClock
from core.config import Settings
from timeseries.forwarder import Forwarder
from timeseries.influx_connection import InfluxAddress
from timeseries.influx_names import names_of
from timeseries.influx_store import InfluxReadingStore
from timeseries.ports import ReadingStore
from timeseries.recorder import Recorder
from timeseries.spool import Spool
from timeseries.sqlite_store import SqliteReadingStore

READ_SECONDS = 15.0
"""How long people wait for a picture."""
_JUDGING_SECONDS = 2.0
"""How long rules wait that look back; they come again."""


def influx_address(settings: Settings) -> InfluxAddress | None:
    """Where InfluxDB is; None where readings are kept in the data folder."""
    if settings.influx_url is None:
        return None
    token = settings.influx_token.get_secret_value() if settings.influx_token else ""
    return InfluxAddress(settings.influx_url, token, names_of(settings), settings.tls_authority)


def open_store(settings: Settings, clock: Clock | None = None, *, read_seconds: float = READ_SECONDS) -> ReadingStore:
    """The store of readings of these settings, reached at its first use."""
    address = influx_address(settings)
    if address is None:
        return SqliteReadingStore(settings.readings_path)
    return InfluxReadingStore(address, clock or SystemClock(), read_seconds=read_seconds)


def open_recorder(settings: Settings, clock: Clock, name: str) -> Recorder:
    """The recorder of one process: the store of these settings and the spool in a folder of its own name."""
    spool = Spool(Path(settings.data_dir) / "spool" / name, most_bytes=settings.spool_max_bytes)
    store = open_store(settings, clock, read_seconds=_JUDGING_SECONDS)
    if settings.influx_url is None:
        return Recorder(store, spool, clock)
    forwarder = Forwarder(store, spool, clock)
    forwarder.start()
    return forwarder
