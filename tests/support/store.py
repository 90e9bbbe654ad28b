"""A look into a centre's relational store from outside, read-only, beside its processes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

from support.centre import Centre
from support.databases import ask


def rows(centre: Centre, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The answer to one query."""
    if not centre.is_sqlite:
        return ask(centre.database_url, query, parameters)
    with closing(sqlite3.connect(f"file:{centre.data_dir / 'yinling.db'}?mode=ro", uri=True, timeout=30)) as reader:
        return reader.execute(query, parameters).fetchall()


def stored_events(centre: Centre, device_id: int) -> Counter[str]:
    """How often each event id of a device was stored; 1 each is right."""
    return Counter(row[0] for row in rows(centre, "SELECT event_key FROM signals WHERE device_id = ?", (device_id,)))


def incidents_by_home(centre: Centre, prefix: str) -> Counter[str]:
    """How many incidents, of any state, each home of a town has."""
    query = "SELECT homes.code FROM incidents JOIN homes ON homes.id = incidents.home_id WHERE homes.code LIKE ?"
    return Counter(row[0] for row in rows(centre, query, (f"{prefix}-%",)))


def stored_readings(centre: Centre, device_id: int, metric: str = "heart_rate") -> dict[int, float]:
    """Every reading of a series: epoch milliseconds to value."""
    query = """
        SELECT points.at, points.value FROM points JOIN series ON series.id = points.series_id
        WHERE series.device_id = ? AND series.metric = ?
    """
    with closing(sqlite3.connect(f"file:{centre.data_dir / 'readings.db'}?mode=ro", uri=True, timeout=30)) as reader:
        return {at // 1000: value for at, value in reader.execute(query, (device_id, metric))}
