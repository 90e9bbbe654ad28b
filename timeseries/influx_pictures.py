"""Few points of a long time, extremes kept, computed by InfluxDB where the points are.

First every series is counted, with its first and its last instant; a series with few points is read as it is. For the others
the time between the first and the last point is windowed, and each window gives its lowest and its highest point: the
same stretches and the same points as in the embedded store.

Each number asks for its readings anew. InfluxDB then computes it in its storage engine; what several statements share it
reads out and windows row by row (a year of five metrics, a value a minute: 0.3 s against 17 s).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from timeseries.influx_flux import microseconds, moment, rows, source
from timeseries.influx_names import InfluxNames
from timeseries.ports import Point
from timeseries.sampling import Sample, buckets, extremes

Ask: TypeAlias = Callable[[str], str]
Series: TypeAlias = tuple[int, str]
"""(device, metric)."""

_SERIES_AT_ONCE = 8
_DEVICES_AT_ONCE = 100
_COLUMNS = '["_time", "_value", "device", "metric"]'


@dataclass(slots=True)
class _Extent:
    """How many points of a series there are in a range, and the first and last of them."""

    count: int
    first: Sample
    last: Sample


class Pictures:
    """Reads pictures of series."""

    def __init__(self, names: InfluxNames, ask: Ask) -> None:
        self._names = names
        self._ask = ask

    def of(
        self, device_ids: Sequence[int], metrics: Sequence[str], span: tuple[datetime, datetime], points: int
    ) -> dict[Series, list[Point]]:
        """At most `points` of each series; series without a point are left out."""
        found: dict[Series, list[Sample]] = {}
        for first in range(0, len(device_ids) if metrics else 0, _DEVICES_AT_ONCE):
            extents = self._extents(device_ids[first : first + _DEVICES_AT_ONCE], metrics, span)
            few = [series for series, extent in extents.items() if extent.count <= points]
            found |= self._whole(few, span)
            many = {series: extent for series, extent in extents.items() if extent.count > points}
            if points == 1:
                found |= {series: [extent.last] for series, extent in many.items()}
            else:
                found |= self._thinned(many, points)
        return {series: [Point(moment(at), value) for at, value in samples] for series, samples in sorted(found.items())}

    def _extents(self, device_ids: Sequence[int], metrics: Sequence[str], span: tuple[datetime, datetime]) -> dict[Series, _Extent]:
        data = source(self._names, *span, device_ids, metrics)
        flux = []
        for name in ("count", "first", "last"):
            kept = '["_value", "device", "metric"]' if name == "count" else _COLUMNS
            flux.append(f'{data}\n  |> {name}() |> keep(columns: {kept}) |> yield(name: "{name}")')
        extents: dict[Series, _Extent] = {}
        answer = sorted(rows(self._ask("\n".join(flux))), key=lambda row: row["result"])
        for row in answer:
            series = (int(row["device"]), row["metric"])
            if row["result"] == "count":
                nothing = _Extent(0, (2**63, 0.0), (-(2**63), 0.0))
                extents.setdefault(series, nothing).count += int(row["_value"])
                continue
            sample = (microseconds(row["_time"]), float(row["_value"]))
            extent = extents[series]
            if row["result"] == "first":
                extent.first = min(extent.first, sample)
            else:
                extent.last = max(extent.last, sample)
        return extents

    def _whole(self, series: Sequence[Series], span: tuple[datetime, datetime]) -> dict[Series, list[Sample]]:
        if not series:
            return {}
        devices, metrics = sorted({one[0] for one in series}), sorted({one[1] for one in series})
        wanted = frozenset(series)
        pairs = " or ".join(f'(r.device == "{device}" and r.metric == "{metric}")' for device, metric in sorted(wanted))
        flux = source(self._names, *span, devices, metrics)
        narrowed = flux if len(wanted) == len(devices) * len(metrics) else f"{flux}\n  |> filter(fn: (r) => {pairs})"
        found: dict[Series, dict[int, float]] = {}
        for row in rows(self._ask(f"{narrowed}\n  |> keep(columns: {_COLUMNS})")):
            found.setdefault((int(row["device"]), row["metric"]), {})[microseconds(row["_time"])] = float(row["_value"])
        return {one: sorted(samples.items()) for one, samples in found.items()}

    def _thinned(self, extents: dict[Series, _Extent], points: int) -> dict[Series, list[Sample]]:
        series = list(extents)
        found: dict[Series, list[Sample]] = {}
        for first in range(0, len(series), _SERIES_AT_ONCE):
            some = series[first : first + _SERIES_AT_ONCE]
            flux = [self._windows(number, one, extents[one], points) for number, one in enumerate(some)]
            ends: list[list[Sample]] = [[] for _ in some]
            for row in rows(self._ask("\n".join(flux))):
                ends[int(row["result"][1:])].append((microseconds(row["_time"]), float(row["_value"])))
            for one, samples in zip(some, ends, strict=True):
                found[one] = _extremes(samples, extents[one], points)
        return found

    def _windows(self, number: int, series: Series, extent: _Extent, points: int) -> str:
        """Lowest and highest of each stretch, which begins at the series' first point."""
        first, last = extent.first[0], extent.last[0]
        since, until = next(buckets(first, last, points))
        width = until - since
        flux = source(self._names, moment(first), moment(last) + timedelta(microseconds=1), [series[0]], [series[1]])
        window = f"window(every: {width}us, offset: {first % width}us)"
        kept = 'keep(columns: ["_time", "_value"])'
        return "\n".join(
            f'{flux}\n  |> {window} |> {end}() |> {kept} |> yield(name: "{name}{number}")'
            for name, end in (("l", "min"), ("h", "max"))
        )


def _extremes(samples: list[Sample], extent: _Extent, points: int) -> list[Sample]:
    """The two ends of each stretch; of several as low or as high the earliest."""
    width = next(buckets(extent.first[0], extent.last[0], points))
    stretches: dict[int, list[Sample]] = {}
    for sample in samples:
        stretches.setdefault((sample[0] - extent.first[0]) // (width[1] - width[0]), []).append(sample)
    kept: list[Sample] = []
    for _, inside in sorted(stretches.items()):
        lowest = min(inside, key=lambda sample: (sample[1], sample[0]))
        highest = min(inside, key=lambda sample: (-sample[1], sample[0]))
        kept += extremes(lowest, highest)
    return kept
