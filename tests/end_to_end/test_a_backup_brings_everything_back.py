"""A running centre is backed up, lost, and restored into an empty folder; nothing of it is missing there."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from support.centre import Centre, Credentials, running_centre
from support.databases import settings_of
from support.device import button
from support.processes import kill, until

from core.database import Database
from yinling.backup import manifest, relational


def yinling(
    centre: Centre, *arguments: str, data_dir: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yinling", *arguments, "--data-dir", str(data_dir or centre.data_dir)]
    return subprocess.run(command, env=environment or centre.environment, capture_output=True, text=True, check=False, timeout=170)


def elsewhere(centre: Centre, data_dir: Path) -> dict[str, str]:
    """The environment of the same centre in another place: an empty folder, and an empty database where it has one."""
    stores = {} if centre.is_sqlite else {"YINLING_DATABASE_URL": str(settings_of("postgresql")["database_url"])}
    return {**centre.environment, "YINLING_DATA_DIR": str(data_dir), **stores}


@dataclass(frozen=True)
class Lost:
    """A centre, its backup, and two devices: one whose press was taken, one whose press nobody had read when it was backed up."""

    centre: Centre
    backup: Path
    heard: Credentials
    unheard: Credentials


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    folder = tmp_path_factory.mktemp("lost")
    with running_centre(
        folder, ring_again_seconds=600, fallback_after_seconds=3600, claim_expires_seconds=3600, probe_timeout_seconds=120
    ) as centre:
        home = centre.home()
        heard, unheard, vitals = centre.device(home), centre.device(centre.home()), centre.device(home, "vitals")
        with button(heard) as device:
            centre.post(f"/incidents/{device.press(event_id='before')['incident']}/acknowledge")
        with button(vitals) as speaker:
            values = [{"ts": 1_764_000_000_000 + serial, "values": {"heart_rate": 60 + serial}} for serial in range(20)]
            speaker.publish("telemetry", values)
        until(lambda: len(_values(centre, vitals.id)) == 20, what=lambda: str(_values(centre, vitals.id)))
        with button(unheard) as device:
            centre.kill("ingest-0", signal.SIGSTOP)
            device.publish_event("unread")
            made = yinling(centre, "backup", str(folder / "backups"))
            centre.kill("ingest-0", signal.SIGCONT)
        assert made.returncode == 0, made.stderr
        yield Lost(centre, Path(made.stdout.strip()), heard, unheard)


def _values(centre: Centre, device_id: int) -> list[float]:
    with closing(sqlite3.connect(f"file:{centre.data_dir / 'readings.db'}?mode=ro", uri=True)) as connection:
        query = "SELECT value FROM points JOIN series ON series.id = series_id WHERE device_id = ? AND metric = 'heart_rate'"
        return [row[0] for row in connection.execute(query, (device_id,))]


def test_it_holds_what_its_manifest_says_and_only_its_owner_reads_it(lost: Lost) -> None:
    centre, backup = lost.centre, lost.backup
    told = manifest.read(backup)
    assert told.store == ("sqlite" if centre.is_sqlite else "postgresql")
    assert told.tables["incidents"].rows >= 1
    assert told.readings >= 20
    assert any(name.startswith("$MQTT") for name in told.streams)
    assert "files/broker/secrets.json" in told.files
    assert backup.stat().st_mode & 0o077 == 0
    assert yinling(centre, "restore", str(backup), "--check").returncode == 0


def test_a_restored_centre_has_every_row_every_reading_and_knows_a_repeat(lost: Lost, tmp_path: Path) -> None:
    backup = lost.backup
    target = tmp_path / "data"
    environment = elsewhere(lost.centre, target)
    back = yinling(lost.centre, "restore", str(backup), data_dir=target, environment=environment)
    assert back.returncode == 0, back.stderr
    assert "Traceback" not in back.stderr
    told = manifest.read(backup)
    centre = Centre(target, environment)
    with closing(Database(centre.database_url)) as database, database.snapshot() as session:
        sums = relational.table_sums(session.connection())
    assert sums == dict(told.tables)
    try:
        centre.start()
        assert [one["state"] for one in centre.incidents(lost.heard.home, state="all")] == ["acknowledged"]
        with button(replace(lost.heard, port=centre.mqtt_port)) as device:
            device.publish_event("before")
            assert device.wait_receipt("before", 20, {"duplicate"}) is not None
        assert centre.wait_incident(lost.unheard.home)["kind"] == "sos"
    finally:
        centre.stop()
    assert centre.errors() == []


def test_a_backup_that_was_killed_is_none_and_the_next_one_clears_it_away(lost: Lost, tmp_path: Path) -> None:
    centre = lost.centre
    into = tmp_path / "backups"
    command = [sys.executable, "-m", "yinling", "backup", str(into), "--data-dir", str(centre.data_dir)]
    process = subprocess.Popen(command, env=centre.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (half,) = until(lambda: list(into.glob("*.partial")), 60, "a backup under way", 0.001)
    kill(process.pid, signal.SIGKILL)
    process.wait()
    assert [path.suffix for path in into.iterdir()] == [".partial"]
    refused = yinling(centre, "restore", str(half), data_dir=tmp_path / "data")
    assert refused.returncode == 2
    assert "no finished backup" in refused.stderr
    assert not (tmp_path / "data").exists()
    made = yinling(centre, "backup", str(into), "--keep", "1")
    assert made.returncode == 0, made.stderr
    assert [path.name for path in into.iterdir()] == [Path(made.stdout.strip()).name]


@pytest.mark.parametrize("harm", ["a byte", "a file"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(lost: Lost, tmp_path: Path, harm: str) -> None:
    centre, backup = lost.centre, lost.backup
    damaged = shutil.copytree(backup, tmp_path / "damaged")
    file = damaged / (relational.SQLITE_FILE if centre.is_sqlite else relational.DUMP_FILE)
    if harm == "a file":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    refused = yinling(centre, "restore", str(damaged), data_dir=tmp_path / "data")
    assert refused.returncode == 2
    assert f"{file.name} is" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_folder_with_something_in_it_is_left_alone(lost: Lost) -> None:
    centre, backup = lost.centre, lost.backup
    refused = yinling(centre, "restore", str(backup))
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr
    assert centre.is_ready()


def test_a_half_restored_folder_does_not_start(lost: Lost, tmp_path: Path) -> None:
    centre = lost.centre
    half = tmp_path / "half"
    half.mkdir()
    (half / "restore.unfinished").touch()
    refused = yinling(centre, "run", data_dir=half)
    assert refused.returncode == 2
    assert "never finished" in refused.stderr


def test_a_backup_of_a_later_yinling_is_refused(lost: Lost, tmp_path: Path) -> None:
    centre, backup = lost.centre, lost.backup
    later = shutil.copytree(backup, tmp_path / "later")
    content = orjson.loads((later / manifest.NAME).read_bytes())
    (later / manifest.NAME).write_bytes(orjson.dumps({**content, "revision": "9999"}))
    refused = yinling(centre, "restore", str(later), data_dir=tmp_path / "data")
    assert refused.returncode == 2
    assert "newer" in refused.stderr
