"""The desk: one act, one transaction, then one hint.

A process that dies before the commit has done nothing; after it, everything, and readers find it within a second even
though nobody hinted.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import token_hex
from typing import TypeVar

from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.changes import hold_order, sequence_of
from alerts.timeline import Actor
from core.clock import Clock
from core.config import Settings
from core.database import Database
from core.failpoints import reach

T = TypeVar("T")
Hint = Callable[[int | None], None]


class Desk:
    """Runs acts on incidents. Safe to share between threads."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, hint: Hint) -> None:
        self.database = database
        self.clock = clock
        self.settings = settings
        self._hint = hint
        self.name = f"{socket.gethostname()[:60]}:{token_hex(4)}"
        """Tells one pager from another."""
        self.unfollowed = timedelta(0)
        """Steps of the wall clock by which the open dues are still to be moved."""
        self.has_looked_back = False
        """Whether it was looked for a step while no pager ran."""
        self.anchored_at_seconds: float | None = None
        """When the clock's place was written down last."""

    def act(self, what: Callable[[Session, datetime], T]) -> T:
        """Run `what(session, now)` in one transaction, commit, and hint; what it raises goes up and nothing is stored.

        It may run again from its beginning when the database put it out before anything was stored.
        """

        def work(session: Session) -> tuple[T, int | None]:
            hold_order(session)
            result = what(session, self.clock.now())
            session.flush()
            sequence = sequence_of(session)
            reach("incident.before_commit")
            return result, sequence

        result, sequence = self.database.run(work)
        reach("incident.after_commit")
        if sequence is not None:
            self._hint(sequence)
        reach("incident.after_hint")
        return result

    def do(self, actor: Actor, what: Callable[[Session, By], T]) -> T:
        """`act` for a person: `what(session, by)` with who, when and the settings."""
        return self.act(lambda session, now: what(session, By(actor, now, self.settings)))


__all__ = ["Desk", "Hint"]
