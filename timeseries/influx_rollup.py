"""The Flux that rolls readings up into hours and days, run by InfluxDB's own tasks and after a copy.

What is rolled up again is overwritten with the same values, so a stretch may be done twice. The hourly task goes back some
hours and the nightly ones some days, for readings that waited in a spool. Hours are those of UTC, days those of the centre.

Each number asks for its readings anew: InfluxDB then windows where they lie, measured a hundred times faster than windowing
what several numbers share. Days take lowest, highest and number from the hours, and therefore come after them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from timeseries.influx_names import FIELD, MEASUREMENT, InfluxNames

_HOURS_BACK = "3h"
_DAYS_BACK = "3d"
_NUMBERS = ("min", "mean", "max", "count")


@dataclass(frozen=True, slots=True)
class Task:
    """A task InfluxDB runs by itself; `flux` is its whole text."""

    name: str
    flux: str


@dataclass(frozen=True, slots=True)
class _Number:
    """One number of each stretch: what it is made of and where it goes."""

    source: str
    field: str
    target: str
    name: str
    function: str
    unit: str

    def flux(self, start: str, end: str) -> str:
        """The statement that makes it for [start, end)."""
        lines = [
            f'\nfrom(bucket: "{self.source}")',
            f"    |> range(start: {start}, stop: {end})",
            f'    |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "{self.field}")',
            f'    |> aggregateWindow(every: {self.unit}, fn: {self.function}, timeSrc: "_start", createEmpty: false)',
            *(["    |> toFloat()"] if self.function == "count" else []),
            f'    |> set(key: "_field", value: "{self.name}")',
            f'    |> to(bucket: "{self.target}")',
            f'    |> yield(name: "{self.name}")',
        ]
        return "\n".join([*lines, ""])


def tasks(names: InfluxNames, timezone: str) -> list[Task]:
    """The tasks that keep the hourly and the daily bucket."""
    hourly, late, daily = (f"yinling {names.bucket} {what}" for what in ("hourly", "late hours", "daily"))
    last_hours, last_days = (_back(_HOURS_BACK, "1h"), _ended("1h")), (_back(_DAYS_BACK, "1d"), _ended("1d"))
    return [
        Task(hourly, _head(hourly, "1h", "5m") + _all(_hours(names), last_hours)),
        Task(late, _head(late, "1d", "30m") + _all(_hours(names), last_days)),
        Task(daily, _head(daily, "1d", "1h", timezone) + _all(_days(names), last_days)),
    ]


def once(names: InfluxNames, timezone: str, start: datetime, end: datetime) -> list[str]:
    """What rolls up [start, end), which must begin and end with a day of the centre; to be run one after the other."""
    span = (_instant(start), _instant(end))
    return [_head() + _all(_hours(names), span), _head(timezone=timezone) + _all(_days(names), span)]


def _hours(names: InfluxNames) -> list[_Number]:
    return [_Number(names.bucket, FIELD, names.hourly, name, name, "1h") for name in _NUMBERS]


def _days(names: InfluxNames) -> list[_Number]:
    from_hours = {"min": "min", "max": "max", "count": "sum"}
    return [
        *(_Number(names.hourly, name, names.daily, name, function, "1d") for name, function in from_hours.items()),
        _Number(names.bucket, FIELD, names.daily, "mean", "mean", "1d"),
    ]


def _all(numbers: list[_Number], span: tuple[str, str]) -> str:
    return "".join(number.flux(*span) for number in numbers)


def _head(name: str | None = None, every: str = "", offset: str = "", timezone: str | None = None) -> str:
    lines = ['import "date"']
    if timezone is not None:
        lines += ['import "timezone"', "", f'option location = timezone.location(name: "{timezone}")']
    if name is not None:
        lines.append(f'option task = {{name: "{name}", every: {every}, offset: {offset}}}')
    return "\n".join([*lines, ""])


def _back(how_far: str, unit: str) -> str:
    return f"date.truncate(t: date.sub(d: {how_far}, from: now()), unit: {unit})"


def _ended(unit: str) -> str:
    return f"date.truncate(t: now(), unit: {unit})"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
