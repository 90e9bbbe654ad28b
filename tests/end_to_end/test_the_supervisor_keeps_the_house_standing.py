"""The supervisor as a person meets it: it restarts what dies, leaves nothing running, and never meets its own orphans."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from support.centre import running_centre
from support.processes import is_running, kill, processes_of, until

ALL = {"broker", "ingest-0", "pager", "api"}


def test_every_child_that_dies_is_started_again(tmp_path: Path) -> None:
    with running_centre(tmp_path, expect_errors={"*"}) as centre:
        assert set(centre.pids()) == ALL
        for name in ("api", "pager", "ingest-0", "broker"):
            killed = centre.kill(name)
            centre.wait_restarted(name, killed)
        # A child of the supervisor that dies again and again waits, and comes back all the same.
        for _ in range(3):
            killed = centre.kill("pager")
            centre.wait_restarted("pager", killed, ready=False)
        centre.wait_ready()


def test_a_killed_supervisor_takes_its_children_with_it_and_the_next_start_finds_the_folder_free(tmp_path: Path) -> None:
    with running_centre(tmp_path, expect_errors={"*"}) as centre:
        centre.home(code="kept-home")
        children = list(centre.pids().values())
        assert centre.process is not None

        kill(centre.process.pid)
        centre.process.wait(10)
        centre.process = None
        centre._forget_client()  # the next run has ports of its own
        centre.start()

        assert not any(is_running(pid) for pid in children)
        assert centre.get("/homes/kept-home")["code"] == "kept-home"


def test_ctrl_c_stops_everything_in_time_and_leaves_no_trace(tmp_path: Path) -> None:
    with running_centre(tmp_path) as centre:
        assert centre.interrupt(signal.SIGINT) == 0
        assert "child_killed" not in centre.said(), "each ended by itself before the deadline"
        assert not processes_of(centre.data_dir)
        assert not (centre.data_dir / "run.json").exists()


def test_one_wish_to_stop_said_twice_lets_everything_end_by_itself(tmp_path: Path) -> None:
    with running_centre(tmp_path) as centre:
        assert centre.process is not None
        centre.process.send_signal(signal.SIGTERM)  # `timeout` tells the process and then its group
        assert centre.interrupt(signal.SIGTERM) == 0
        assert "child_killed" not in centre.said()


def test_a_second_start_on_the_same_folder_is_one_sentence(tmp_path: Path) -> None:
    with running_centre(tmp_path) as centre:
        second = subprocess.run(
            [sys.executable, "-m", "yinling", "run", "--data-dir", str(centre.data_dir)],
            env=centre.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 2
        assert second.stderr.count("\n") == 1
        assert "already runs on" in second.stderr
        assert centre.is_ready()


def test_the_first_administrators_password_is_printed_once_and_must_be_changed(tmp_path: Path) -> None:
    with running_centre(tmp_path, started=False) as centre:
        del centre.environment["YINLING_ADMIN_PASSWORD"]
        centre.start()
        printed = until(lambda: re.search(r"admin / (\S+)", centre.said()), what="the password is printed")
        client = centre.sign_in("admin", printed[1])
        assert client.get("/api/v1/me").json()["must_change_password"] is True

        centre.interrupt()
        centre.start()
        assert len(re.findall(r"admin / ", centre.said())) == 1
