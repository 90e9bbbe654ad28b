"""Who acts, when, and under which settings: what every act is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts.timeline import Actor
from core.config import Settings


@dataclass(frozen=True, slots=True)
class By:
    """One `now` for the whole act."""

    actor: Actor
    now: datetime
    settings: Settings


__all__ = ["By"]
