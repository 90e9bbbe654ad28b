"""A port in use, a folder that cannot be written, an address that is not ours: one clear sentence each, exit code 2."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.ports import free_port, free_ports

from core.config import Settings
from yinling.errors import CannotStartError
from yinling.ports import resolve


def settings_of(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, **{"http_port": 0, "mqtt_port": 0, "gateway_port": 0, **more})


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YINLING_")}
    return subprocess.run(
        [sys.executable, "-m", "yinling", *arguments],
        env={**clean, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_zero_takes_free_ports_that_all_differ(tmp_path: Path) -> None:
    ports = resolve(settings_of(tmp_path))
    chosen = [ports.http, ports.mqtt, ports.gateway, ports.nats, ports.nats_monitor]
    assert len(set(chosen)) == 5
    assert 0 not in chosen


def test_own_ports_are_free_ones_unless_set(tmp_path: Path) -> None:
    port = free_port()
    assert resolve(settings_of(tmp_path, nats_port=port)).nats == port
    assert resolve(settings_of(tmp_path)).nats != 4222


def test_two_servers_on_one_port_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStartError, match="three different ports"):
        resolve(Settings(data_dir=tmp_path, http_port=18080, mqtt_port=18080))
    port = free_port()
    for both in (("http_port", "certificate_port"), ("mqtt_websocket_port", "certificate_port")):
        with pytest.raises(CannotStartError, match=r"YINLING_(CERTIFICATE|MQTT_WEBSOCKET)_PORT"):
            resolve(settings_of(tmp_path, **dict.fromkeys(both, port)))


def test_a_port_chosen_for_one_is_never_the_one_set_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certified, other = free_ports(2)
    choices = iter([certified, other, *free_ports(4)])
    monkeypatch.setattr("yinling.ports.random.choice", lambda _: next(choices))
    ports = resolve(settings_of(tmp_path, certificate_port=certified))
    assert ports.http == other
    assert certified not in (ports.mqtt, ports.gateway, ports.nats, ports.nats_monitor)


@pytest.mark.parametrize("name", ["http", "mqtt", "gateway"])
def test_a_port_in_use_is_named_with_its_option(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = [f"--{each}-port={port if each == name else 0}" for each in ("http", "mqtt", "gateway")]
        refused = run("run", "--data-dir", str(tmp_path / "data"), *options)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 is in use" in refused.stderr
    assert f"--{name}-port" in refused.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = run("run", "--data-dir", str(tmp_path / "file" / "data"))
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert f"{tmp_path / 'file' / 'data'} cannot be written" in refused.stderr


def test_a_foreign_address_is_refused(tmp_path: Path) -> None:
    ports = ("--http-port", "0", "--mqtt-port", "0", "--gateway-port", "0")
    plain = "http mqtt gateway"
    refused = run("run", "--data-dir", str(tmp_path), "--host", "203.0.113.7", *ports, YINLING_PLAIN_LINKS=plain)
    assert refused.returncode == 2
    assert "--host" in refused.stderr


def test_several_partitions_on_sqlite_are_refused(tmp_path: Path) -> None:
    refused = run("run", "--data-dir", str(tmp_path), YINLING_PARTITIONS="2")
    assert refused.returncode == 2
    assert "PostgreSQL" in refused.stderr


def test_simulating_without_a_centre_is_refused(tmp_path: Path) -> None:
    port = free_port()
    refused = run("simulate", "--data-dir", str(tmp_path), YINLING_MQTT_PORT=str(port))
    assert refused.returncode == 2
    assert "yinling run" in refused.stderr


def test_help_loads_nothing_heavy() -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, yinling.cli; print([name for name in ('pydantic', 'sqlalchemy', 'fastapi') if name in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "[]"


def test_the_first_administrator_is_made_once(tmp_path: Path) -> None:
    first, second = run("migrate", "--data-dir", str(tmp_path)), run("migrate", "--data-dir", str(tmp_path))
    assert "admin / " in first.stdout
    assert "admin" not in second.stdout


def test_a_person_is_added_by_hand(tmp_path: Path) -> None:
    added = run("user", "add", "wang", "--role", "operator", "--data-dir", str(tmp_path))
    again = run("user", "add", "wang", "--role", "operator", "--data-dir", str(tmp_path))
    wrong = run("user", "add", "li", "--role", "boss", "--data-dir", str(tmp_path))
    assert added.returncode == 0
    assert "wang (operator) may sign in" in added.stdout
    assert (again.returncode, wrong.returncode) == (2, 2)
    assert "The user name “wang” is taken." in again.stderr
    assert "role" in wrong.stderr


def test_the_doctor_sees_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run("doctor", "--data-dir", str(tmp_path / "none-yet"), YINLING_MQTT_PORT=str(port), COLUMNS="200")
    assert told.returncode == 1
    assert f"{port} is in use" in told.stdout
    assert not (tmp_path / "none-yet").exists()
