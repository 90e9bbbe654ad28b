"""`yinling` as somebody types it: a process of its own, with nothing of this one's settings or logs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """How a command ended and what it said, both streams in order."""

    exit_code: int
    output: str


def typed(environment: Mapping[str, str], *arguments: str) -> Told:
    """Run one command with these variables beside the system's own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YINLING_")}
    done = subprocess.run(
        [sys.executable, "-m", "yinling", *arguments],
        env={**clean, "COLUMNS": "300", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return Told(done.returncode, done.stdout)
