"""A store of the first version, with a row in every table, keeps every row and every value on its way to the newest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from support.stores import Stores

from alerts.model import Incident
from core.database import Database
from yinling.migrations import upgrade

Rows = dict[str, dict[str, Any]]

# Columns the tables' own CHECKs, and what was meant by them, say something of.
GIVEN: dict[str, dict[str, Any]] = {
    "incidents": {"state": "acknowledged", "severity": "critical", "closed_at": None, "reason": None},
    "alerts": {"state": "unacknowledged", "severity": "critical", "closed_at": None},
}
RENAMED = {("incidents", "fallback_due_at"): "escalation_due_at"}

COPIED = "home_id, rule, subject, kind, severity, state, condition_active, raised_at, happened_at, last_signal_at, signal_count"


@pytest.fixture
def first_version(stores: Stores) -> Iterator[Database]:
    """A store as the first migration made it, without a row."""
    url = stores.empty()
    database = Database(url)
    upgrade(database, "0001")
    yield database
    database.close()
    stores.forget(url)


def fill(database: Database) -> Rows:
    """One row in every table, every column filled that may be; the rows as they are stored."""
    metadata = sa.MetaData()
    metadata.reflect(database.engine)
    stored: Rows = {}
    with database.transaction() as session:
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
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


def test_every_row_keeps_every_value(first_version: Database) -> None:
    before = fill(first_version)
    assert len(before) > 20
    upgrade(first_version)
    metadata = sa.MetaData()
    metadata.reflect(first_version.engine)
    with first_version.snapshot() as session:
        for name, row in before.items():
            now = session.execute(sa.select(metadata.tables[name])).mappings().one()
            kept = {column: now[RENAMED.get((name, column), column)] for column in row}
            assert kept == row, name
        assert session.execute(sa.select(Incident.test, Incident.escalation_step)).one() == (False, 0)


def test_what_the_tables_refused_they_still_refuse(first_version: Database) -> None:
    fill(first_version)
    upgrade(first_version)
    refused = (
        "UPDATE incidents SET state = 'nonsense'",
        "UPDATE incidents SET state = 'closed'",
        "UPDATE incidents SET owner_id = NULL",
        "UPDATE pages SET incident_id = 404",
        "UPDATE timeline SET act = 'x'",
        "DELETE FROM audit",
        f"INSERT INTO alerts (id, {COPIED}) SELECT 2, {COPIED} FROM alerts",  # noqa: S608 nobody else's words
    )
    for statement in refused:
        with pytest.raises(sa.exc.DatabaseError), first_version.transaction() as session:
            session.execute(sa.text(statement))


def test_a_page_may_now_be_about_no_incident(first_version: Database) -> None:
    fill(first_version)
    upgrade(first_version)
    with first_version.transaction() as session:
        session.execute(sa.text("UPDATE pages SET incident_id = NULL"))
