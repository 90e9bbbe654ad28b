"""The shape of the embedded store's file, and how it is opened.

A series is a device's metric. Points lie in a table without row ids, so that a day of one series is one stretch of pages.
A file of a newer version is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.database import sqlite_journal_mode, sqlite_module
from timeseries.ports import StoreAwayError

SCHEMA_VERSION = 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    home_id INTEGER NOT NULL,
    device_id INTEGER NOT NULL,
    metric TEXT NOT NULL,
    UNIQUE (device_id, metric)
);
CREATE TABLE IF NOT EXISTS points (
    series_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series_id, at)
) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


def connector(path: Path) -> Callable[[float], Any]:
    """A function that opens the file, waiting at most so many seconds for a lock, and makes the tables when missing."""
    module = sqlite_module()
    journal_mode = sqlite_journal_mode()

    def connect(wait_seconds: float) -> Any:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = module.connect(str(path), timeout=wait_seconds, isolation_level=None, check_same_thread=False)
        try:
            for pragma in (f"journal_mode={journal_mode}", "synchronous=FULL", "mmap_size=0", "cache_size=-20000"):
                connection.execute(f"PRAGMA {pragma}")
            _make_tables(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _make_tables(connection: Any, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreAwayError(reason=f"the file {path} was written by a newer version")
    if version < SCHEMA_VERSION:
        connection.executescript(_SCHEMA)
