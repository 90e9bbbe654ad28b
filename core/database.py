"""The relational store: one engine, two ways in.

`transaction()` is the unit of work and the only place in the house that commits (a lint proves it). On SQLite it takes
the write lock at its start (`BEGIN IMMEDIATE`), so that what it read cannot change before it writes; on PostgreSQL it is
a plain transaction, in which whatever decides about alarms first takes the order lock (`alerts.changes.hold_order`).
`run()` is the same for work that may be done anew from its beginning when the database put it out for another's sake.
`snapshot()` reads one consistent state and always rolls back. A process killed inside any of them leaves nothing behind.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, SessionTransaction, mapped_column
from sqlalchemy.types import BigInteger, TypeDecorator

from core.config import Settings
from core.failpoints import reach
from core.postgresql import Pooling, is_busy, make_engine, may_be_tried_again, why_refused
from core.turns import Turns

try:
    from pysqlite3 import dbapi2 as _pysqlite3
except ImportError:  # no wheel for this platform; the standard module may be new enough
    _pysqlite3 = None

log = structlog.get_logger()
T = TypeVar("T")

CONNECTIONS = Gauge("yinling_database_connections", "Connections to the relational store, open and in use.", ["state"])
RETRIES = Counter("yinling_database_retries_total", "Transactions done anew from their beginning, by why.", ["why"])

BUSY_TIMEOUT_SECONDS = 10
"""Waiting longer than this for somebody else's lock is a store that is away."""
_TRIES = 4
_FIRST_PAUSE_SECONDS = 0.05
_COMMITTING = "core.committing"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAITING = "core.after_commit"
_MICROSECOND = timedelta(microseconds=1)
# WAL corruption with several checkpointing connections was mended in these (sqlite.org, changes of 2026).
_SAFE_WAL_VERSIONS = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as integer microseconds since 1970 on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> int | None:
        """Refuse naive datetimes here, where the mistake is made."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, _dialect: Any) -> datetime | None:
        """Back to an aware datetime."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 SQLAlchemy reads this attribute of the class
        datetime: Instant,
        dict[str, Any]: sa.JSON,
        list[Any]: sa.JSON,
        int: sa.BigInteger().with_variant(sa.Integer, "sqlite"),
    }


class OfCentre:
    """Mixin: every row belongs to one centre (the tenant)."""

    centre_id: Mapped[int] = mapped_column(sa.ForeignKey("centres.id"), default=1, server_default="1")


def sqlite_module() -> ModuleType:
    """The SQLite driver: the `pysqlite3` wheel where there is one, else the standard module."""
    return _pysqlite3 if _pysqlite3 is not None else sqlite3


def sqlite_wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether WAL with several checkpointing connections is sound in this SQLite version."""
    return version >= _SAFE_WAL_VERSIONS[-1] or any(
        version[:2] == fixed[:2] and version >= fixed for fixed in _SAFE_WAL_VERSIONS[:-1]
    )


def sqlite_journal_mode() -> str:
    """WAL where it is sound, TRUNCATE elsewhere, with a line in the log."""
    if sqlite_wal_is_safe(sqlite_module().sqlite_version_info):
        return "WAL"
    log.warning("sqlite_too_old_for_wal", version=sqlite_module().sqlite_version, journal_mode="TRUNCATE")
    return "TRUNCATE"


def stands_in_the_way(error: BaseException) -> str | None:
    """Why the store is there and only somebody else's work is before ours; None for every other failure."""
    if isinstance(error, sa.exc.TimeoutError):
        return "all_connections_in_use"
    if is_busy(error):
        return why_refused(error)
    # SQLite has no codes here, only words.
    locked = isinstance(error, sa.exc.DBAPIError) and "database is locked" in str(error.orig)
    return "locked" if locked else None


def after_commit(session: Session, what: Callable[[], None]) -> None:
    """Run `what` once the unit of work of this session has committed; never when it, or a savepoint around it, is undone."""
    waiting: list[tuple[list[SessionTransaction], Callable[[], None]]] | None = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = []
        sa.event.listen(session, "after_commit", _run_waiting)
        sa.event.listen(session, "after_soft_rollback", _forget_undone)
    around, inner = [], session.get_nested_transaction()
    while inner is not None:
        around.append(inner)
        inner = inner.parent
    waiting.append((around, what))


def _run_waiting(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint was released; what it belongs to may still fail
    for _, what in session.info[_WAITING]:
        what()
    session.info[_WAITING].clear()


def _forget_undone(session: Session, undone: SessionTransaction) -> None:
    waiting = session.info[_WAITING]
    waiting[:] = [(around, what) for around, what in waiting if undone.nested and undone not in around]


class Database:
    """The engine and its two ways in. Safe to share between threads; one per process."""

    def __init__(self, url: str, pooling: Pooling | None = None, name: str = "yinling") -> None:
        self.url: URL = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._sqlite_engine() if self.is_sqlite else make_engine(self.url, pooling or Pooling(), name)
        _count_connections(self.engine)
        # SQLite has one writer; waiting here is fair and wakes at once, SQLite's own waiting polls.
        self._turns = Turns(Path(self.url.database)) if self.is_sqlite and self.url.database else None

    @classmethod
    def of(cls, settings: Settings, name: str = "yinling") -> Database:
        """The store of these settings; `name` is what the server shows its connections as."""
        return cls(settings.relational_url, Pooling.of(settings), name)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """The unit of work: commits on leaving, rolls back on any exception."""
        with self._turn(), Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"yinling_writes": True})
            yield session
            reach("store.before_commit")
            session.info[_COMMITTING] = True
            session.commit()
            reach("store.after_commit")

    def run(self, work: Callable[[Session], T]) -> T:
        """The unit of work as a function that may run several times and commits once; it must change nothing but the session.

        It runs again, whole, after a deadlock or a serialization failure, and after a connection that broke before the commit
        was asked for. Whether a commit that was asked for went through nobody knows: that error goes up.
        """
        for serial in range(1, _TRIES + 1):
            info: dict[Any, Any] = {}
            try:
                with self.transaction() as session:
                    info = session.info
                    return work(session)
            except sa.exc.DBAPIError as error:
                if serial == _TRIES or not may_be_tried_again(error, was_committing=_COMMITTING in info):
                    raise
                why = why_refused(error) or "unknown"
                RETRIES.labels(why).inc()
                log.warning("transaction_done_anew", why=why, serial=serial)
            time.sleep(_FIRST_PAUSE_SECONDS * 2**serial)
        raise AssertionError  # the last try returns or raises

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A consistent view to read from; whatever is written in it is lost."""
        with Session(self.engine, expire_on_commit=False) as session:
            if not self.is_sqlite:  # there every transaction is one state anyway
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()
        if self._turns is not None:
            self._turns.close()

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turns is None else self._turns.turn()

    def _sqlite_engine(self) -> sa.Engine:
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        journal_mode = sqlite_journal_mode()
        engine = sa.create_engine(
            self.url, module=sqlite_module(), connect_args={"timeout": BUSY_TIMEOUT_SECONDS}, pool_size=16, max_overflow=48
        )

        @sa.event.listens_for(engine, "connect")
        def _on_connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not open transactions behind our back
            cursor = connection.cursor()
            for pragma in (
                f"journal_mode={journal_mode}",
                "synchronous=FULL",
                "foreign_keys=ON",
                "mmap_size=0",
                "cache_size=-20000",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @sa.event.listens_for(engine, "begin")
        def _on_begin(connection: sa.Connection) -> None:
            writes = connection.get_execution_options().get("yinling_writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine


def _count_connections(engine: sa.Engine) -> None:
    """Keep count of what the pool holds and lends."""
    happenings = (("connect", "open", 1), ("close", "open", -1), ("checkout", "in_use", 1), ("checkin", "in_use", -1))
    for happening, state, by in happenings:

        def count(*_: Any, state: str = state, by: int = by) -> None:
            CONNECTIONS.labels(state).inc(by)

        sa.event.listen(engine, happening, count)
