"""The history of the relational tables, and the one function that brings a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from core.database import Database


def upgrade(database: Database, revision: str = "head") -> None:
    """Run the migrations a database has not seen, each in a transaction; safe to call at every start.

    A process killed half-way leaves the database at the last finished migration.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["database"] = database
    command.upgrade(config, revision)
