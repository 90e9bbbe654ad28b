"""Every bench runs to its end and prints one JSON line; the long form writes the figures down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.figures import write_figures

REPOSITORY = Path(__file__).parents[2]
BENCHES = sorted(path.stem for path in (REPOSITORY / "bench").glob("bench_*.py"))
LEAST_RATIO = 0.4
"""What the pipeline must keep of a bare drain; 1 is the limit."""


def _run(bench: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, str(REPOSITORY / "bench" / f"{bench}.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**figures, "load_average": round(os.getloadavg()[0], 1)}


def _rows(bench: str, figures: dict[str, Any]) -> list[str]:
    return [f"| `{bench}` | {name} | {_cell(value)} |" for name, value in figures.items() if name != "bench"]


def _cell(value: Any) -> str:
    """A figure, or shares of a whole by what has them."""
    return "; ".join(f"{name} {share:.0%}" for name, share in value.items() if share) if isinstance(value, dict) else str(value)


OWN = ("ingest", "broker", "api", "pager")
STORES = {"postgresql": "PostgreSQL", "influxdb": "InfluxDB"}


def _costs_of_a_home(home: dict[str, Any]) -> list[str]:
    """What `bench_home` measured on one box, by process, and what the box carries by it."""
    relational, readings = (home[f"disk_kilobytes_per_home_and_day_{name}"] for name in ("relational", "readings"))
    rows = [*_processes(home, OWN), "| disk | KB |", "|---|---|"]
    rows += [f"| broker, a home (its devices' last words, and what is not swept yet) | {home['disk_kilobytes_per_home_broker']} |"]
    rows += [f"| relational store, a home and day (kept 120 days, alerts for ever) | {relational} |"]
    rows += [f"| readings in SQLite, a home and day (kept 400 days) | {readings} |", ""]
    by_worker, by_cores = (_about(home[name]) for name in ("homes_at_half_a_core_of_one_worker", "homes_at_half_of_two_cores"))
    carried = min(by_worker, by_cores)
    memory = carried * home["memory_megabytes_per_1000_homes"] / 1e6 + 1
    disk = carried * (relational * 120 + readings * 400 + home["disk_kilobytes_per_home_broker"]) / 1e6
    box = (
        f"By these figures half of one core keeps an ingest worker with about {by_worker:,} homes, and half of two cores "
        f"everything of about {by_cores:,}. One box of two cores therefore carries about {carried:,}: it needs {memory:.0f} GB "
        f"of memory (1 GB of it for the processes themselves) and, in the end, {disk:,.0f} GB of disk."
    )
    return [*rows, _what(home), "", box]


def _costs_of_a_home_in_a_county(home: dict[str, Any]) -> list[str]:
    """The same on PostgreSQL and InfluxDB, with what each of the two uses."""
    rows = _processes(home, (*OWN, *STORES))
    rows += ["| store | MB of memory in all, with the larger number of homes | KB on disk, a home and day |", "|---|---|---|"]
    relational = home["disk_kilobytes_per_home_and_day_relational"]
    rows += [f"| PostgreSQL | {home['memory_megabytes_in_all_postgresql']} | {relational} |"]
    rows += [f"| InfluxDB | {home['memory_megabytes_in_all_influxdb']} | its readings, as `bench_readings` counts a reading |", ""]
    stores = sum(home[f"processor_seconds_per_home_and_day_{name}"] for name in STORES)
    workers, cores = _about(home["homes_at_half_a_core_of_one_worker"]), _about(86_400 / 2 / stores)
    box = (
        f"By these figures half of one core keeps an ingest worker with about {workers:,} homes, and half of another both stores "
        f"with about {cores:,}."
    )
    return [*rows, _what(home), "", box]


def _processes(home: dict[str, Any], names: Sequence[str]) -> list[str]:
    """The table of processes; memory by home is told of the centre's own."""
    rows = ["| process | ms a message | processor seconds a home and day | MB of memory for 1,000 homes |", "|---|---|---|---|"]
    rows += [
        f"| {STORES.get(name, name)} | {home[f'processor_milliseconds_per_message_{name}']} "
        f"| {home[f'processor_seconds_per_home_and_day_{name}']} | {home.get(f'memory_megabytes_per_1000_homes_{name}', '')} |"
        for name in names
    ]
    together = f"| together | | {home['processor_seconds_per_home_and_day']} | {home['memory_megabytes_per_1000_homes']} |"
    return [*rows, together, ""]


def _about(homes: float) -> int:
    """To two digits: more of them would only repeat the noise of one run."""
    return int(float(f"{homes:.1e}"))


def _what(home: dict[str, Any]) -> str:
    return (
        f"A home: {home['messages_per_home_and_day']} messages and {home['readings_per_home_and_day']} readings a day, heartbeats "
        f"with them; 1,000 homes are {home['messages_per_second_of_1000_homes']} messages a second. Measured between "
        f"{home['homes']} of them, at a load average of {home['load_average']}."
    )


@pytest.mark.proof
@pytest.mark.timeout(2000)
@pytest.mark.parametrize("bench", BENCHES)
def test_the_figures_of_each_bench(bench: str) -> None:
    figures = _run(bench)
    if bench == "bench_drain":
        assert figures["ratio"] >= LEAST_RATIO
    if bench == "bench_home":
        write_figures(bench, _costs_of_a_home(figures), "scale.md")
        write_figures("bench_home_county", _costs_of_a_home_in_a_county(_run(bench, "--county")), "scale.md")
    else:
        write_figures(bench, ["| bench | figure | value |", "|---|---|---|", *_rows(bench, figures)])
