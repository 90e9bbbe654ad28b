"""A row in every table, written by what the tables themselves say of their columns."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from core.database import Database

Rows = dict[str, dict[str, Any]]
NOT_OURS = {"alembic_version", "schema_history"}
"""Tables only migrations write."""

# Columns the tables' own CHECKs, and what was meant by them, say something of.
GIVEN: dict[str, dict[str, Any]] = {
    "incidents": {"state": "acknowledged", "severity": "critical", "closed_at": None, "reason": None},
    "contact_points": {"contact_id": None},
    "alerts": {"state": "unacknowledged", "severity": "critical", "closed_at": None},
}


def reflected(database: Database) -> sa.MetaData:
    """The tables as they are now."""
    metadata = sa.MetaData()
    metadata.reflect(database.engine)
    return metadata


def fill(database: Database, metadata: sa.MetaData | None = None) -> Rows:
    """One row in every table, every column filled that may be; the rows as they are stored.

    With the tables as they were before, it writes and reads as the program of then would.
    """
    metadata = metadata or reflected(database)
    stored: Rows = {}
    with database.transaction() as session:
        for table in metadata.sorted_tables:
            if table.name not in NOT_OURS:
                session.execute(table.insert().values(**row_of(table, stored)))
                stored[table.name] = dict(session.execute(sa.select(table)).mappings().one())
    return stored


def row_of(table: sa.Table, stored: Rows) -> dict[str, Any]:
    row = {}
    for serial, column in enumerate(table.columns, 1):
        given = GIVEN.get(table.name, {})
        if column.name in given:
            row[column.name] = given[column.name]
        elif column.foreign_keys:
            referred = next(iter(column.foreign_keys)).column
            row[column.name] = None if referred.table is table else stored[referred.table.name][referred.name]
        else:
            row[column.name] = 1 if column.primary_key and is_number(column) else value_of(column, serial)
    return row


def is_number(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Integer)


def value_of(column: sa.Column[Any], serial: int) -> Any:
    kinds: tuple[tuple[type[Any], Any], ...] = (
        (sa.Boolean, True),
        (sa.Integer, 1_700_000_000_000_000 + serial if column.name.endswith("_at") else serial),
        (sa.Float, serial + 0.5),
        (sa.JSON, {"值": [serial, None]}),
        (sa.Date, date(2024, 2, 29)),
        (sa.LargeBinary, b"\x00\xff"),
        (sa.String, f"值{serial}"),
    )
    return next(value for kind, value in kinds if isinstance(column.type, kind))
