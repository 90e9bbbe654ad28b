"""Which steps the tables went, and how old a program may be that still works with them.

The program of yesterday does not know the steps of tomorrow. So each step writes down, in the tables themselves, the oldest
revision whose program may go on beside it (`works_with`): a step that only adds keeps that of the step before, a step that
takes something away raises it. A program that finds steps it does not know goes on if it knows what they work with.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.clock import SystemClock
from core.database import Base, Database
from yinling.errors import CannotStartError


class SchemaStep(Base):
    """A migration that was run."""

    __tablename__ = "schema_history"

    revision: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    works_with: Mapped[str] = mapped_column(sa.String(32))
    applied_at: Mapped[datetime]


class Tables(StrEnum):
    """How the tables stand to this program."""

    MISSING = "missing"
    OLDER = "older"
    AS_KNOWN = "as known"
    NEWER = "newer"


def note_step(ctx: MigrationContext, step: Any, heads: object, run_args: object) -> None:
    """Alembic's callback after each step, in its transaction."""
    del heads, run_args
    works_with = getattr(step.up_revision.module, "works_with", None)
    if works_with is None or not step.is_upgrade or ctx.connection is None:
        return
    row = {"revision": step.up_revision_id, "works_with": works_with, "applied_at": SystemClock().now()}
    ctx.connection.execute(sa.insert(SchemaStep).values(row))


def how_tables_stand(database: Database, script: ScriptDirectory) -> Tables:
    """Compare the tables with what this program knows.

    Raises:
        CannotStartError: a newer program took away what this one needs.
    """
    known = {step.revision for step in script.walk_revisions()}
    with database.snapshot() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
        if current is None:
            return Tables.MISSING
        if current in known:
            return Tables.AS_KNOWN if current == script.get_current_head() else Tables.OLDER
        _refuse_unfit(session, known, current)
    return Tables.NEWER


def _refuse_unfit(session: Session, known: set[str], current: str) -> None:
    steps = session.execute(sa.select(SchemaStep.revision, SchemaStep.works_with)).all()
    needed = {step.works_with for step in steps if step.revision not in known}
    if not needed <= known:
        message = (
            f"A newer Yinling brought the tables to version {current}, which works with programs of version {max(needed)} and "
            "newer, and this one is older: start the newer one, or restore the backup made before it."
        )
        raise CannotStartError(message)


__all__ = ["SchemaStep", "Tables", "how_tables_stand", "note_step"]
