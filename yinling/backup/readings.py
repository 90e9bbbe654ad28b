"""The readings out of and into a backup: always one SQLite file, whichever store they come from or go to."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from core.clock import Clock
from core.config import Settings
from core.database import sqlite_module
from timeseries.copying import PlaceFile, copy, differences
from timeseries.opening import open_store
from timeseries.sqlite_store import SqliteReadingStore
from yinling.backup.relational import copy_sqlite
from yinling.preparation import prepare_readings

FILE = "readings.db"
_PLACE = ".readings-place"


def dump(settings: Settings, clock: Clock, folder: Path) -> int:
    """Write all stored readings into the folder; how many. Raises StoreAwayError when InfluxDB does not answer."""
    target = folder / FILE
    if settings.influx_url is None:
        if not settings.readings_path.exists():
            return 0
        copy_sqlite(settings.readings_path, target)
    else:
        with closing(open_store(settings, clock)) as source, closing(SqliteReadingStore(target)) as kept:
            kept.check()
            copy(source, kept, PlaceFile(folder / _PLACE), clock, _untold)
        (folder / _PLACE).unlink(missing_ok=True)
    return count(target)


def load(settings: Settings, clock: Clock, folder: Path, state: Path) -> int:
    """Bring them back into the store of these settings; how many of them are there now.

    An InfluxDB that holds nothing yet is prepared as every start does. One that was half filled by a restore that was killed
    is filled anew, which changes nothing of what is there; then every reading is read back and compared. What is older than
    the retention InfluxDB does not take, and nobody misses. The backup itself is only read: SQLite writes into a file it
    opens, so a copy beside `state` is opened, which needs room for it meanwhile.
    """
    source = folder / FILE
    if not source.exists():
        return 0
    if settings.influx_url is None:
        partial = settings.readings_path.with_suffix(".partial")
        shutil.copyfile(source, partial)
        partial.chmod(0o600)
        partial.replace(settings.readings_path)
        return count(settings.readings_path)
    prepare_readings(settings)
    state.parent.mkdir(parents=True, exist_ok=True)
    opened = state.with_name(FILE)
    shutil.copyfile(source, opened)
    opened.chmod(0o600)
    with closing(SqliteReadingStore(opened)) as kept, closing(open_store(settings, clock)) as target:
        copy(kept, target, PlaceFile(state), clock, _untold)
        oldest = clock.now() - timedelta(days=settings.readings_retention_days)
        missing = sum(1 for one in differences(kept, target) if one.at > oldest)
    there = count(opened) - missing
    opened.unlink()
    return there


def count(path: Path) -> int:
    """Readings in a SQLite file; whatever SQLite keeps beside it goes."""
    with closing(sqlite_module().connect(path)) as connection:
        found = int(connection.execute("SELECT COUNT(*) FROM points").fetchone()[0])
        connection.execute("PRAGMA journal_mode=DELETE")
    path.chmod(0o600)
    return found


def _untold(_done: int, _devices: int, _readings: int) -> None:
    """Nobody watches."""
