"""Readings as InfluxDB's line protocol. A reading it could not take is refused here, before anything is sent."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from timeseries.influx_names import FIELD, MEASUREMENT
from timeseries.ports import StoredReading, StoreRefusedError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EARLIEST = datetime(1678, 1, 1, tzinfo=UTC)
LATEST = datetime(2262, 1, 1, tzinfo=UTC)
"""InfluxDB counts nanoseconds in 64 bits."""

_MOST_REMEMBERED = 200_000
# A name that is a tag as it stands, and that nobody can fill the index with by inventing long ones.
_METRIC = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Lines:
    """Makes lines; what stands before the value is made once for each series."""

    def __init__(self, centre: str) -> None:
        self._centre = centre
        self._heads: dict[tuple[int, int, str], str] = {}

    def of(self, readings: Sequence[StoredReading]) -> list[str]:
        """One line each; raises StoreRefusedError when one of them is no reading InfluxDB can hold."""
        return [self._line(reading) for reading in readings]

    def _line(self, reading: StoredReading) -> str:
        value = reading.value
        try:
            if value.__class__ not in (float, int) or not math.isfinite(value) or not EARLIEST <= reading.at < LATEST:
                raise StoreRefusedError(metric=str(reading.metric), device=reading.device_id)
            key = (reading.home_id, reading.device_id, reading.metric)
            head = self._heads.get(key) or self._head(reading)
            # Without a type letter a number is a float: a field's type is fixed by its first write.
            return f"{head}{float(value)!r} {(reading.at - EPOCH) // MICROSECOND}"
        except (TypeError, OverflowError) as error:
            raise StoreRefusedError(reason=str(error)) from error

    def _head(self, reading: StoredReading) -> str:
        if not isinstance(reading.metric, str) or _METRIC.fullmatch(reading.metric) is None:
            raise StoreRefusedError(metric=str(reading.metric), device=reading.device_id)
        head = (
            f"{MEASUREMENT},centre={self._centre},device={reading.device_id:d},home={reading.home_id:d},"
            f"metric={reading.metric} {FIELD}="
        )
        if len(self._heads) >= _MOST_REMEMBERED:
            self._heads.clear()
        self._heads[reading.home_id, reading.device_id, reading.metric] = head
        return head
