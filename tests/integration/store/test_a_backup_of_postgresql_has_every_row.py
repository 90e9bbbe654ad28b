from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.stores import START, PostgresStores, fresh_database

from core.database import Database
from people.model import Area, Home, Resident
from yinling.backup import relational
from yinling.errors import CannotStartError


@pytest.fixture
def filled(postgresql_stores: PostgresStores) -> Iterator[Database]:
    with fresh_database(postgresql_stores) as database:
        with database.transaction() as session:
            street = Area(code="qs", name="青山街道", path="/qs/")
            session.add(street)
            session.flush()
            homes = [
                Home(code=f"h{serial}", name="家", address="路\n号", area_id=street.id, created_at=START) for serial in range(50)
            ]
            session.add_all(homes)
            session.flush()
            session.add_all(
                Resident(home_id=home.id, name="王秀兰", limits={"spo2": {"low": 90}}, created_at=START) for home in homes
            )
        yield database


def test_what_is_restored_is_what_was_there_and_it_works_on(
    filled: Database, postgresql_stores: PostgresStores, tmp_path: Path
) -> None:
    told = relational.dump(filled, tmp_path)
    assert told["homes"].rows == told["residents"].rows == 50
    url = postgresql_stores.empty()
    relational.load(url, tmp_path)
    with closing(Database(url)) as restored:
        with restored.snapshot() as session:
            assert relational.table_sums(session.connection()) == told
            assert relational.revision_of(session.connection())
        with restored.transaction() as session:  # the sequences count on
            session.add(Home(code="new", name="家", address="路", created_at=START))
    postgresql_stores.forget(url)


def test_the_sums_are_those_of_one_moment(filled: Database) -> None:
    with filled.snapshot() as session:
        before = relational.table_sums(session.connection())
        with filled.transaction() as other:
            other.add(Home(code="meanwhile", name="家", address="路", created_at=START))
        assert relational.table_sums(session.connection()) == before


def test_a_database_with_tables_is_left_alone(filled: Database, postgresql_stores: PostgresStores, tmp_path: Path) -> None:
    relational.dump(filled, tmp_path)
    url = postgresql_stores.fresh()
    with pytest.raises(CannotStartError, match="not empty"):
        relational.load(url, tmp_path)
    postgresql_stores.forget(url)
