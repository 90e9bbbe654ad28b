"""Alembic's entry: runs the versions on the connection of the unit of work."""

from __future__ import annotations

from alembic import context

import alerts.escalation.model
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


def run() -> None:
    """Run the migrations in one transaction."""
    database: Database = context.config.attributes["database"]
    with database.transaction() as session:
        context.configure(connection=session.connection(), target_metadata=Base.metadata, render_as_batch=False)
        with context.begin_transaction():
            context.run_migrations()


run()
