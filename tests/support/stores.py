"""Relational stores for tests, on each database the house runs on: migrated once, then copied for every test.

A `Stores` gives databases of its kind. `fresh` is a copy of a database built by running the migrations, with its one centre;
`empty` has no table yet.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.postgres import PostgresServer

from core.database import Base, Database
from people.model import Centre
from yinling.migrations import upgrade

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
_TEMPLATE = "yinling_migrated"


class Stores(Protocol):
    """Where tests get their databases from."""

    def fresh(self) -> str:
        """The address of a migrated database of the caller's own."""
        ...

    def empty(self) -> str:
        """The address of a database without tables."""
        ...

    def copy(self, url: str) -> str:
        """The address of a copy of a database given before, to which nobody is connected."""
        ...

    def forget(self, url: str) -> None:
        """Remove a database given before."""
        ...


class SqliteStores:
    """Files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._serial = count(1)
        self.template = folder / f"{_TEMPLATE}.db"
        _build(f"sqlite:///{self.template}")

    def fresh(self) -> str:
        """A copy of the file."""
        path = self._next()
        shutil.copyfile(self.template, path)
        return f"sqlite:///{path}"

    def empty(self) -> str:
        """A file that is not there yet."""
        return f"sqlite:///{self._next()}"

    def copy(self, url: str) -> str:
        """A copy of the file, which its last reader has made whole."""
        path = self._next()
        shutil.copyfile(self._folder / Path(url).name, path)
        return f"sqlite:///{path}"

    def forget(self, url: str) -> None:
        """Remove the file and what SQLite keeps beside it."""
        for path in self._folder.glob(f"{Path(url).name}*"):
            path.unlink()

    def _next(self) -> Path:
        return self._folder / f"store-{next(self._serial)}.db"


class PostgresStores:
    """Databases of one server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._serial = count(1)
        _build(server.create(_TEMPLATE))

    def fresh(self) -> str:
        """A copy of the template."""
        return self._server.create(self._next(), _TEMPLATE)

    def empty(self) -> str:
        """A new database."""
        return self._server.create(self._next())

    def copy(self, url: str) -> str:
        """A copy of the database."""
        return self._server.create(self._next(), _name_in(url))

    def forget(self, url: str) -> None:
        """Drop it."""
        self._server.drop(_name_in(url))

    def _next(self) -> str:
        return f"store_{next(self._serial)}"


def _name_in(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def _build(url: str) -> None:
    with closing(Database(url)) as database:
        upgrade(database)
        with database.transaction() as session:
            session.add(Centre(id=1, name="银铃县调度中心", phone="0797-8120120", created_at=START))


def count_on_from(session: Session, *tables: type[Base]) -> None:
    """After rows were given ids by hand: PostgreSQL counts on from the highest, as SQLite does by itself."""
    if session.get_bind().dialect.name != "postgresql":
        return
    session.flush()
    for table in tables:
        highest = sa.select(sa.func.max(sa.literal_column("id"))).select_from(table.__table__).scalar_subquery()
        session.execute(sa.select(sa.func.setval(f"{table.__tablename__}_id_seq", highest)))


@contextmanager
def fresh_database(stores: Stores) -> Iterator[Database]:
    """A migrated database for as long as it is needed."""
    url = stores.fresh()
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
        stores.forget(url)
