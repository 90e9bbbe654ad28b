"""Where everything is wired: each process of the house, made of its parts.

Nothing else in the house knows everyone. Each `run_…` blocks until SIGTERM or SIGINT and leaves no thread behind.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

from core.clock import Clock, SystemClock
from core.config import Settings
from core.database import Database
from people.model import Centre
from yinling import migrations


def make_clock() -> Clock:
    """The clock of a process: the machine's, or the one that a test of the whole program moves."""
    from core.movable_clock import VARIABLE, MovableClock

    moved_by = os.environ.get(VARIABLE)
    return SystemClock() if moved_by is None else MovableClock(Path(moved_by))


def open_database(settings: Settings) -> Database:
    """The relational store of these settings."""
    return Database(settings.relational_url)


def migrate(settings: Settings) -> None:
    """Bring the relational store up to date, with its one centre in it."""
    database = open_database(settings)
    try:
        migrations.upgrade(database)
        with database.transaction() as session:
            if session.get(Centre, 1) is None:
                session.add(Centre(id=1, name="调度中心", created_at=make_clock().now()))
    finally:
        database.close()


def run_broker(settings: Settings, *, ingest_only: bool = False) -> NoReturn:
    """Become the broker."""
    from ingest.broker import exec_broker

    exec_broker(settings, ingest_only=ingest_only)


def run_ingest(settings: Settings, partition: int, partitions: int) -> None:
    """Be the ingest worker `partition` of `partitions`."""
    from core.disk import watch_disk
    from yinling.ingest_process import IngestProcess

    watch_disk(settings.data_dir)
    IngestProcess(settings, make_clock(), partition, partitions).run()


def run_pager(settings: Settings) -> None:
    """Be the pager."""
    from yinling.pager_process import PagerProcess

    PagerProcess(settings, make_clock()).run()


def run_api(settings: Settings) -> None:
    """Be the API and the pages."""
    from api.server import serve

    serve(settings, make_clock())


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, without starting anything."""
    from api.openapi import document

    return document()
