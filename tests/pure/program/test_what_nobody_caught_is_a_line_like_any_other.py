"""An exception that ends a process or a thread, or that nobody could catch, is one JSON line of the log with its traceback."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

BEGIN = "from core.log import configure_logging; configure_logging('worker', as_json=True)\n"
IN_A_THREAD = "import threading; one = threading.Thread(target=lambda: 1 / 0, name='lane-alarm'); one.start(); one.join()"
IN_A_FINALIZER = "Late = type('Late', (), {'__del__': lambda self: 1 / 0}); late = Late(); del late"


@pytest.mark.parametrize(
    ("program", "event", "code"),
    [("1 / 0", "process_failed", 1), (IN_A_THREAD, "thread_failed", 0), (IN_A_FINALIZER, "exception_ignored", 0)],
)
def test_the_line_says_what_and_where(program: str, event: str, code: int) -> None:
    ended = subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, check=False, timeout=60)
    (line,) = [orjson.loads(line) for line in ended.stderr.splitlines()]
    assert ended.returncode == code
    assert (line["event"], line["process"]) == (event, "worker")
    assert "ZeroDivisionError" in line["exception"]


def test_an_interrupt_is_no_failure() -> None:
    ended = subprocess.run([sys.executable, "-c", BEGIN + "raise KeyboardInterrupt"], capture_output=True, check=False, timeout=60)
    assert b"process_failed" not in ended.stderr


def test_a_thread_that_chose_to_end_is_no_failure() -> None:
    chosen = "import sys, threading; one = threading.Thread(target=sys.exit); one.start(); one.join()"
    ended = subprocess.run([sys.executable, "-c", BEGIN + chosen], capture_output=True, check=True, timeout=60)
    assert ended.stderr == b""
