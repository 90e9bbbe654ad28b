"""What devices may say: the closed lists of signals and metrics of the native contract, version 1.

Every codec translates into these words and no others; what is not in the lists is kept as *seen, not understood*.
Nothing here has state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "smoke.on": "smoke.off",
        "gas.on": "gas.off",
        "co.on": "co.off",
        "water.on": "water.off",
        "tamper.on": "tamper.off",
        "fault.on": "fault.off",
        "battery.low": "battery.ok",
        "power.lost": "power.restored",
        "presence.on": "presence.off",
        "door.opened": "door.closed",
        "bed.entered": "bed.left",
        "worn.on": "worn.off",
        "stove.on": "stove.off",
        "zone.entered": "zone.left",
    }
)
"""Signals that begin a lasting state, with the signal that ends it."""

MOMENTS: frozenset[str] = frozenset(
    {
        "sos.pressed",
        "sos.cancelled",
        "fall.detected",
        "fall.cancelled",
        "device.tested",
        "call.requested",
        "call.ended",
        "motion.seen",
        "sign_in.made",
    }
)
"""Signals that happen and are over."""

SIGNAL_TYPES: frozenset[str] = MOMENTS | frozenset(CONDITIONS) | frozenset(CONDITIONS.values())
"""The closed list of native event types."""

LIFE_SIGNALS: frozenset[str] = frozenset(
    {"sos.pressed", "fall.detected", "smoke.on", "gas.on", "co.on", "water.on", "call.requested"}
)
"""Signals a person waits for: a codec looks for them even in a message it cannot parse."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One quantity: its unit, and the values a working sensor can say (both ends included)."""

    name: str
    unit: str
    lowest: float
    highest: float


_METRICS = (
    # A sensor that lost the skin says 0 for heart rate, respiration and oxygen: that is "not measured", not a value.
    Metric("heart_rate", "1/min", 1, 400),
    Metric("respiration_rate", "1/min", 1, 150),
    Metric("spo2", "%", 1, 100),
    Metric("systolic", "mmHg", 20, 350),
    Metric("diastolic", "mmHg", 10, 250),
    Metric("blood_glucose", "mmol/L", 0.1, 100),
    Metric("body_temperature", "°C", 15, 50),
    Metric("temperature", "°C", -90, 200),
    Metric("weight", "kg", 0.1, 700),
    Metric("steps", "1", 0, 1e7),
    Metric("humidity", "%", 0, 110),
    Metric("co2", "ppm", 0, 1e6),
    Metric("co", "ppm", 0, 1e6),
    Metric("gas", "%LEL", 0, 200),
    Metric("pm25", "µg/m³", 0, 1e5),
    Metric("illuminance", "lx", 0, 1e6),
    Metric("noise", "dB", -50, 250),
    Metric("power", "W", -1e7, 1e7),
    Metric("energy", "kWh", -1e10, 1e10),
    Metric("water", "L", 0, 1e12),
    Metric("battery", "%", 0, 100),
    Metric("voltage", "V", -1e5, 1e5),
    Metric("rssi", "dBm", -200, 50),
    Metric("link_quality", "1", 0, 255),
    Metric("motion", "0/1", 0, 1),
    Metric("presence", "0/1", 0, 1),
    Metric("contact_open", "0/1", 0, 1),
    Metric("in_bed", "0/1", 0, 1),
    Metric("latitude", "°", -90, 90),
    Metric("longitude", "°", -180, 180),
    Metric("accuracy", "m", 0, 1e8),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _METRICS})
"""The closed list of metrics, by name."""
