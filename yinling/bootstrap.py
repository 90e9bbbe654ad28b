"""Where everything is wired: each process of the house, made of its parts.

Nothing else in the house knows everyone. Each `run_…` blocks until SIGTERM or SIGINT and leaves no thread behind.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy.exc import OperationalError

from alerts.changes import hold_order
from core.clock import Clock, SystemClock
from core.config import Settings
from core.database import Database
from people.model import Centre
from yinling import agreement, migrations


def make_clock() -> Clock:
    """The clock of a process: the machine's, or the one that a test of the whole program moves."""
    from core.movable_clock import VARIABLE, MovableClock

    moved_by = os.environ.get(VARIABLE)
    return SystemClock() if moved_by is None else MovableClock(Path(moved_by))


def open_database(settings: Settings) -> Database:
    """The relational store of these settings."""
    return Database.of(settings)


def migrate(settings: Settings, say: Callable[[str], None] | None = None) -> None:
    """Bring the relational store up to date, with its one centre in it; `say` hears what it waits for."""
    database = open_database(settings)
    try:
        migrations.upgrade(database, wait_seconds=settings.migrate_wait_seconds, say=say or migrations.say_in_log)
        with database.transaction() as session:
            hold_order(session)  # two starters at once make one centre
            if session.get(Centre, 1) is None:
                session.add(Centre(id=1, name="调度中心", created_at=make_clock().now()))
        agreement.renew_secrets(database, settings, make_clock())
    finally:
        database.close()


def await_tables(settings: Settings) -> None:
    """Wait for `yinling migrate` where a process was started before it."""
    with closing(open_database(settings)) as database:
        migrations.await_tables(database)


def run_broker(settings: Settings, *, ingest_only: bool = False) -> NoReturn:
    """Become the broker."""
    from ingest.broker import exec_broker

    exec_broker(settings, ingest_only=ingest_only)


def run_ingest(settings: Settings, partition: int | None, partitions: int) -> None:
    """Be the ingest worker of `partition` of `partitions`; of whichever is nobody's when it is None. Waits until it may."""
    from alerts.leases import duty_of
    from core.disk import watch_disk
    from yinling.ingest_process import IngestProcess
    from yinling.standby import StandBy

    watch_disk(settings.data_dir)
    await_tables(settings)
    database, clock = Database.of(settings, "yinling-ingest"), make_clock()
    agreement.check(database, settings, clock, partitions=partitions)
    wanted = range(partitions) if partition is None else [partition]
    lease = StandBy(settings, clock, database, [duty_of(each) for each in wanted]).wait()
    if lease is not None:
        IngestProcess(settings, clock, database, lease, partitions).run()


def run_pager(settings: Settings) -> None:
    """Be the pager."""
    from yinling.pager_process import PagerProcess

    await_tables(settings)
    _check_agreement(settings)
    PagerProcess(settings, make_clock()).run()


def run_api(settings: Settings) -> None:
    """Be the API and the pages."""
    from api.server import serve

    await_tables(settings)
    _check_agreement(settings)
    serve(settings, make_clock())


def _check_agreement(settings: Settings) -> None:
    """A store that is away is no reason not to start: whoever starts handles that where it matters."""
    with closing(open_database(settings)) as database, suppress(OperationalError):
        agreement.check(database, settings, make_clock(), partitions=settings.partitions)


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, without starting anything."""
    from api.openapi import document

    return document()
