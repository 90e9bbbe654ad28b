"""`yinling fill-past`: readings of the past week, written while the centre already works."""

from __future__ import annotations

from pathlib import Path

from core.clock import Clock
from core.config import Settings


def fill(settings: Settings, data_dir: Path, clock: Clock) -> None:
    """Write what is still missing."""
