"""Raw clocks are read in `core/clock.py` only, so that every moment can be moved in a test; SQL never asks its own."""

from __future__ import annotations

import ast

import pytest
from support.sources import Source, dotted, sources

HOME = "core/clock.py"
RAW = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.localtime",
    "time.gmtime",
    "func.now",
    "func.current_timestamp",
}


def raw_readings(source: Source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            last_two = ".".join(dotted(node.func).split(".")[-2:])
            if last_two in RAW:
                found.append(f"{source.at(node)} {last_two}")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"{source.at(node)} from time import {name.name}" for name in node.names if name.name != "sleep"]
    return found


def test_no_raw_clock_outside_the_clock() -> None:
    assert [line for source in sources() if source.path != HOME for line in raw_readings(source)] == []


@pytest.mark.parametrize(
    "text",
    ["import time\ntime.time()", "from datetime import datetime\ndatetime.now(UTC)", "import sqlalchemy as sa\nsa.func.now()"],
)
def test_the_lint_sees_a_raw_clock(text: str) -> None:
    assert raw_readings(Source("x.py", text, ast.parse(text)))
