"""How long the list of 500 open incidents takes over HTTP, beside a bare SELECT of the same rows.

The whole program runs as a user starts it. 500 homes press once; then the list that the operator's page reads is asked for
again and again, and in turn the same rows are selected and fetched straight from the store, in one run, so that the ratio
holds however fast the machine is. On SQLite and, where its programs are installed, on PostgreSQL. Prints a table and one
JSON line.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the centre that the end-to-end tests start

import bench_alarms as alarms
from support.centre import Centre, running_centre
from support.postgres import programs
from support.processes import until
from support.store import rows
from support.town import settle

from core.database import Database

INCIDENTS = 500
ROUNDS = 30
LONGEST_SECONDS = 120.0


@dataclass(frozen=True)
class Measured:
    """Milliseconds of each round, in turn."""

    http: list[float]
    bare: list[float]


def main() -> None:
    """Measure each database, print."""
    measured = {"sqlite": measure("sqlite")}
    if programs() is not None:
        measured["postgresql"] = measure("postgresql")
    report(measured)


def measure(backend: str) -> Measured:
    """Press, then read the list and the rows in turn."""
    settings: dict[str, Any] = {"probe_interval_seconds": 3600, "ring_again_seconds": 3600}
    with tempfile.TemporaryDirectory() as folder, running_centre(Path(folder), backend=backend, **settings) as centre:
        town = settle(centre, INCIDENTS)
        alarms.publish(centre, town, presses=1)
        until(lambda: opened(centre) == INCIDENTS, LONGEST_SECONDS, "every incident", 0.1)
        list_over_http(centre)  # signs in, once
        measured = Measured([], [])
        with closing(Database(centre.database_url)) as database:
            for _ in range(ROUNDS):
                measured.http.append(timed(lambda: list_over_http(centre)))
                measured.bare.append(timed(lambda: select(database)))
    return measured


def opened(centre: Centre) -> int:
    """How many incidents are open."""
    return int(rows(centre, "SELECT count(*) FROM incidents WHERE NOT probe")[0][0])


def list_over_http(centre: Centre) -> int:
    """What the page asks for, understood."""
    answer = centre.api.get("/api/v1/incidents", params={"limit": INCIDENTS})
    return len([one for one in answer.json()["items"] if one["state"] == "open"])


def select(database: Database) -> int:
    """The same rows, and nothing done with them."""
    with database.snapshot() as session:
        return len(session.execute(sa.text("SELECT * FROM incidents WHERE state <> 'closed' AND NOT probe ORDER BY id")).all())


def timed(read: Callable[[], int]) -> float:
    """Milliseconds of one read that must give every incident."""
    began = time.perf_counter()
    found = read()
    milliseconds = (time.perf_counter() - began) * 1000
    assert found == INCIDENTS, f"{found} of {INCIDENTS} incidents"
    return milliseconds


def report(measured: Mapping[str, Measured]) -> None:
    """The table and the JSON line."""
    figures: dict[str, Any] = {"bench": "incident_list", "incidents": INCIDENTS}
    print(f"{'store':>12} {'list over HTTP p50 ms':>23} {'p95 ms':>8} {'bare SELECT p50 ms':>20} {'ratio':>7}")
    for backend, one in measured.items():
        median, bare = statistics.median(one.http), statistics.median(one.bare)
        worst = sorted(one.http)[-(-len(one.http) * 95 // 100) - 1]
        print(f"{backend:>12} {median:>23.1f} {worst:>8.1f} {bare:>20.1f} {median / bare:>7.1f}")
        figures |= {
            f"{backend}_http_p50_milliseconds": round(median, 1),
            f"{backend}_http_p95_milliseconds": round(worst, 1),
            f"{backend}_bare_p50_milliseconds": round(bare, 1),
            f"{backend}_ratio": round(median / bare, 1),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
