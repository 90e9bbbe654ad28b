"""The Flux that rolls readings up into hours and days, run by InfluxDB's own tasks and after a copy.

What is rolled up again is overwritten with the same values, so a stretch may be done twice. The hourly task goes back some
hours and the nightly one some days, for readings that waited in a spool. Days are those of the centre's time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from timeseries.influx_names import FIELD, MEASUREMENT, InfluxNames

_HOURS_BACK = "3h"
_DAYS_BACK = "3d"
_NUMBERS = {"min": "min", "mean": "mean", "max": "max", "count": "count"}


@dataclass(frozen=True, slots=True)
class Task:
    """A task InfluxDB runs by itself; `flux` is its whole text."""

    name: str
    flux: str


def tasks(names: InfluxNames, timezone: str) -> list[Task]:
    """The tasks that keep the hourly and the daily bucket."""
    hourly, nightly = f"yinling {names.bucket} hourly", f"yinling {names.bucket} nightly"
    last_hours = (_back(_HOURS_BACK, "1h"), _ended("1h"))
    last_days = (_back(_DAYS_BACK, "1d"), _ended("1d"))
    return [
        Task(hourly, _head(timezone, hourly, "1h", "5m") + _roll_up("late", names.bucket, names.hourly, "1h", last_hours)),
        Task(
            nightly,
            _head(timezone, nightly, "1d", "30m")
            + _roll_up("hours", names.bucket, names.hourly, "1h", last_days)
            + _roll_up("days", names.bucket, names.daily, "1d", last_days),
        ),
    ]


def once(names: InfluxNames, timezone: str, start: datetime, end: datetime) -> str:
    """Flux that rolls up [start, end), which must begin and end with a day of the centre."""
    span = (_instant(start), _instant(end))
    return (
        _head(timezone)
        + _roll_up("hours", names.bucket, names.hourly, "1h", span)
        + _roll_up("days", names.bucket, names.daily, "1d", span)
    )


def _head(timezone: str, name: str | None = None, every: str = "", offset: str = "") -> str:
    lines = ['import "date"', 'import "timezone"', "", f'option location = timezone.location(name: "{timezone}")']
    if name is not None:
        lines.append(f'option task = {{name: "{name}", every: {every}, offset: {offset}}}')
    return "\n".join([*lines, ""])


def _back(how_far: str, unit: str) -> str:
    return f"date.truncate(t: date.sub(d: {how_far}, from: now()), unit: {unit})"


def _ended(unit: str) -> str:
    return f"date.truncate(t: now(), unit: {unit})"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _roll_up(label: str, source: str, target: str, unit: str, span: tuple[str, str]) -> str:
    lines = [
        f'\n{label} = from(bucket: "{source}")',
        f"    |> range(start: {span[0]}, stop: {span[1]})",
        f'    |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "{FIELD}")',
    ]
    for field, function in _NUMBERS.items():
        lines += [
            f"{label}",
            f'    |> aggregateWindow(every: {unit}, fn: {function}, timeSrc: "_start", createEmpty: false)',
            *(["    |> toFloat()"] if function == "count" else []),
            f'    |> set(key: "_field", value: "{field}")',
            f'    |> to(bucket: "{target}")',
            f'    |> yield(name: "{label}_{field}")',
        ]
    return "\n".join([*lines, ""])
