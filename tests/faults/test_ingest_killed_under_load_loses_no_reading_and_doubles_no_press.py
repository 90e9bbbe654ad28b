"""SIGKILL of the worker, again and again, while measurements stream in and buttons are pressed."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.centre import Centre, Credentials, running_centre
from support.device import button
from support.figures import write_figures
from support.processes import until
from support.store import incidents_by_home, stored_readings
from support.streams import Stream
from support.town import settle

STREAMS = 4
SETTINGS: dict[str, Any] = {"probe_interval_seconds": 3600, "telemetry_per_device_per_minute": 1_000_000}


def test_three_kills_under_load(tmp_path: Path) -> None:
    with running_centre(tmp_path, **SETTINGS) as centre:
        _survive_kills(centre, kills=3, presses=20)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_thirty_kills_under_load(tmp_path: Path) -> None:
    with running_centre(tmp_path, **SETTINGS) as centre:
        readings = _survive_kills(centre, kills=30, presses=200)
    write_figures(
        "load",
        [
            "| SIGKILLs of the worker | readings confirmed | readings lost | homes that pressed | incidents |",
            "|---|---|---|---|---|",
            f"| 30 | {readings} | 0 | 200 | 200 |",
        ],
    )


def _survive_kills(centre: Centre, *, kills: int, presses: int) -> int:
    measuring = settle(centre, STREAMS, profile="vitals", prefix="load")
    pressing = settle(centre, presses, prefix="press")
    stop = threading.Event()
    with ExitStack() as stack:
        streams = [Stream(stack.enter_context(button(credentials))) for credentials in measuring]
        threads = [threading.Thread(target=stream.run, args=(stop,), daemon=True) for stream in streams]
        pressers = threading.Thread(target=_press_all, args=(pressing, stop), daemon=True)
        for thread in [*threads, pressers]:
            thread.start()
        for _ in range(kills):
            time.sleep(1.0)  # load between two kills
            centre.wait_restarted("ingest-0", centre.kill("ingest-0"))
        until(lambda: not pressers.is_alive(), 120, "every press taken", 0.2)
        stop.set()
        for thread in threads:
            thread.join(60)
        for stream, credentials in zip(streams, measuring, strict=True):
            stream.wait_confirmed()
            until(partial(_has_stored, centre, credentials, stream), 60, f"{len(stream.sent)} readings of {credentials.code}", 0.5)
    assert incidents_by_home(centre, "press") == {credentials.home: 1 for credentials in pressing}
    return sum(len(stream.sent) for stream in streams)


def _has_stored(centre: Centre, credentials: Credentials, stream: Stream) -> bool:
    return stored_readings(centre, credentials.id) == stream.sent


def _press_all(town: list[Credentials], stop: threading.Event) -> None:
    for credentials in town:
        if stop.is_set():
            return
        with button(credentials) as device:
            device.press(seconds=90)
