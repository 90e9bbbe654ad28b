"""Tests that ask for `store` run on each store of readings there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.influx import InfluxServer

from timeseries.ports import ReadingStore
from timeseries.sqlite_store import SqliteReadingStore


@pytest.fixture(params=["sqlite", "influx"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadingStore]:
    if request.param == "sqlite":
        with closing(SqliteReadingStore(tmp_path / "readings.db")) as embedded:
            yield embedded
        return
    server: InfluxServer = request.getfixturevalue("influx")
    with closing(server.store(server.new_bucket())) as remote:
        yield remote
