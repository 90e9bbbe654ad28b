"""What a rule must know of a device: plain values, made by the worker from the device, its home and its profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.model import Severity


@dataclass(frozen=True, slots=True)
class Limit:
    """The normal range of a metric, in the metric's unit; a side that is None has no limit.

    Once outside, a value counts as normal again only when it is inside by `hysteresis`. From `far_low` down or
    `far_high` up the severity is `far_severity`.
    """

    low: float | None = None
    high: float | None = None
    hysteresis: float = 0.0
    severity: Severity = Severity.MEDIUM
    far_low: float | None = None
    far_high: float | None = None
    far_severity: Severity = Severity.HIGH


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A device as the rules see it."""

    id: int
    code: str
    home_id: int
    profile: str
    name: str = ""
    room: str | None = None
    resident_id: int | None = None
    """The resident who wears it, or whose vitals it measures."""
    worn: bool = False
    live: bool = True
    probe: bool = False
    """Of the probe's own home: its alarms are marked and never shown."""
    parent_id: int | None = None
    cancel_window_seconds: float | None = None
    silence_seconds: float | None = None
    """None: this model promises no heartbeat."""
    measures_on_demand: bool = False
    """A cuff or a kiosk: each measurement is one happening, its next may be days away."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """The profile's, narrowed by the resident's own."""
    own_limits: frozenset[str] = frozenset()
    """Metrics of `limits` for which the resident has own ones: these win over a rule's."""
    signals: frozenset[str] = frozenset()
    """What a model of its profile can say."""
    metrics: frozenset[str] = frozenset()
    """What a model of its profile can measure."""
    created_at: datetime | None = None

    @property
    def subject(self) -> str:
        """How alerts name it."""
        return f"device:{self.code}"

    @property
    def worn_by(self) -> int | None:
        """The resident, only when worn: such alerts join only that resident's incident."""
        return self.resident_id if self.worn else None


__all__ = ["DeviceFacts", "Limit"]
