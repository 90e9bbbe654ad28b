"""A store of the first version, with a row in every table, keeps every row and every value on its way to the newest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from support.filled_tables import fill, reflected
from support.stores import Stores

from alerts.model import Incident
from core.database import Database
from yinling.migrations import upgrade

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


def test_every_row_keeps_every_value(first_version: Database) -> None:
    before = fill(first_version)
    assert len(before) > 20
    upgrade(first_version)
    metadata = reflected(first_version)
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
