"""A centre whose readings are in InfluxDB is backed up and lost with it; `yinling restore` brings both back elsewhere."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from support.centre import Centre, Credentials, running_centre
from support.device import Button, button
from support.influx import PASSWORD, TOKEN, InfluxServer, running_influx, sum_of
from support.influxd import require_influxd
from support.processes import until

from core.config import Settings
from core.database import Database
from yinling.backup import manifest, relational

BUCKET = "readings"
READINGS = 240
_MINUTES_AGO = 50
INFLUX: dict[str, Any] = {"influx_token": TOKEN, "influx_bucket": BUCKET, "influx_setup_password": PASSWORD}


@dataclass(frozen=True)
class Lost:
    """What is left of a centre: its backup, what it held, a device whose press was taken, one that measured."""

    backup: Path
    readings: tuple[int, str]
    incidents: list[dict[str, Any]]
    pressed: Credentials
    measured: Credentials


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    folder = tmp_path_factory.mktemp("lost")
    calm: dict[str, Any] = {"ring_again_seconds": 600, "fallback_after_seconds": 3600, "claim_expires_seconds": 3600}
    with (
        running_influx(folder / "influx") as influx,
        running_centre(folder, influx_url=influx.url, **INFLUX, **calm, probe_interval_seconds=3600) as centre,
    ):
        home = centre.home()
        pressed, measured = centre.device(home), centre.device(home, "vitals")
        with button(pressed) as device:
            centre.post(f"/incidents/{device.press(event_id='before')['incident']}/acknowledge")
        with button(measured) as device:
            _measure(device)
        settings = influx.settings(centre.data_dir, BUCKET)
        until(lambda: sum_of(settings)[0] == READINGS, 60, lambda: str(sum_of(settings)), 0.2)
        made = yinling(centre.environment, "backup", str(folder / "backups"))
        assert made.returncode == 0, made.stderr
        return Lost(Path(made.stdout.strip()), sum_of(settings), centre.incidents(home, state="all"), pressed, measured)


def _measure(device: Button) -> None:
    """Values that only a whole float holds, one each ten seconds up to now."""
    began_ms = int(time.time() * 1000) - _MINUTES_AGO * 60_000
    for start in range(0, READINGS, 40):
        numbers = range(start, start + 40)
        values = [{"ts": began_ms + one * 10_000, "values": {"heart_rate": 60 + one / 7}} for one in numbers]
        device.publish("telemetry", values).wait_for_publish(30)


@pytest.fixture(params=["nobody has set it up", "its bucket is empty"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InfluxServer]:
    """Another InfluxDB, without any reading."""
    if request.param == "its bucket is empty":
        with running_influx(tmp_path / "influx") as server:
            yield server
        return
    (tmp_path / "influx").mkdir()
    server = InfluxServer(require_influxd(), tmp_path / "influx")
    try:
        server.start()
        yield server
    finally:
        server.kill()


def yinling(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yinling", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=170)


def test_every_row_and_every_reading_is_there_and_the_centre_goes_on(lost: Lost, other: InfluxServer, tmp_path: Path) -> None:
    with running_centre(
        tmp_path, started=False, influx_url=other.url, **INFLUX, claim_expires_seconds=3600, probe_interval_seconds=3600
    ) as centre:
        back = yinling(centre.environment, "restore", str(lost.backup))
        assert back.returncode == 0, back.stderr
        assert f"readings: {READINGS}, as in the backup" in back.stderr
        assert "Traceback" not in back.stderr
        settings = other.settings(centre.data_dir, BUCKET)
        assert sum_of(settings) == lost.readings
        assert not settings.readings_path.exists(), "they are in InfluxDB only"
        assert yinling(centre.environment, "restore", str(lost.backup), "--check").returncode == 0, "it serves once more"
        with closing(Database(centre.database_url)) as database, database.snapshot() as session:
            assert relational.table_sums(session.connection()) == dict(manifest.read(lost.backup).tables)
        centre.start()
        assert _without_age(centre.incidents(lost.pressed.home, state="all")) == _without_age(lost.incidents)
        _draws_and_measures_on(centre, settings, lost)


def _without_age(incidents: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    names = ("id", "kind", "state", "opened_at", "acknowledged_at")
    return [tuple(one.get(name) for name in names) for one in incidents]


def _draws_and_measures_on(centre: Centre, settings: Settings, lost: Lost) -> None:
    """The old readings are in the picture, a new one comes to them, and a repeat of the old press opens nothing."""
    picture = centre.get(f"/devices/{lost.measured.id}/readings", metric="heart_rate", points=2000)
    assert len(picture["items"]) == READINGS
    with button(replace(lost.measured, port=centre.mqtt_port)) as device:
        device.publish("telemetry", {"ts": int(time.time() * 1000), "values": {"heart_rate": 71.5}})
        until(lambda: sum_of(settings)[0] == READINGS + 1, 60, lambda: str(sum_of(settings)), 0.2)
    with button(replace(lost.pressed, port=centre.mqtt_port)) as device:
        device.publish_event("before")
        assert device.wait_receipt("before", 20, {"duplicate"}) is not None


def test_an_influxdb_that_is_away_ends_the_restore_with_a_sentence_and_no_start(lost: Lost, tmp_path: Path) -> None:
    with running_centre(tmp_path, started=False, influx_url="http://127.0.0.1:9", **INFLUX) as centre:
        back = yinling(centre.environment, "restore", str(lost.backup))
        assert back.returncode == 2
        assert "The restore stopped" in back.stderr
        assert "Traceback" not in back.stderr
        started = yinling(centre.environment, "run")
        assert started.returncode == 2
        assert "never finished" in started.stderr
