"""Every reading of some devices in the order of time, in slices, so that neither side holds much of it in memory.

A slice of time grows while little is in it and is cut where a series has more than a slice may hold. Where nothing is, the
next reading is asked for, so that a gap of years costs one question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from timeseries.influx_flux import microseconds, moment, rows, source
from timeseries.influx_names import InfluxNames
from timeseries.ports import StoredReading

Ask: TypeAlias = Callable[[str], str]
Wanted: TypeAlias = tuple[Sequence[int], Collection[str] | None]
"""(devices, metrics); metrics None means all."""

_FIRST_SLICE = timedelta(minutes=15)
_LONGEST_SLICE = timedelta(days=7)
_FEW_ROWS = 2_000
_MOST_OF_A_SERIES = 5_000
_COLUMNS = '["_time", "_value", "device", "home", "metric"]'


def scan(names: InfluxNames, ask: Ask, wanted: Wanted, start: datetime, end: datetime) -> Iterator[StoredReading]:
    """By time, then device, then metric, within [start, end)."""
    devices, metrics = wanted
    if not devices or (metrics is not None and not metrics):
        return
    at, length = _next(names, ask, wanted, (start, end)), _FIRST_SLICE
    while at is not None and at < end:
        until = min(at + length, end)
        readings = _slice(names, ask, wanted, (at, until))
        if readings is None:
            length /= 2
            continue
        yield from readings
        at = until if readings else _next(names, ask, wanted, (until, end))
        if len(readings) < _FEW_ROWS:
            length = min(length * 2, _LONGEST_SLICE)


def _next(names: InfluxNames, ask: Ask, wanted: Wanted, span: tuple[datetime, datetime]) -> datetime | None:
    """The time of the next reading; None when there is none."""
    if span[0] >= span[1]:
        return None
    answer = ask(f'{source(names, *span, *wanted)}\n  |> first()\n  |> keep(columns: ["_time"])')
    found = [microseconds(row["_time"]) for row in rows(answer)]
    return moment(min(found)) if found else None


def _slice(names: InfluxNames, ask: Ask, wanted: Wanted, span: tuple[datetime, datetime]) -> list[StoredReading] | None:
    """What is within the span, in order; None when it is too much at once."""
    flux = source(names, *span, *wanted)
    answer = ask(f"{flux}\n  |> limit(n: {_MOST_OF_A_SERIES + 1})\n  |> keep(columns: {_COLUMNS})")
    found: dict[tuple[int, int, str], tuple[float, int]] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for row in rows(answer):
        series = (row["home"], row["device"], row["metric"])
        counts[series] = counts.get(series, 0) + 1
        found[microseconds(row["_time"]), int(row["device"]), row["metric"]] = (float(row["_value"]), int(row["home"]))
    if max(counts.values(), default=0) > _MOST_OF_A_SERIES:
        return None
    return [
        StoredReading(home_id, device_id, metric, moment(at), value)
        for (at, device_id, metric), (value, home_id) in sorted(found.items())
    ]
