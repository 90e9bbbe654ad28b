"""Changes of tables that others go on using: what a migration calls instead of Alembic's own, where that would stop the house."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op


def add_index(name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None) -> None:
    """An index of a table that has rows; on PostgreSQL it is built while others write.

    The migration's transaction ends before it and a new one begins after, so it comes last or alone. What a build that was
    killed left behind is removed first.
    """
    condition = None if where is None else sa.text(where)
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(name, table, list(columns), unique=unique, sqlite_where=condition)
        return
    with op.get_context().autocommit_block():
        # Waiting here holds up nobody who reads or writes, and stepping back would throw away what is built.
        op.execute("SET lock_timeout = 0")
        invalid = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid").bindparams(name=name)
        if op.get_bind().scalar(invalid):
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(
            name, table, list(columns), unique=unique, postgresql_where=condition, postgresql_concurrently=True, if_not_exists=True
        )
        op.execute("RESET lock_timeout")


def drop_index(name: str, table: str) -> None:
    """Remove an index that no query needs any more, while others write."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
        op.execute("RESET lock_timeout")


def add_check(name: str, table: str, condition: str) -> None:
    """A CHECK for rows to come: the old program's rows must pass it too. Rows there are looked at without keeping writers out.

    PostgreSQL only: SQLite takes a CHECK with its table and nowhere else, and there nobody goes on beside a migration.
    """
    if op.get_bind().dialect.name == "sqlite":
        return
    op.create_check_constraint(op.f(name), table, condition, postgresql_not_valid=True)
    with op.get_context().autocommit_block():
        op.execute(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{name}"')


__all__ = ["add_check", "add_index", "drop_index"]
