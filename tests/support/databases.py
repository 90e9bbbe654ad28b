"""Which relational store the whole program is tested on.

`YINLING_TEST_DATABASE=postgresql` puts every centre a test starts on a PostgreSQL database of its own. Unset, they keep their
SQLite file, and only the tests that ask for PostgreSQL by name get it.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from support.postgres import shared_postgres

from core.database import Database

VARIABLE = "YINLING_TEST_DATABASE"
BACKENDS = ("sqlite", "postgresql")


def chosen_backend() -> str:
    """What this run is for."""
    chosen = os.environ.get(VARIABLE) or "sqlite"
    assert chosen in BACKENDS, f"{VARIABLE}={chosen}: one of {BACKENDS}"
    return chosen


def settings_of(backend: str) -> dict[str, Any]:
    """The settings that put a new centre on this kind of store."""
    return {"database_url": shared_postgres(durable=True).create()} if backend == "postgresql" else {}


def ask(url: str, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The answer to one query, its parameters written as `?`."""
    named = {f"given_{serial}": value for serial, value in enumerate(parameters)}
    first, *others = query.split("?")
    text = first + "".join(f":given_{serial}{part}" for serial, part in enumerate(others))
    with closing(Database(url)) as database, database.snapshot() as session:
        return [tuple(row) for row in session.execute(sa.text(text), named)]


def change(url: str, statement: str, **parameters: Any) -> None:
    """One statement, committed."""
    with closing(Database(url)) as database, database.transaction() as session:
        session.execute(sa.text(statement), parameters)
