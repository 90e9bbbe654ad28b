"""The migrations and the models say the same; what is append-only refuses changes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import alerts.model  # noqa: F401 registers its tables
import devices.model  # noqa: F401 the same
import ingest.model  # noqa: F401 the same
from core.clock import ManualClock
from core.database import Base, Database
from people.model import AuditEntry
from yinling.migrations import upgrade


def test_nothing_is_left_to_migrate(database: Database) -> None:
    with database.snapshot() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_a_second_run_changes_nothing(database: Database) -> None:
    upgrade(database)


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_audit_refuses_to_be_rewritten(database: Database, clock: ManualClock, statement: str) -> None:
    with database.transaction() as session:
        session.add(AuditEntry(at=clock.now(), actor="王芳", action="home.created"))
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as session:
        session.execute(sa.text(statement))
    with database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 1
