"""`exec_broker` in a process of its own: what a supervisor watches and stops is the broker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.ports import free_ports
from support.processes import until

from core.config import Settings
from ingest.broker import log_path, mqtt_host, nats_server_path

BECOME = "from core.config import Settings; from ingest.broker import exec_broker; exec_broker(Settings())"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_the_process_becomes_the_broker_and_ends_when_it_is_told(tmp_path: Path) -> None:
    mqtt, nats, monitor = free_ports(3)
    ports = {"YINLING_MQTT_PORT": mqtt, "YINLING_NATS_PORT": nats, "YINLING_NATS_MONITOR_PORT": monitor}
    environment = {**os.environ, "YINLING_DATA_DIR": str(tmp_path / "数据 1"), **{name: str(port) for name, port in ports.items()}}
    process = subprocess.Popen([sys.executable, "-c", BECOME], env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _listens(mqtt) and _listens(nats))
        assert Path(f"/proc/{process.pid}/exe").resolve() == nats_server_path().resolve()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in {0, 1}
        assert not _listens(mqtt)
    finally:
        process.kill()
        process.wait()
    settings = Settings(data_dir=tmp_path / "数据 1")
    assert "Server is ready" in log_path(settings).read_text()
    assert (log_path(settings).parent / "nats.conf").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("host", "nats_host", "reached"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
        ("192.168.1.5", "127.0.0.1", "192.168.1.5"),
        ("0.0.0.0", "broker", "broker"),
        ("127.0.0.1", "broker", "broker"),
    ],
)
def test_the_mqtt_listener_is_reached_where_it_listens(host: str, nats_host: str, reached: str) -> None:
    assert mqtt_host(Settings(host=host, nats_host=nats_host)) == reached
