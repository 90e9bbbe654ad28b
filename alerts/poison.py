"""What could not be worked on is set aside, counted and shown; it never stops the next one (invariant 10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from alerts.metrics import POISON
from alerts.model import Poison

log = structlog.get_logger()

STORE_IS_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""The store's failures: no row is to blame, everything must be tried again."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A row or message, where it failed, and why."""

    place: str
    reference: str
    error: BaseException
    payload: str = ""


def set_aside(session: Session, failed: Failed, now: datetime) -> None:
    """Keep what failed, log it and count it."""
    log.error("set_aside", place=failed.place, reference=failed.reference, error=repr(failed.error))
    POISON.labels(failed.place).inc()
    session.add(
        Poison(
            at=now,
            place=failed.place,
            reference=printable(failed.reference)[:300],
            error=printable(repr(failed.error))[:4000],
            payload=failed.payload.encode("utf-8", "replace")[:65536] or None,
        )
    )
    session.flush()


def printable(text: str) -> str:
    """`text` without what no database stores: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


__all__ = ["STORE_IS_AWAY", "Failed", "printable", "set_aside"]
