"""`yinling grafana sync` as it is typed: what it prints, with what it exits, and that nothing secret but the password is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.grafana_server import GrafanaServer, grafana_server
from support.processes import until

from alerts.model import Incident
from core.clock import SystemClock
from core.config import Settings
from people.model import Area, Role, User
from yinling import bootstrap
from yinling.guard import SUPERVISOR_VARIABLE


@pytest.fixture
def server() -> Iterator[GrafanaServer]:
    with grafana_server("13.0.1") as one:
        yield one


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A small centre: an area, a supervisor of the centre and one of the area, an incident of today."""
    settings = Settings(data_dir=tmp_path / "data")
    bootstrap.migrate(settings)
    database, now = bootstrap.open_database(settings), SystemClock().now()
    with database.transaction() as session:
        east = Area(code="east", name="东街", path="/east/")
        session.add(east)
        for name, areas in (("wang", []), ("li", [east])):
            session.add(User(username=name, name=name, role=Role.SUPERVISOR, password_hash="x", created_at=now, areas=areas))
        session.add(Incident(number=3, kind="sos", lane="l", severity="high", state="open", opened_at=now - timedelta(minutes=2)))
    database.close()
    return settings.data_dir


def environment(server: GrafanaServer, data_dir: Path, **more: str) -> dict[str, str]:
    told = {
        "GRAFANA_URL": server.url,
        "GRAFANA_USER": "admin",
        "GRAFANA_PASSWORD": "admin",
        "GRAFANA_PROMETHEUS_URL": "http://p:9090",
    }
    told |= {"INFLUX_URL": "http://127.0.0.1:1", "INFLUX_TOKEN": "writes-too", "DATA_DIR": str(data_dir), **more}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("YINLING_")}
    return {**kept, **{f"YINLING_{key}": value for key, value in told.items()}}


def sync(where: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yinling", "grafana", "sync", *options]
    return subprocess.run(command, env=where, capture_output=True, text=True, timeout=120, check=False)


def test_a_dry_run_a_sync_and_a_second_one(server: GrafanaServer, data_dir: Path) -> None:
    where = environment(server, data_dir)
    would = sync(where, "--dry-run")
    assert would.returncode == 0, would.stderr
    assert "dashboard would be created: 接警用时 · Answer times" in would.stdout
    assert "password" not in would.stdout
    assert server.writes() == []
    done = sync(where)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Grafana 13.0.1 at {server.url}\n")
    assert "folder created: 银铃 东街" in done.stdout
    assert "annotation created: #3 紧急求助 · high" in done.stdout
    [password] = [line.rpartition(" ")[2] for line in done.stdout.splitlines() if "shown this once" in line]
    assert len(password) >= 16
    assert "no account for li" in done.stderr
    assert "YINLING_GRAFANA_INFLUX_TOKEN" in done.stderr, "the token that writes is never handed to Grafana"
    assert "writes-too" not in str(server.rooms.sources.kept)
    again = sync(where)
    assert again.returncode == 0
    assert "created" not in again.stdout
    assert password not in again.stdout
    assert "5 dashboards unchanged" in again.stdout


def test_a_refusal_is_a_line_and_an_exit_code(server: GrafanaServer, data_dir: Path) -> None:
    server.rooms.dashboards.save({"dashboard": {"uid": "yinling-home", "title": "mine"}})
    done = sync(environment(server, data_dir, GRAFANA_INFLUX_TOKEN="reads"))
    assert done.returncode == 1
    assert "dashboard refused: [grafana_not_ours]" in done.stderr
    assert "dashboard created: 设备 · Device fleet" in done.stdout


def test_what_a_person_must_put_right_first_is_one_sentence(server: GrafanaServer, data_dir: Path) -> None:
    wrong = sync(environment(server, data_dir, GRAFANA_PASSWORD="a-wrong-one"))
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("yinling: Grafana at ")
    assert "Traceback" not in wrong.stderr
    assert "a-wrong-one" not in wrong.stderr + wrong.stdout
    unset = sync({key: value for key, value in environment(server, data_dir).items() if "GRAFANA" not in key})
    assert (unset.returncode, unset.stdout) == (2, "")
    assert "YINLING_GRAFANA_URL" in unset.stderr


def test_it_goes_on_and_outlives_a_grafana_that_is_away(server: GrafanaServer, data_dir: Path) -> None:
    server.answer_next.append((502, b"bad gateway"))
    where = {**environment(server, data_dir), SUPERVISOR_VARIABLE: str(os.getpid())}
    log = data_dir.parent / "sync.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "yinling", "grafana", "sync", "--every", "10"]
        process = subprocess.Popen(command, env={**where, "PYTHONUNBUFFERED": "1"}, stdout=out, stderr=out)
    try:
        until(lambda: "not now: " in log.read_text(), 60, log.read_text)
        until(lambda: server.rooms.annotations.kept, 60, log.read_text)
        close_it(data_dir)
        until(lambda: any(one["timeEnd"] > one["time"] for one in server.rooms.annotations.kept.values()), 60, log.read_text)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(60)


def close_it(data_dir: Path) -> None:
    database = bootstrap.open_database(Settings(data_dir=data_dir))
    with database.transaction() as session:
        incident = session.get_one(Incident, 1)
        incident.state, incident.reason, incident.closed_at = "closed", "reassured", SystemClock().now()
    database.close()
