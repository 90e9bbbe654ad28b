"""`yinling fill-past`: readings and signals of the week before the demonstration began, written while it works."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.config import Settings
from timeseries.sqlite_store import SqliteReadingStore
from yinling import bootstrap, demo
from yinling.simulate.past import Past, Stores


def fill(settings: Settings, data_dir: Path, clock: Clock) -> None:
    """Write what is still missing; SIGTERM ends it between two stretches or inside one, it goes on at the next start."""
    signal.signal(signal.SIGTERM, _leave)
    with closing(bootstrap.open_database(settings)) as database, closing(SqliteReadingStore(settings.readings_path)) as readings:
        Past(data_dir, ZoneInfo(settings.timezone), clock).fill(Stores(database, readings), range(1, demo.HOMES + 1))


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)
