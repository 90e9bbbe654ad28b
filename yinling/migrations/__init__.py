"""The history of the relational tables, and the one function that brings a database up to date.

The program of the version before goes on beside the new tables: docs/adr/0010 says what a migration may do, a lint holds it
to that. Each migration is a transaction of its own; a process killed half-way leaves the database at the last finished one.
"""

from __future__ import annotations

import threading
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from core.clock import SystemClock
from core.database import Database
from yinling.migrations.history import Tables, how_tables_stand
from yinling.migrations.patience import Patience, Say, who_is_in_the_way

log = structlog.get_logger()

HERE = Path(__file__).parent
WAIT_SECONDS = 900.0
_LOOK_SECONDS = 1.0
_SAY_EVERY = 10


def say_in_log(text: str) -> None:
    """What a start without a person in front of it says."""
    log.warning("migration_waits", says=text)


def upgrade(
    database: Database,
    revision: str = "head",
    *,
    wait_seconds: float = WAIT_SECONDS,
    say: Say = say_in_log,
    further: Path | None = None,
) -> None:
    """Run the migrations a database has not seen; safe to call at every start, beside other starts and running processes.

    Tables of a newer version that still work with this program are left as they are. `further` is a folder with more
    migrations than the program's own.

    Raises:
        CannotStartError: the tables are too new, or somebody else was in the way for all of `wait_seconds`.
    """
    config = config_of(further)
    if revision == "head" and how_tables_stand(database, ScriptDirectory.from_config(config)) is Tables.NEWER:
        log.warning("tables_are_newer", says="a newer Yinling has migrated them, and they work with this one too")
        return
    if database.is_sqlite:
        config.attributes["database"] = database
        command.upgrade(config, revision)
        return
    patience = Patience(SystemClock(), wait_seconds, say)
    with patience.alone(database) as patient:
        config.attributes["database"] = patient

        def run() -> bool:
            command.upgrade(config, revision)
            return True

        patience.until_passed(run, lambda: who_is_in_the_way(patient))


def tables_of(database: Database) -> Tables:
    """How the tables stand to this program.

    Raises:
        CannotStartError: they are too new.
    """
    return how_tables_stand(database, ScriptDirectory.from_config(config_of(None)))


def knows(revision: str) -> bool:
    """Whether this program has the migration that made such tables."""
    return revision in {step.revision for step in ScriptDirectory.from_config(config_of(None)).walk_revisions()}


def await_tables(database: Database) -> None:
    """Wait until the tables are what this program needs, and say so meanwhile: it may be started before `yinling migrate`.

    A store that is away is no reason to wait here: whoever starts handles that where it matters.

    Raises:
        CannotStartError: the tables are too new.
    """
    looks = 0
    while True:
        try:
            standing = tables_of(database)
        except OperationalError:
            return
        if standing in {Tables.AS_KNOWN, Tables.NEWER}:
            return
        if looks % _SAY_EVERY == 0:
            log.warning("waiting_for_migration", tables=standing, says="run 'yinling migrate'")
        looks += 1
        threading.Event().wait(_LOOK_SECONDS)


def config_of(further: Path | None) -> Config:
    """Alembic's configuration: our own versions, and those of another folder."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(one) for one in (HERE / "versions", further) if one is not None))
    return config


__all__ = ["Tables", "await_tables", "config_of", "say_in_log", "tables_of", "upgrade"]
