"""Alembic's entry: runs the versions, on SQLite in the unit of work, on PostgreSQL each in a transaction of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

import alerts.clock_model
import alerts.escalation.model
import alerts.lease_model
import alerts.model
import alerts.modes.model
import alerts.paging.model
import alerts.ruleset.model  # noqa: F401 the same
import devices.model  # noqa: F401 the same
import ingest.model  # noqa: F401 the same
import people.duty.model
import people.model
import people.reach.model  # noqa: F401 the same
from core.database import Base, Database
from yinling.migrations.history import note_step


def run() -> None:
    """Run what is missing."""
    database: Database = context.config.attributes["database"]
    if database.is_sqlite:
        with database.transaction() as session:
            _run_on(session.connection())
        return
    with database.engine.connect() as connection:
        _run_on(connection)


def _run_on(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=False,
        transaction_per_migration=True,
        on_version_apply=note_step,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
