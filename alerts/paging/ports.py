"""What paging needs of the desk that runs acts: one act, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from core.clock import Clock
from core.config import Settings
from core.database import Database

T = TypeVar("T")


class Desk(Protocol):
    """`alerts.work.Desk` is one."""

    database: Database
    clock: Clock
    settings: Settings

    def act(self, what: Callable[[Session, datetime], T]) -> T:
        """Run it in a transaction of its own."""
        ...


__all__ = ["Desk"]
