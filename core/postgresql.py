"""PostgreSQL for the relational store: a pool that notices what ended, limits for who stands in the way, errors told apart.

What is nobody's fault in particular (a lock waited for too long, a deadlock, a server that restarts, a primary that became a
standby, tables of another version) is an `OperationalError` whatever class the driver gives it: a batch that meets it is
tried again whole, and nothing is set aside because of it. A connection to a server that may not be written any more is
thrown away with its pool, so that the next one looks for the primary again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError

from core.config import Settings

STORE_ERRORS = Counter("yinling_database_errors_total", "Statements the store refused for nobody's fault, by why.", ["why"])

CONNECT_TIMEOUT_SECONDS = 5
_KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""A server that is gone without a word (power, cable) is noticed within half a minute; the system's own default is two hours."""

DEADLOCK, SERIALIZATION = "40P01", "40001"
_WHY = {
    SERIALIZATION: "serialization",
    DEADLOCK: "deadlock",
    "55P03": "lock_timeout",
    "57014": "statement_timeout",
    "25P03": "idle_timeout",
    "25P04": "transaction_timeout",
    "25006": "read_only",
    "57P01": "shutdown",
    "57P02": "shutdown",
    "57P03": "starting",
    "53300": "too_many_connections",
    "53100": "disk_full",
    "42P01": "other_tables",
    "42703": "other_tables",
}
"""SQLSTATE to what `/metrics` calls it."""
_BUSY = {"serialization", "deadlock", "lock_timeout", "statement_timeout", "idle_timeout", "too_many_connections"}
_CACHED_PLAN = "0A000"


@dataclass(frozen=True, slots=True)
class Pooling:
    """How many connections a process keeps, and how long anything may take on one; 0 seconds is no limit."""

    size: int = 5
    overflow: int = 10
    wait_seconds: float = 10
    recycle_seconds: int = 1800
    lock_seconds: float = 10
    statement_seconds: float = 60
    idle_seconds: float = 30

    @classmethod
    def of(cls, settings: Settings) -> Pooling:
        """What these settings say."""
        return cls(
            size=settings.database_pool_size,
            overflow=settings.database_pool_overflow,
            recycle_seconds=settings.database_pool_recycle_seconds,
            lock_seconds=settings.database_lock_timeout_seconds,
            statement_seconds=settings.database_statement_timeout_seconds,
            idle_seconds=settings.database_idle_timeout_seconds,
        )


def make_engine(url: URL, pooling: Pooling, name: str) -> sa.Engine:
    """An engine whose connections are checked before they are lent and are named in the server's list of them.

    With several hosts in the address the one that may be written is taken, whichever that is now.
    """
    limits = {
        "lock_timeout": pooling.lock_seconds,
        "statement_timeout": pooling.statement_seconds,
        "idle_in_transaction_session_timeout": pooling.idle_seconds,
    }
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "target_session_attrs": "read-write",
        "application_name": name,
        **_KEEPALIVES,
    }
    arguments = {key: value for key, value in defaults.items() if key not in url.query}
    options = " ".join(f"-c {key}={round(seconds * 1000)}ms" for key, seconds in limits.items())
    given = url.query.get("options", "")
    arguments["options"] = f"{options} {given if isinstance(given, str) else ' '.join(given)}".strip()
    engine = sa.create_engine(
        url.difference_update_query(["options"]),
        connect_args=arguments,
        pool_pre_ping=True,
        pool_size=pooling.size,
        max_overflow=pooling.overflow,
        pool_timeout=pooling.wait_seconds,
        pool_recycle=pooling.recycle_seconds,
    )
    sa.event.listen(engine, "handle_error", _tell_apart, retval=True)
    return engine


def _tell_apart(context: ExceptionContext) -> BaseException | None:
    original = context.original_exception
    why = why_refused(original)
    if why is None:
        return None
    STORE_ERRORS.labels(why).inc()
    if why == "read_only":  # what was the primary is none any more: every connection to it is worth nothing
        context.is_disconnect = True
    if isinstance(context.sqlalchemy_exception, OperationalError):
        return None
    return OperationalError(context.statement, context.parameters, original, connection_invalidated=context.is_disconnect)


def why_refused(error: BaseException | None) -> str | None:
    """What the store refuses a statement for, when nobody who asked is to blame; the driver's error or SQLAlchemy's."""
    if isinstance(error, DBAPIError):
        return "connection_lost" if error.connection_invalidated else why_refused(error.orig)
    state = getattr(error, "sqlstate", None)
    if state == _CACHED_PLAN and "cached plan" in str(error):
        return "other_tables"
    return None if state is None else _WHY.get(state)


def is_busy(error: BaseException) -> bool:
    """Whether the store is there and only somebody else stands in the way."""
    return why_refused(error) in _BUSY


def may_be_tried_again(error: DBAPIError, *, was_committing: bool) -> bool:
    """Whether a whole transaction that failed so surely left nothing, and may pass at once the next time."""
    if getattr(error.orig, "sqlstate", None) in {DEADLOCK, SERIALIZATION}:
        return True
    return error.connection_invalidated and not was_committing


__all__ = ["Pooling", "is_busy", "make_engine", "may_be_tried_again", "why_refused"]
