"""Whoever follows the changes misses none and sees none late, however many processes write at once (invariant 14)."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.processes import until

from alerts import changes
from alerts.model import Change
from alerts.work import Desk
from core.clock import ManualClock
from core.config import Settings
from core.database import Database

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

WRITERS = 4
CHANGES_OF_EACH = 25


def test_a_reader_of_the_sequence_gets_every_change_once_and_in_order(town: Town) -> None:
    database, clock, settings = town.database, town.clock, town.settings
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while not done.is_set():
            with database.snapshot() as session:
                seen.extend(change.sequence for change in changes.read_changes(session, seen[-1] if seen else 0))

    with ExitStack() as stack:
        stack.callback(done.set)
        reader = threading.Thread(target=follow, daemon=True)
        reader.start()
        threads = [
            threading.Thread(target=_write, args=(stack.enter_context(closing(_again(database))), clock, settings, serial))
            for serial in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        with database.snapshot() as session:
            stored = list(session.scalars(sa.select(Change.sequence).order_by(Change.sequence)))
        assert len(stored) == WRITERS * CHANGES_OF_EACH
        until(lambda: len(seen) >= len(stored), what="the reader is through")
        done.set()
        reader.join(60)
    assert seen == stored


def _again(database: Database) -> Database:
    """As another process opens it."""
    return Database(database.url.render_as_string(hide_password=False))


def _write(database: Database, clock: ManualClock, settings: Settings, serial: int) -> None:
    """Changes; every fifth act fails and takes a number with it that nobody will ever see."""
    desk = Desk(database, clock, settings, lambda _sequence: None)
    for number in range(CHANGES_OF_EACH):

        def change(session: Session, _now: object) -> None:
            changes.record_device(session, serial + 1, 1, clock.now())
            session.flush()

        def fail(session: Session, now: object) -> None:
            change(session, now)
            raise LookupError

        if number % 5 == 0:
            with suppress(LookupError):
                desk.act(fail)
        desk.act(change)
