"""InfluxDB hangs, then dies, under load: readings wait on disk, alarms come as ever, and everything is there afterwards."""

from __future__ import annotations

import re
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.centre import Centre, Credentials, running_centre
from support.device import Button, button
from support.figures import write_figures
from support.influx import TOKEN, InfluxServer, running_influx
from support.processes import until
from support.store import incidents_by_home
from support.streams import Stream
from support.town import settle

STREAMS = 4
PRESSES_BETWEEN_SECONDS = 1.0
# Whoever waited for a store that hangs would wait for the time-out of a write, which is 10 s.
NOT_WAITED_FOR_A_TIME_OUT_SECONDS = 9.0
DRAIN_SECONDS = 120.0


def test_a_quarter_of_a_minute(tmp_path: Path) -> None:
    with county(tmp_path) as (centre, influx):
        _survive(centre, influx, hangs_seconds=12.0, dead_seconds=4.0)


@pytest.mark.proof
@pytest.mark.timeout(2400)
def test_ten_minutes(tmp_path: Path) -> None:
    with county(tmp_path) as (centre, influx):
        figures = _survive(centre, influx, hangs_seconds=300.0, dead_seconds=300.0)
    write_figures("readings_store", figures)


@contextmanager
def county(tmp_path: Path) -> Iterator[tuple[Centre, InfluxServer]]:
    """A centre that keeps its readings in an InfluxDB of its own."""
    with running_influx(tmp_path / "influx") as influx:
        settings: dict[str, Any] = {"influx_url": influx.url, "influx_token": TOKEN, "influx_bucket": "county"}
        load: dict[str, Any] = {"probe_interval_seconds": 3600, "telemetry_per_device_per_minute": 1_000_000}
        with running_centre(tmp_path, **settings, **load) as centre:
            yield centre, influx


def _survive(centre: Centre, influx: InfluxServer, *, hangs_seconds: float, dead_seconds: float) -> list[str]:
    measuring = settle(centre, STREAMS, profile="vitals", prefix="load")
    often = int((hangs_seconds + dead_seconds) / PRESSES_BETWEEN_SECONDS) + 5
    pressing = settle(centre, often + 5, prefix="press")
    stop = threading.Event()
    with ExitStack() as stack:
        streams = [Stream(stack.enter_context(button(credentials))) for credentials in measuring]
        threads = [threading.Thread(target=stream.run, args=(stop,), daemon=True) for stream in streams]
        for thread in threads:
            thread.start()
        town = iter(pressing)
        there = [_press(next(town)) for _ in range(5)]
        away, largest = _outage(centre, influx, town, hangs_seconds, dead_seconds)
        began = time.monotonic()
        until(lambda: spool_bytes(centre) < largest / 2, DRAIN_SECONDS, "the spool drains under load", 0.5)
        stop.set()
        for thread, stream in zip(threads, streams, strict=True):
            thread.join(60)
            stream.wait_confirmed()
        until(lambda: spool_bytes(centre) == 0, DRAIN_SECONDS, lambda: f"{spool_bytes(centre)} bytes left", 0.5)
        drained_seconds = time.monotonic() - began
        until(centre.is_ready, what="ready again", every_seconds=0.2)
        _everything_is_there(influx, measuring, streams)
    assert sum(incidents_by_home(centre, "press").values()) == len(there) + len(away)
    assert max(away) < NOT_WAITED_FOR_A_TIME_OUT_SECONDS, f"an alarm was late: {sorted(away)[-5:]}"
    readings = sum(len(stream.sent) for stream in streams)
    return [
        (
            "| InfluxDB hangs / is dead | readings confirmed | lost | presses meanwhile | slowest press (median), store there | "
            "slowest press (median), store away | largest spool | drained after |"
        ),
        "|---|---|---|---|---|---|---|---|",
        (
            f"| {hangs_seconds:.0f} s / {dead_seconds:.0f} s | {readings} | 0 | {len(away)} "
            f"| {_slowest(there)} | {_slowest(away)} | {largest / 1e6:.1f} MB | {drained_seconds:.0f} s |"
        ),
    ]


def _outage(
    centre: Centre, influx: InfluxServer, town: Iterator[Credentials], hangs_seconds: float, dead_seconds: float
) -> tuple[list[float], float]:
    """How long each press meanwhile took, and the largest size of the spool on `/metrics`."""
    away: list[float] = []
    largest = 0.0
    for seconds, hangs in ((hangs_seconds, True), (dead_seconds, False)):
        if hangs:
            influx.signal(signal.SIGSTOP)
        else:
            influx.kill()
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            began = time.monotonic()
            away.append(_press(next(town)))
            largest = max(largest, spool_bytes(centre))
            time.sleep(max(0.0, PRESSES_BETWEEN_SECONDS - (time.monotonic() - began)))
    assert largest > 0, "the size of the spool is on /metrics"
    answer = httpx.get(f"{centre.url}/readyz", timeout=10)
    assert answer.status_code == 503
    assert answer.json()["checks"]["ingest-0"] != "ok", answer.text
    influx.start()
    return away, largest


def _press(credentials: Credentials) -> float:
    """Seconds from a press to its receipt."""
    with button(credentials) as device:
        return _time_of_press(device)


def _time_of_press(device: Button) -> float:
    began = time.monotonic()
    device.press()
    return time.monotonic() - began


def spool_bytes(centre: Centre) -> float:
    """What `/metrics` says of the spool."""
    text = httpx.get(f"{centre.url}/metrics", timeout=20).text
    return sum(float(value) for value in re.findall(r"^yinling_spool_bytes\{[^}]*\} (\S+)$", text, re.MULTILINE))


def _everything_is_there(influx: InfluxServer, measuring: list[Credentials], streams: list[Stream]) -> None:
    now = datetime.now(UTC)
    with closing(influx.store("county")) as store:
        for credentials, stream in zip(measuring, streams, strict=True):
            points = store.scan([credentials.id], ["heart_rate"], now - timedelta(days=2), now + timedelta(days=2))
            assert {round(point.at.timestamp() * 1000): point.value for point in points} == stream.sent


def _slowest(seconds: list[float]) -> str:
    return f"{max(seconds):.2f} s ({statistics.median(seconds):.2f} s)"
