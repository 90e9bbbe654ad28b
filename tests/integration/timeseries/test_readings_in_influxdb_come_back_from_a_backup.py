"""Readings of a centre that keeps them in InfluxDB: out into a backup, and back into a server that nobody has set up yet."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.influx import TOKEN, InfluxServer, sum_of
from support.influxd import require_influxd
from support.readings import readings as one_a_second

from core.clock import ManualClock, SystemClock
from core.config import Settings
from timeseries.opening import open_store
from timeseries.ports import StoredReading
from yinling.backup import readings

DEVICES, EACH = 3, 4_000
"""More than the copy writes at once, so that it can die half-way."""
KILLED = """
import os, signal, sys
from pathlib import Path
from core.clock import SystemClock
from core.config import Settings
from yinling.backup import readings

def die(*_told):
    os.kill(os.getpid(), signal.SIGKILL)

readings._untold = die
data_dir, url, token, backup, state = sys.argv[1:]
settings = Settings(
    data_dir=Path(data_dir), influx_url=url, influx_token=token, influx_org="yinling", influx_bucket="restored",
    influx_setup_password="a-first-password", readings_retention_days=36_500,
)
readings.load(settings, SystemClock(), Path(backup), Path(state))
"""


@pytest.fixture
def kept() -> list[StoredReading]:
    """Three devices, some values that only a whole float holds."""
    found = [one for device in range(1, DEVICES + 1) for one in one_a_second(EACH, device)]
    return [StoredReading(1, one.device_id, one.metric, one.at, one.value / 7) for one in found]


@pytest.fixture
def backup(influx: InfluxServer, kept: list[StoredReading], tmp_path: Path) -> Path:
    """What a backup holds of them."""
    settings = influx.settings(tmp_path / "old", influx.new_bucket())
    with closing(open_store(settings)) as store:
        for start in range(0, len(kept), 5_000):
            store.write(kept[start : start + 5_000])
    folder = tmp_path / "backup"
    folder.mkdir()
    assert readings.dump(settings, SystemClock(), folder) == len(kept)
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[InfluxServer]:
    """A server as it is unpacked: no user, no organisation, no bucket."""
    folder = tmp_path / "influxd"
    folder.mkdir()
    server = InfluxServer(require_influxd(), folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def into(server: InfluxServer, data_dir: Path, **more: object) -> Settings:
    wanted = {"influx_setup_password": "a-first-password", "readings_retention_days": 36_500, **more}
    return server.settings(data_dir, "restored", **wanted)


def sum_of_all(kept: list[StoredReading]) -> tuple[int, str]:
    lines = (f"{one.device_id} {one.metric} {one.at.isoformat()} {one.value!r}\n" for one in kept)
    return len(kept), hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_same_number_and_checksum_in_a_server_nobody_has_set_up(
    backup: Path, empty: InfluxServer, kept: list[StoredReading], tmp_path: Path
) -> None:
    settings = into(empty, tmp_path / "new")
    files = {path.name: path.read_bytes() for path in backup.iterdir()}
    assert readings.load(settings, SystemClock(), backup, tmp_path / "state.json") == len(kept)
    assert sum_of(settings) == sum_of_all(kept)
    assert {path.name: path.read_bytes() for path in backup.iterdir()} == files, "a backup serves more than once"


def test_a_restore_killed_half_way_is_run_again_from_its_beginning(
    backup: Path, empty: InfluxServer, kept: list[StoredReading], tmp_path: Path
) -> None:
    arguments = [str(tmp_path / "new"), empty.url, TOKEN, str(backup), str(tmp_path / "state.json")]
    died = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr
    settings = into(empty, tmp_path / "new")
    half, _ = sum_of(settings)
    assert 0 < half < len(kept), "it died half-way"
    # Its data folder is emptied, and with it the place the copy had reached.
    assert readings.load(settings, SystemClock(), backup, tmp_path / "another.json") == len(kept)
    assert sum_of(settings) == sum_of_all(kept)


def copies_nothing(*_asked: object) -> None:
    """As a server that answers 204 and keeps nothing."""


def test_a_reading_that_did_not_arrive_is_missed(
    backup: Path, empty: InfluxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "copy", copies_nothing)
    assert readings.load(into(empty, tmp_path / "new"), SystemClock(), backup, tmp_path / "state.json") == 0


def test_what_is_older_than_the_retention_is_not_missed(
    backup: Path, empty: InfluxServer, kept: list[StoredReading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "copy", copies_nothing)
    settings = into(empty, tmp_path / "new", readings_retention_days=365)
    clock = ManualClock(kept[EACH // 2].at + timedelta(days=365))
    still_kept = sum(one.at > kept[EACH // 2].at for one in kept)
    assert readings.load(settings, clock, backup, tmp_path / "state.json") == len(kept) - still_kept
