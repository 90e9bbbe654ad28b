"""How many alarms a second become an incident or join one, each committed, with escalation policies and pages on.

The whole program runs as a user starts it. Every home presses several times, each press an event of its own: the first opens
the home's incident, with its policy, its clocks and a page to the duty telephone since nobody watches; the others join it.
Measured from the first press published to the last one committed, and on until the last page was taken by the telephone.
Everything is read back: each press stored once, one incident a home, a page an incident. On SQLite and, where its programs are
installed, on PostgreSQL, one after the other in one run. Prints a table and one JSON line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the centre that the end-to-end tests start

from support.centre import Centre, Credentials, running_centre
from support.phones import Phones, phones
from support.postgres import programs
from support.processes import until
from support.store import incidents_by_home, rows
from support.town import settle

from core.config import Settings
from ingest.broker_secrets import load_or_create_secrets

HOMES = 1000
PRESSES_OF_A_HOME = 5
PUBLISHERS = 4
LONGEST_SECONDS = 600.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Measured:
    """One database: until the last press was committed, and until the last page was taken."""

    committed_seconds: float
    paged_seconds: float


def main() -> None:
    """Measure each database, print."""
    measured = {"sqlite": measure("sqlite")}
    if programs() is not None:
        measured["postgresql"] = measure("postgresql")
    report(measured)


def measure(backend: str) -> Measured:
    """Press, wait for the commits and for the pages, read back."""
    with tempfile.TemporaryDirectory() as folder, phones() as answering:
        settings: dict[str, Any] = {"probe_interval_seconds": 3600, "ring_again_seconds": 3600}
        settings["fallback_urls"] = answering.address("duty")
        # On a busy machine what is done beside the lanes gives up waiting behind a flood of alarms, and is tried again.
        with running_centre(Path(folder), backend=backend, expect_errors={"chore_failed"}, **settings) as centre:
            town = settle(centre, HOMES)
            until(lambda: len(rows(centre, "SELECT id FROM probe_runs WHERE outcome = 'arrived'")), 30, "the first probe")
            before = stored(centre)
            began = time.perf_counter()
            publish(centre, town)
            until(lambda: stored(centre) - before == len(town) * PRESSES_OF_A_HOME, LONGEST_SECONDS, "", _LOOK_SECONDS)
            committed_seconds = time.perf_counter() - began
            until(lambda: len(answering.calls) >= len(town), LONGEST_SECONDS, "every page", _LOOK_SECONDS)
            paged_seconds = time.perf_counter() - began
            read_back(centre, town, answering)
    return Measured(committed_seconds, paged_seconds)


def stored(centre: Centre) -> int:
    """How many signals the store holds."""
    return int(rows(centre, "SELECT count(*) FROM signals")[0][0])


def publish(centre: Centre, town: list[Credentials], presses: int = PRESSES_OF_A_HOME) -> None:
    """Every press of every home, home after home, over a few connections that may speak for all."""
    password = load_or_create_secrets(Settings(data_dir=centre.data_dir)).password

    def some(part: int) -> None:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"bench-publisher-{part}")
        client.username_pw_set("ingest", password)
        client.max_inflight_messages_set(1000)
        client.connect("127.0.0.1", centre.mqtt_port)
        client.loop_start()
        sent = [
            client.publish(f"{home.topic}/event", b'{"id":"press-%d","type":"sos.pressed"}' % number, qos=1)
            for number in range(presses)
            for home in town[part::PUBLISHERS]
        ]
        for each in sent:
            each.wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    threads = [threading.Thread(target=some, args=(part,)) for part in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read_back(centre: Centre, town: list[Credentials], answering: Phones) -> None:
    """Each press once, one incident a home, each with its policy and its page."""
    twice = rows(centre, "SELECT device_id, event_key FROM signals GROUP BY device_id, event_key HAVING count(*) > 1")
    assert twice == [], "a press was stored twice"
    assert incidents_by_home(centre, "town") == {home.home: 1 for home in town}
    assert rows(centre, "SELECT count(*) FROM incidents WHERE policy IS NULL AND NOT probe") == [(0,)], "without a policy"
    of_the_town = "SELECT count(*) FROM pages WHERE cause = 'nobody_watching'"
    assert rows(centre, of_the_town)[0][0] >= len(town), "an incident was not paged"
    keys = [call.key for call in answering.calls]
    print(f"sent twice, because a lease ran out: {len(keys) - len(set(keys))}")


def report(measured: Mapping[str, Measured]) -> None:
    """The table and the JSON line."""
    presses = HOMES * PRESSES_OF_A_HOME
    print(f"{'store':>12} {'presses':>8} {'incidents':>10} {'alarms/s committed':>20} {'last page after s':>18}")
    for backend, one in measured.items():
        print(f"{backend:>12} {presses:>8} {HOMES:>10} {presses / one.committed_seconds:>20,.0f} {one.paged_seconds:>18.1f}")
    sqlite = measured["sqlite"]
    figures: dict[str, object] = {
        "bench": "alarms",
        "alarms_per_second": round(presses / sqlite.committed_seconds),
        "incidents_opened": HOMES,
        "alarms_joined": presses - HOMES,
        "pages_per_second": round(HOMES / sqlite.paged_seconds),
    }
    if "postgresql" in measured:
        other = measured["postgresql"]
        figures |= {
            "alarms_per_second_on_postgresql": round(presses / other.committed_seconds),
            "pages_per_second_on_postgresql": round(HOMES / other.paged_seconds),
            "postgresql_to_sqlite": round(sqlite.committed_seconds / other.committed_seconds, 2),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
