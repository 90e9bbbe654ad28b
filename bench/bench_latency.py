"""How long a press takes to the operator's page: at rest, and with 2,000 messages a second behind it.

The whole program runs as a user starts it. A press is published over MQTT as its device would, and timed until the live
stream that the page reads tells of its incident. Beside it, in the same run, a bare round trip through the same broker gives
the ratio. Each press is of a home of its own, so each opens an incident. Prints a table and one JSON line.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the centre that the end-to-end tests start

from support.centre import Centre, Credentials, running_centre
from support.device import Button

PRESSES = 100
TALKERS = 20
BACKGROUND_PER_SECOND = 2000
SETTLE_SECONDS = 3.0
WAIT_SECONDS = 20.0


def main() -> None:
    """Measure at rest and under load, and print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_centre(Path(folder), telemetry_per_device_per_minute=1_000_000) as centre,
    ):
        presses = furnish(centre)
        talkers = [centre.device(centre.home(), "vitals") for _ in range(TALKERS)]
        opened, stop = follow(centre)
        rest = measure(centre, presses[:PRESSES], opened)
        with background(talkers) as sent:
            time.sleep(SETTLE_SECONDS)
            before, began = sent(), time.perf_counter()
            loaded = measure(centre, presses[PRESSES:], opened)
            rate = (sent() - before) / (time.perf_counter() - began)
        stop()
    report(rest, loaded, rate)


def furnish(centre: Centre) -> list[Credentials]:
    """A button in a home of its own for each press."""
    return [centre.device(centre.home(), "sos-button") for _ in range(2 * PRESSES)]


def follow(centre: Centre) -> tuple[dict[str, float], Callable[[], None]]:
    """Read the live stream as the page does; gives home → time of its `incident.opened`."""
    opened: dict[str, float] = {}
    stopping = threading.Event()
    ready = threading.Event()

    def read() -> None:
        with centre.api.stream("GET", "/api/v1/live", timeout=60) as answer:
            event = ""
            for line in answer.iter_lines():
                if stopping.is_set():
                    return
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                    ready.set()
                elif line.startswith("data:") and event == "incident.opened":
                    opened.setdefault(json.loads(line[5:])["incident"]["home"], time.perf_counter())

    threading.Thread(target=read, daemon=True).start()
    assert ready.wait(WAIT_SECONDS), "the live stream said nothing"
    return opened, stopping.set


def measure(centre: Centre, presses: list[Credentials], opened: dict[str, float]) -> dict[str, list[float]]:
    """Milliseconds of each press to the page, to the receipt's arrival at the device, and of each bare round trip."""
    page: list[float] = []
    bare: list[float] = []
    with bare_round_trip(centre, presses[0]) as round_trip:
        for credentials in presses:
            bare.append(round_trip())
            button = Button(credentials)
            button.wait_connected(WAIT_SECONDS)
            began = time.perf_counter()
            button.publish_event("press-1")
            deadline = began + WAIT_SECONDS
            while credentials.home not in opened:
                assert time.perf_counter() < deadline, f"the press of {credentials.home} never reached the page"
                time.sleep(0.0005)
            page.append((opened[credentials.home] - began) * 1000)
            button.close()
    return {"page": page, "bare": bare}


@contextmanager
def bare_round_trip(centre: Centre, credentials: Credentials) -> Iterator[Callable[[], float]]:
    """QoS 1 out, stored by the same broker, QoS 1 back to a subscriber: nothing of Yinling's in between."""
    password = json.loads((centre.data_dir / "broker" / "secrets.json").read_text())["password"]
    came = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench-round-trip")
    client.username_pw_set("ingest", password)
    client.on_message = lambda *_: came.set()
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", centre.mqtt_port)
    client.loop_start()
    client.subscribe(f"bench/{credentials.home}", qos=1)
    assert subscribed.wait(WAIT_SECONDS)

    def once() -> float:
        came.clear()
        began = time.perf_counter()
        client.publish(f"bench/{credentials.home}", b"x", qos=1)
        assert came.wait(WAIT_SECONDS)
        return (time.perf_counter() - began) * 1000

    yield once
    client.disconnect()
    client.loop_stop()


@contextmanager
def background(talkers: list[Credentials]) -> Iterator[Callable[[], int]]:
    """A process of its own that publishes telemetry at a steady rate; gives a function that tells how many were sent."""
    tasks = [[one.host, one.port, one.username, one.password, one.client_id, one.topic] for one in talkers]
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("talkers.py")), str(BACKGROUND_PER_SECOND)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(tasks).encode() + b"\n")
    process.stdin.flush()
    count = [0]

    def read(lines: Any) -> None:
        for line in lines:
            count[0] = int(line)

    threading.Thread(target=read, args=(process.stdout,), daemon=True).start()
    try:
        yield lambda: count[0]
    finally:
        process.kill()
        process.wait()


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def report(rest: dict[str, list[float]], loaded: dict[str, list[float]], rate: float) -> None:
    """The table and the JSON line."""
    figures: dict[str, Any] = {"bench": "latency", "background_messages_per_second": round(rate)}
    print(f"{'behind it':>16} {'press → page p50 ms':>20} {'p99 ms':>8} {'bare round trip p50 ms':>24} {'ratio':>6}")
    for name, measured, behind in (("rest", rest, 0.0), ("loaded", loaded, rate)):
        median, bare = statistics.median(measured["page"]), statistics.median(measured["bare"])
        worst = percentile(measured["page"], 99)
        print(f"{behind:>10,.0f} msg/s {median:>20.1f} {worst:>8.1f} {bare:>24.1f} {median / bare:>6.1f}")
        figures |= {
            f"{name}_p50_milliseconds": round(median, 1),
            f"{name}_p99_milliseconds": round(worst, 1),
            f"{name}_bare_p50_milliseconds": round(bare, 1),
            f"{name}_ratio": round(median / bare, 1),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
