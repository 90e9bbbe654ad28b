"""The health check of the broker's container: well, unwell, and a store that only a restart mends. In a process tree of its own,
so that the first process it ends is a stand-in."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.compose import ROOT

SCRIPT = ROOT / "deploy" / "nats" / "health.sh"
ENDED = 7
_AS_FIRST = f"trap 'exit {ENDED}' TERM; sh \"$@\"; code=$?; exit $code"


@contextmanager
def monitored(status: int, body: bytes) -> Iterator[int]:
    """A monitoring port that gives one answer."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Busybox, as in the image; `df` says what a test wants."""
    busybox = shutil.which("busybox")
    assert busybox is not None, "there is no busybox (Debian: apt-get install busybox)"
    folder = tmp_path / "tools"
    folder.mkdir()
    for tool in ("sh", "nc", "awk", "df"):
        (folder / tool).symlink_to(busybox)
    return folder


def check(tools: Path, port: int, store: Path) -> int:
    """Its exit code, or 7 when it ended the first process."""
    if os.geteuid() != 0:
        message = "a process tree of its own needs root"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    environment = {"PATH": f"{tools}:/usr/bin:/bin"}
    command = ["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", _AS_FIRST, "first", str(SCRIPT), str(port), str(store)]
    return subprocess.run(command, env=environment, check=False, timeout=60).returncode


def test_a_broker_that_is_well(tools: Path, tmp_path: Path) -> None:
    with monitored(200, b'{"status":"ok"}') as port:
        assert check(tools, port, tmp_path) == 0


def test_a_broker_that_is_not_yet_there(tools: Path, tmp_path: Path) -> None:
    with monitored(200, b"{}") as port:
        pass
    assert check(tools, port, tmp_path) == 1


def test_a_broker_that_waits_for_others_is_left_alone(tools: Path, tmp_path: Path) -> None:
    with monitored(503, b'{"status":"unavailable","error":"JetStream is still recovering meta layer"}') as port:
        assert check(tools, port, tmp_path) == 1


def test_a_broken_store_with_room_is_restarted(tools: Path, tmp_path: Path) -> None:
    with monitored(503, b'{"status":"error","error":"JetStream stream \'YL > $MQTT_msgs\' write error: no space"}') as port:
        assert check(tools, port, tmp_path) == ENDED


def test_a_broken_store_without_room_is_not(tools: Path, tmp_path: Path) -> None:
    (tools / "df").unlink()
    (tools / "df").write_text("#!/bin/sh\necho head\necho /dev/sda1 100 96 4 96% /data/broker\n")
    (tools / "df").chmod(0o755)
    with monitored(503, b'{"status":"error","error":"write error: no space left on device"}') as port:
        assert check(tools, port, tmp_path) == 1
