"""`yinling timeseries copy`: everything arrives, a copy that was killed goes on, and what the target does not keep is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from support.influx import InfluxServer
from support.keyboard import typed
from support.processes import until
from support.readings import readings

from core.clock import SystemClock
from timeseries import influx_setup
from timeseries.copying import differences
from timeseries.influx_setup import Keeping
from timeseries.ports import StoredReading
from timeseries.sqlite_store import SqliteReadingStore

ROOT = Path(__file__).parents[3]
DEVICES = 25


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(SqliteReadingStore(path)) as store:
        for device in range(1, DEVICES + 1):
            store.write(readings(2_000, device))
    return path


@pytest.fixture
def environment(influx: InfluxServer, tmp_path: Path) -> dict[str, str]:
    bucket = f"copy-{tmp_path.name}"
    influx_setup.ensure(influx.address(bucket), Keeping(400, 400, 400, "Asia/Shanghai"), None, SystemClock())
    settings = influx.settings(tmp_path, bucket)
    assert settings.influx_token is not None
    return {
        "YINLING_INFLUX_TOKEN": settings.influx_token.get_secret_value(),
        "YINLING_INFLUX_BUCKET": bucket,
        "YINLING_DATA_DIR": str(tmp_path / "data"),
    }


def test_into_influxdb_and_back_is_the_same(influx: InfluxServer, filled: Path, environment: dict[str, str]) -> None:
    there = typed(environment, "timeseries", "copy", "--from", str(filled), "--to", influx.url, "--check")
    assert there.exit_code == 0, there.output
    assert f"{DEVICES * 2_000} readings copied, 0 of them older" in there.output
    assert "Every reading is the same in both." in there.output
    again = filled.with_name("again.db")
    back = typed(environment, "timeseries", "copy", "--from", influx.url, "--to", f"sqlite:{again}")
    assert back.exit_code == 0, back.output
    with closing(SqliteReadingStore(filled)) as first, closing(SqliteReadingStore(again)) as second:
        assert list(differences(first, second)) == []
        assert list(differences(second, first)) == []
    with closing(influx.client()) as client:
        bucket = environment["YINLING_INFLUX_BUCKET"]
        hours = client.query_api().query(
            f'from(bucket: "{bucket}_hourly") |> range(start: 0) |> filter(fn: (r) => r._field == "count")'
        )
        assert sum(record.get_value() for table in hours for record in table.records) == DEVICES * 2_000


def test_a_copy_that_was_killed_goes_on(influx: InfluxServer, filled: Path, environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "yinling", "timeseries", "copy", "--from", str(filled), "--to", influx.url]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    places = tmp_path / "data" / "copies"
    until(lambda: list(places.glob("*.json")) if places.exists() else [], 60)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    (place,) = places.glob("*.json")
    copied = orjson.loads(place.read_bytes())["copied"]
    assert 0 < copied < DEVICES * 2_000
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert not place.exists()
    said = int(done.stdout.split()[0])
    # What was written and not yet noted, and the instant it stopped at, are written again.
    assert DEVICES * 2_000 <= said <= DEVICES * 2_000 + 100
    with closing(SqliteReadingStore(filled)) as old, closing(influx.store(environment["YINLING_INFLUX_BUCKET"])) as new:
        assert list(differences(old, new)) == []


def test_what_the_target_does_not_keep_is_counted(influx: InfluxServer, environment: dict[str, str], tmp_path: Path) -> None:
    path, now = tmp_path / "old.db", datetime.now(UTC)
    with closing(SqliteReadingStore(path)) as store:
        store.write([StoredReading(1, 1, "spo2", now - timedelta(days=days), 97.0) for days in (1, 2, 1_000)])
    told = typed(environment, "timeseries", "copy", "--from", str(path), "--to", influx.url, "--check")
    assert "3 readings copied, 1 of them older than the target keeps" in told.output
    assert "1 readings are not the same in both." in told.output
    assert told.exit_code == 1


def test_a_store_that_is_away_ends_the_copy_with_a_sentence(filled: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "yinling", "timeseries", "copy", "--from", str(filled), "--to", "http://127.0.0.1:9"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "goes on where it was" in done.stderr
    assert "Traceback" not in done.stderr
