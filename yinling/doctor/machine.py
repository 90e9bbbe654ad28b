"""The machine a centre stands on: Python, folder, disk, SQLite, the broker's program, the built pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from core.config import Settings
from core.database import sqlite_module, sqlite_wal_is_safe
from ingest.broker import BrokerMissingError, nats_server_path
from yinling.checks import check_python, prepare_data_dir
from yinling.doctor.finding import Finding, Verdict
from yinling.errors import CannotStartError

LEAST_FREE_BYTES = 2 * 1024**3


def check_interpreter(_settings: Settings) -> Iterator[Finding]:
    """Whether this Python will do."""
    try:
        check_python()
    except CannotStartError as error:
        yield Finding("Python", Verdict.BAD, str(error))
    else:
        yield Finding("Python", Verdict.GOOD, "new enough")


def check_data_dir(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder can be written."""
    if not settings.data_dir.exists():
        yield Finding("data folder", Verdict.GOOD, f"{settings.data_dir.absolute()} will be made by the first start")
        return
    try:
        folder = prepare_data_dir(settings.data_dir)
    except CannotStartError as error:
        yield Finding("data folder", Verdict.BAD, str(error))
    else:
        yield Finding("data folder", Verdict.GOOD, f"{folder} can be written")


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is room beyond the broker's reserve."""
    candidates = [settings.data_dir.absolute(), *settings.data_dir.absolute().parents]
    folder = next(folder for folder in candidates if folder.exists())
    free = shutil.disk_usage(folder).free
    least = settings.broker_reserve_bytes + LEAST_FREE_BYTES
    says = f"{free / 1024**3:.1f} GiB free"
    if free < settings.broker_reserve_bytes:
        yield Finding(
            "disk", Verdict.BAD, f"{says}: the broker's reserve is gone; free space or move YINLING_DATA_DIR to a larger disk"
        )
    elif free < least:
        yield Finding(
            "disk", Verdict.ODD, f"{says}: plan for more, the reserve begins at {settings.broker_reserve_bytes / 1024**3:.1f} GiB"
        )
    else:
        yield Finding("disk", Verdict.GOOD, says)


def check_sqlite(settings: Settings) -> Iterator[Finding]:
    """Whether this SQLite keeps WAL files whole."""
    if settings.database_url is not None and not settings.database_url.startswith("sqlite"):
        return
    module = sqlite_module()
    if sqlite_wal_is_safe(module.sqlite_version_info):
        yield Finding("SQLite", Verdict.GOOD, module.sqlite_version)
    else:
        says = f"{module.sqlite_version} is unsound in WAL mode, so the slower TRUNCATE is used: install the pysqlite3 wheel"
        yield Finding("SQLite", Verdict.ODD, says)


def check_broker_program(_settings: Settings) -> Iterator[Finding]:
    """Whether the broker's program is installed."""
    try:
        yield Finding("broker program", Verdict.GOOD, str(nats_server_path()))
    except BrokerMissingError as error:
        yield Finding("broker program", Verdict.BAD, str(error))


def check_pages(_settings: Settings) -> Iterator[Finding]:
    """Whether the pages are built."""
    index = Path(str(files("api"))) / "static" / "index.html"
    if index.exists():
        yield Finding("pages", Verdict.GOOD, "built")
    else:
        yield Finding("pages", Verdict.BAD, "not built: run 'make install'")
