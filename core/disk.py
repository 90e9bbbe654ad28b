"""How much room the disk of the data folder has, for `/metrics`: read when it is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

from prometheus_client import Gauge

FREE_BYTES = Gauge("yinling_data_free_bytes", "Free space on the disk of the data folder.")


def watch_disk(folder: Path) -> None:
    """Report the disk of this folder from now on."""
    FREE_BYTES.set_function(lambda: float(shutil.disk_usage(folder).free))
