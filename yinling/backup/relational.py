"""The relational store out of and into a backup, as it stood at one moment, while everything goes on.

SQLite writes a copy of itself; PostgreSQL is dumped by its own `pg_dump` from an exported snapshot. Rows and digests of every
table are taken from the same moment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import orjson
import psycopg.conninfo
import sqlalchemy as sa

from core.database import Database, sqlite_module
from yinling.backup.manifest import TableSum
from yinling.errors import CannotStartError

SQLITE_FILE = "relational.db"
DUMP_FILE = "relational.dump"
_VERSIONS = "alembic_version"
_ROWS_AT_ONCE = 5_000
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


def dump(database: Database, folder: Path) -> Mapping[str, TableSum]:
    """Write the store into the folder; its tables as they are in there."""
    if database.is_sqlite:
        copy_sqlite(Path(str(database.url.database)), folder / SQLITE_FILE)
        with closing(Database(f"sqlite:///{folder / SQLITE_FILE}")) as copied, copied.snapshot() as session:
            sums = table_sums(session.connection())
        _alone(folder / SQLITE_FILE)
        return sums
    with database.snapshot() as session:
        connection = session.connection()
        snapshot = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
        _postgresql(
            database, "pg_dump", ["--format=custom", f"--snapshot={snapshot}", "--no-owner", f"--file={folder / DUMP_FILE}"]
        )
        return table_sums(connection)


def load(database_url: str, folder: Path) -> None:
    """Bring the store back, into a file that is not there or a database without tables.

    Raises:
        CannotStartError: there is something in it, or the database's own program refuses.
    """
    with closing(Database(database_url)) as database:
        if database.is_sqlite:
            target = Path(str(database.url.database))
            shutil.copyfile(folder / SQLITE_FILE, target)
            target.chmod(0o600)
            return
        with database.snapshot() as session:
            tables = sa.inspect(session.connection()).get_table_names()
        if tables:
            message = "The database is not empty: make a new one for the restore, and name it in YINLING_DATABASE_URL."
            raise CannotStartError(message)
        name = str(database.url.database)
        _postgresql(
            database,
            "pg_restore",
            ["--exit-on-error", "--no-owner", "--single-transaction", f"--dbname={name}", str(folder / DUMP_FILE)],
        )


def copy_sqlite(source: Path, target: Path) -> None:
    """A whole and compact copy of a SQLite file as it stands now; its writers are not held up."""
    with closing(sqlite_module().connect(source, timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)


def table_sums(connection: sa.Connection) -> dict[str, TableSum]:
    """Rows and digest of every table, each row as it is in the order of its keys."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return {name: _sum(connection, table) for name, table in sorted(metadata.tables.items()) if name != _VERSIONS}


def revision_of(connection: sa.Connection) -> str:
    """The revision of the tables."""
    return str(connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(_VERSIONS))))


def _sum(connection: sa.Connection, table: sa.Table) -> TableSum:
    order = list(table.primary_key.columns) or list(table.columns)
    digest, rows = hashlib.sha256(), 0
    found = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(sa.select(table).order_by(*order))
    for row in found:
        digest.update(orjson.dumps(list(row), default=str, option=orjson.OPT_SORT_KEYS) + b"\n")
        rows += 1
    return TableSum(rows, digest.hexdigest())


def _alone(path: Path) -> None:
    """Opening a copy to look at it leaves files beside it; a backup is the one file."""
    with closing(sqlite_module().connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()


def _postgresql(database: Database, program: str, arguments: Sequence[str]) -> None:
    """Run one of PostgreSQL's own programs on this database; its password stays out of the list of processes."""
    found = _program(program)
    uri = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    told = psycopg.conninfo.conninfo_to_dict(uri)
    environment = {**os.environ, **{_VARIABLES[key]: str(value) for key, value in told.items() if key in _VARIABLES}}
    done = subprocess.run([found, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        message = f"{program} refused: {said[-1]}"
        raise CannotStartError(message)


def _program(name: str) -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        message = (
            f"There is no {name} on this machine: install PostgreSQL's client programs (Debian: apt-get install postgresql-client)."
        )
        raise CannotStartError(message)
    return found
