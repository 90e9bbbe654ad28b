"""How a migration waits on PostgreSQL, so that no alarm waits for it.

A statement that changes a table asks for a lock nobody else may share. While it stands in the queue behind a long reader,
everybody who comes after stands behind it, alarms too. So it stands there for a second at most, steps back, and tries
again, until it passes. Two starters at once are told apart by an advisory lock, which dies with its connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from core.clock import Clock
from core.database import Database
from core.postgresql import Pooling, is_busy
from yinling.errors import CannotStartError

Say = Callable[[str], None]

STAND_IN_THE_QUEUE_SECONDS = 1.0
"""The longest an alarm may have to stand behind a migration."""
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
_ADVISORY_LOCK = 0x59494E4D  # beside the order of alarms, `alerts.changes`
_IN_THE_WAY = sa.text(
    "SELECT pid, application_name, state FROM pg_stat_activity "
    "WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1"
)


class Patience:
    """Tries until it passes or `wait_seconds` are over; `say` hears what it waits for."""

    def __init__(self, clock: Clock, wait_seconds: float, say: Say) -> None:
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._say = say

    @contextmanager
    def alone(self, database: Database) -> Iterator[Database]:
        """Be the only one who migrates this database; gives the same database as a migration may use it."""
        pooling = Pooling(size=2, overflow=1, lock_seconds=STAND_IN_THE_QUEUE_SECONDS, statement_seconds=0, idle_seconds=0)
        address = database.url.render_as_string(hide_password=False)
        with closing(Database(address, pooling, "yinling-migrate")) as patient, patient.engine.connect() as guard:
            outside = guard.execution_options(isolation_level="AUTOCOMMIT")
            self.until_passed(lambda: _take(outside), lambda: "another process migrates the same database")
            yield patient

    def until_passed(self, what: Callable[[], bool], in_the_way: Callable[[], str]) -> None:
        """Call `what` until it says that it is done; being in somebody's way, or behind somebody, counts as not yet.

        Raises:
            CannotStartError: it did not pass in time.
        """
        began_seconds, pause_seconds = self._clock.monotonic_seconds(), _FIRST_PAUSE_SECONDS
        while True:
            try:
                if what():
                    return
            except OperationalError as error:
                if not is_busy(error):
                    raise
            waited_seconds = self._clock.monotonic_seconds() - began_seconds
            why = in_the_way()
            if waited_seconds > self._wait_seconds:
                message = f"Not brought up to date within {self._wait_seconds:g} s: {why}. Nothing is lost; try again."
                raise CannotStartError(message)
            self._say(f"Waiting to bring the tables up to date ({waited_seconds:.0f} s): {why}; again in {pause_seconds:g} s.")
            threading.Event().wait(pause_seconds)
            pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)


def _take(connection: sa.Connection) -> bool:
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY_LOCK))))


def who_is_in_the_way(database: Database) -> str:
    """The oldest transaction of this database, in a few words."""
    with database.snapshot() as session:
        row = session.execute(_IN_THE_WAY).one_or_none()
    if row is None:
        return "somebody held a lock"
    return f"process {row.pid} of the server ({row.application_name or 'unnamed'}, {row.state}) has a transaction open"


__all__ = ["Patience", "Say", "who_is_in_the_way"]
