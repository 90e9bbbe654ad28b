"""How readings are laid out in InfluxDB 2: names of buckets, the measurement, its tags and fields. Grafana reads by this page.

One measurement, `reading`. Tags are what is asked for and bounded: the centre, the ids of the home and the device, the
metric. Its one field, `value`, is always a float. Each hour's and each day's lowest, mean and highest value, and their
number, stand as floats in buckets of their own, at the beginning of the stretch of time they are about.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.config import Settings

MEASUREMENT = "reading"
TAGS = ("centre", "device", "home", "metric")
"""In the order of the alphabet, as InfluxDB sorts them."""
FIELD = "value"
ROLLED_UP = ("count", "max", "mean", "min")
"""The fields of the hourly and the daily bucket."""


@dataclass(frozen=True, slots=True)
class InfluxNames:
    """Where the readings of one centre are."""

    org: str
    bucket: str
    centre: str

    @property
    def hourly(self) -> str:
        """The bucket of hours."""
        return f"{self.bucket}_hourly"

    @property
    def daily(self) -> str:
        """The bucket of days."""
        return f"{self.bucket}_daily"


def names_of(settings: Settings) -> InfluxNames:
    """The names of these settings."""
    return InfluxNames(settings.influx_org, settings.influx_bucket, settings.influx_centre)
