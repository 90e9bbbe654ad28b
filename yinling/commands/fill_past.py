"""`yinling fill-past`: readings and signals of the week before the demonstration began, written while it works."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.config import Settings
from timeseries.opening import open_store
from yinling import bootstrap, demo
from yinling.simulate.past import Past, Stores


def fill(settings: Settings, data_dir: Path, clock: Clock) -> None:
    """Write what is still missing; SIGTERM ends it between two stretches, and it goes on at the next start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with closing(bootstrap.open_database(settings)) as database, closing(open_store(settings)) as readings:
        Past(data_dir, ZoneInfo(settings.timezone), clock, stop.wait).fill(Stores(database, readings), range(1, demo.HOMES + 1))
