"""What a device of a simulated home says, before it becomes bytes. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing one device says: a signal (`type`), or measured `values`."""

    at: datetime
    role: str
    type: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_signal(self) -> bool:
        """Whether it is an event (else it is telemetry)."""
        return self.type is not None
