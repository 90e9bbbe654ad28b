"""What one home costs a centre: messages, processor time of each process, memory, and bytes on disk.

The whole program runs as a user starts it, with the simulated town's homes, each device on a connection of its own. First a
number of homes, then twice as many; each time a while at rest (connected, with what they say of themselves), then a while in
which a player says what those homes say in a stretch of their days, each from a random hour on, faster than life.
The difference between the sizes at rest is what a home costs by being there; the difference to the busy while, by message, is
what a message costs; a day is a home's messages of a day, heartbeats with them. Prints a table and one JSON line.

With `--county` the centre stands on PostgreSQL and InfluxDB, which are then counted beside its own processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the centre that the end-to-end tests start

from grounds import OWN, Ground, box, county, memory_bytes, processor_seconds
from support.centre import Centre, running_centre
from support.processes import until
from support.store import rows
from town_days import DAY_SECONDS, Said, day_said, stretch, town, words

from core.config import Settings
from ingest.broker_secrets import load_or_create_secrets
from yinling.demo.census import household
from yinling.demo.furnishing import TRIAL_ROLE, furnish

HOMES = 150
MESSAGES_PER_SECOND = 100
"""Few enough that most are committed alone, as in a centre where thousands of homes say something now and then."""
REST_SECONDS = 25.0
BUSY_SECONDS = 15.0
SETTLE_SECONDS = 12.0
CONNECT_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Look:
    """What the processes have come to."""

    seconds: float
    processor: dict[str, float]
    memory: dict[str, int]
    messages: int
    readings: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Looks at so many homes: before and after the rest, before and after the busy while, and the bytes kept around that."""

    rest: tuple[Look, Look]
    busy: tuple[Look, Look]
    disk: tuple[dict[str, int], dict[str, int]]


def main() -> None:
    """Both sizes, and what lies between."""
    noon = 12 - datetime.now(UTC).hour  # where it is about noon nothing ordinary is unusual; Etc/GMT counts the other way round
    zone = f"Etc/GMT{-noon:+d}"
    with (
        tempfile.TemporaryDirectory() as folder,
        (county if "--county" in sys.argv[1:] else box)(Path(folder)) as ground,
        running_centre(Path(folder), timezone=zone, telemetry_per_device_per_minute=1_000_000, **ground.settings) as centre,
    ):
        small, large = (measure(ground, centre, homes, ZoneInfo(zone)) for homes in (HOMES, 2 * HOMES))
        days = [day_said(household(number), ZoneInfo(zone)) for number in range(1, 2 * HOMES + 1)]
    report(small, large, days)


def measure(ground: Ground, centre: Centre, homes: int, zone: ZoneInfo) -> Measured:
    """A while at rest and a busy one with so many homes connected."""
    devices = sum(device.role != TRIAL_ROLE and not device.is_child for home in town(homes) for device in furnish(home))
    with living(centre, homes) as log:
        until(
            lambda: online(centre) >= devices,
            CONNECT_SECONDS,
            lambda: f"{online(centre)} of {devices} devices\n{log.read_text()}",
            0.5,
        )
        time.sleep(SETTLE_SECONDS)
        before = look(ground, centre)
        time.sleep(REST_SECONDS)
        rest = (before, look(ground, centre))
        disk = ground.disk(centre)
        before = look(ground, centre)
        play(centre, [day_said(home, zone) for home in town(homes)])
        time.sleep(SETTLE_SECONDS)  # what is written every few seconds is written too
        return Measured(rest, (before, look(ground, centre)), (disk, ground.disk(centre)))


@contextmanager
def living(centre: Centre, homes: int) -> Iterator[Path]:
    """The simulation as a process of its own, at the pace of life; gives what it writes."""
    log = centre.data_dir.parent / "simulate.log"
    command = [sys.executable, "-m", "yinling", "simulate", "--homes", str(homes), "--quiet", "--data-dir", str(centre.data_dir)]
    environment = {name: value for name, value in centre.environment.items() if not name.endswith("_PORT")}
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=environment, stdout=written, stderr=written)
    try:
        yield log
    finally:
        process.kill()
        process.wait()


def online(centre: Centre) -> int:
    """How many devices the centre has heard say that they are there."""
    return int(rows(centre, "SELECT count(*) FROM devices WHERE online")[0][0])


def look(ground: Ground, centre: Centre) -> Look:
    """Every process, now."""
    pids = ground.pids(centre)
    return Look(
        time.perf_counter(),
        {name: processor_seconds(pid) for name, pid in pids.items()},
        {name: memory_bytes(pid) for name, pid in pids.items()},
        counted(centre, "yinling_messages_received_total"),
        counted(centre, "yinling_readings_stored_total"),
    )


def play(centre: Centre, days: Sequence[list[Said]]) -> None:
    """Say what each home says in the same stretch of time, at a steady pace over one connection."""
    client = speaker(centre)
    began = time.perf_counter()
    for number, said in enumerate(stretch(days, MESSAGES_PER_SECOND * BUSY_SECONDS)):
        below, payload, retained = words(said)
        client.publish(f"{said.topic}/{below}", payload, qos=1, retain=retained)
        time.sleep(max(0.0, began + number / MESSAGES_PER_SECOND - time.perf_counter()))
    until(lambda: client._out_messages == {}, 30, "every message is confirmed")  # noqa: SLF001 paho offers no other way to see it
    client.disconnect()
    client.loop_stop()


def speaker(centre: Centre) -> mqtt.Client:
    """A connection that may speak for every device."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench-player")
    client.username_pw_set("ingest", load_or_create_secrets(Settings(data_dir=centre.data_dir)).password)
    client.max_inflight_messages_set(1000)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", centre.mqtt_port)
    client.loop_start()
    assert connected.wait(10)
    return client


def counted(centre: Centre, name: str) -> int:
    """What the centre's processes have counted under a name."""
    lines = centre.api.get("/metrics").text.splitlines()
    return int(sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name}{{", f"{name} "))))


def report(small: Measured, large: Measured, days: Sequence[list[Said]]) -> None:
    """The table and the JSON line."""
    messages = sum(map(len, days)) / len(days)
    spoke = message_cost(large)
    here = presence_cost(small, large, spoke)
    processor = {name: here[name] * DAY_SECONDS + spoke[name] * messages for name in spoke}
    in_memory = large.busy[1].memory
    memory = {name: (in_memory[name] - small.busy[1].memory[name]) / HOMES for name in OWN}
    kept = (large.disk[1]["broker"] - small.disk[1]["broker"]) / HOMES
    disk = {name: growth(large, name) * messages for name in large.disk[0] if name != "broker"}
    figures: dict[str, object] = {
        "bench": "home",
        "homes": f"{HOMES} and {2 * HOMES}",
        "messages_per_home_and_day": round(messages),
        "messages_per_second_of_1000_homes": round(messages * 1000 / DAY_SECONDS, 1),
        "readings_per_home_and_day": round(readings_of(large) * messages),
        **{f"processor_milliseconds_per_message_{name}": round(each * 1000, 2) for name, each in spoke.items()},
        **{f"processor_seconds_per_home_and_day_{name}": round(each, 2) for name, each in processor.items()},
        "processor_seconds_per_home_and_day": round(sum(processor.values()), 2),
        "of_it_without_a_message": round(sum(here.values()) * DAY_SECONDS, 2),
        **{f"memory_megabytes_per_1000_homes_{name}": round(each / 1000) for name, each in memory.items()},
        "memory_megabytes_per_1000_homes": round(sum(memory.values()) / 1000),
        **{f"memory_megabytes_in_all_{name}": round(each / 1e6) for name, each in in_memory.items() if name not in OWN},
        "disk_kilobytes_per_home_broker": round(kept / 1000, 1),
        **{f"disk_kilobytes_per_home_and_day_{name}": round(each / 1000, 1) for name, each in disk.items()},
        "homes_at_half_a_core_of_one_worker": int(DAY_SECONDS / 2 / processor["ingest"]),
        "homes_at_half_of_two_cores": int(DAY_SECONDS / sum(processor.values())),
    }
    for name, value in figures.items():
        print(f"{name:>55} {value}")
    print(json.dumps(figures))


def message_cost(measured: Measured) -> dict[str, float]:
    """Processor seconds for a message."""
    before, after = measured.busy
    seconds = after.seconds - before.seconds
    messages = after.messages - before.messages - heard(measured.rest) * seconds
    spent = {
        name: after.processor[name] - before.processor[name] - used(measured.rest, name) * seconds for name in before.processor
    }
    return {name: max(each, 0.0) / messages for name, each in spent.items()}


def presence_cost(small: Measured, large: Measured, spoke: Mapping[str, float]) -> dict[str, float]:
    """Processor seconds in a second for a home that is there, beyond what its messages cost."""
    messages = (heard(large.rest) - heard(small.rest)) / HOMES
    more = {name: (used(large.rest, name) - used(small.rest, name)) / HOMES for name in spoke}
    return {name: max(more[name] - spoke[name] * messages, 0.0) for name in spoke}


def used(looks: tuple[Look, Look], name: str) -> float:
    """Processor seconds of a process in a second between two looks."""
    before, after = looks
    return (after.processor[name] - before.processor[name]) / (after.seconds - before.seconds)


def heard(looks: tuple[Look, Look]) -> float:
    """Messages in a second between two looks."""
    before, after = looks
    return (after.messages - before.messages) / (after.seconds - before.seconds)


def growth(measured: Measured, name: str) -> float:
    """Bytes a message leaves on disk."""
    before, after = measured.busy
    return max(measured.disk[1][name] - measured.disk[0][name], 0) / (after.messages - before.messages)


def readings_of(measured: Measured) -> float:
    """Readings a message brings."""
    before, after = measured.busy
    return (after.readings - before.readings) / (after.messages - before.messages)


if __name__ == "__main__":
    main()
