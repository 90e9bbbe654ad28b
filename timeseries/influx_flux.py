"""Flux texts for readings, and the rows of their answers."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from timeseries.influx_lines import EARLIEST, EPOCH, LATEST, MICROSECOND
from timeseries.influx_names import FIELD, MEASUREMENT, InfluxNames
from timeseries.ports import StoreAwayError


def source(names: InfluxNames, start: datetime, end: datetime, devices: Sequence[int], metrics: Collection[str] | None) -> str:
    """The readings of these devices and metrics (None means all) within [start, end), a table for each series."""
    wanted = f'r._measurement == "{MEASUREMENT}" and r._field == "{FIELD}" and r.centre == "{names.centre}"'
    wanted += f" and ({_any_of('device', devices)})"
    if metrics is not None:
        wanted += f" and ({_any_of('metric', sorted(metrics))})"
    return (
        f"from(bucket: {text(names.bucket)})\n  |> range(start: {instant(start)}, stop: {instant(end)})\n"
        f"  |> filter(fn: (r) => {wanted})"
    )


def instant(at: datetime) -> str:
    """An instant InfluxDB can hold, the nearest to this one."""
    held = min(max(at.astimezone(UTC), EARLIEST), LATEST)
    return held.isoformat(timespec="microseconds").replace("+00:00", "Z")


def text(said: str) -> str:
    """A string in Flux."""
    escaped = said.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def _any_of(tag: str, values: Sequence[object]) -> str:
    return " or ".join(f"r.{tag} == {text(str(value))}" for value in values)


def rows(answer: str) -> Iterator[dict[str, str]]:
    """The rows of an answer, each by the names of its table's columns; raises StoreAwayError for an error among them."""
    names: list[str] | None = None
    for row in csv.reader(answer.splitlines()):
        if not any(row):
            names = None
        elif names is None:
            names = row
        elif "error" in names:
            raise StoreAwayError(reason=row[names.index("error")])
        else:
            yield dict(zip(names, row, strict=True))


def microseconds(said: str) -> int:
    """An instant of an answer as microseconds since 1970."""
    return (datetime.fromisoformat(said) - EPOCH) // MICROSECOND


def moment(since_1970: int) -> datetime:
    """The other way round."""
    return EPOCH + timedelta(microseconds=since_1970)
