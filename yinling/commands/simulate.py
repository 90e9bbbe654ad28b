"""`yinling simulate` and the filling in of the past week: the demonstration town comes to life."""

from __future__ import annotations

from pathlib import Path


def simulate_homes(*, homes: int, rate: float, quiet: bool, data_dir: Path | None) -> None:
    """Let homes live until Ctrl-C."""
    import time

    while True:
        time.sleep(1)


def fill_past_week(data_dir: Path | None) -> None:
    """Give every simulated home its readings of the past week."""
