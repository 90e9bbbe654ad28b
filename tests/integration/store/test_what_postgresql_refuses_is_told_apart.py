"""What is nobody's fault is tried again whole, or told as a store that is away; never held against a message or a row."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.processes import until
from support.stores import PostgresStores

from alerts.poison import STORE_IS_AWAY
from core.database import CONNECTIONS, RETRIES, Database
from core.postgresql import Pooling, is_busy, why_refused


@pytest.fixture
def url(postgresql_stores: PostgresStores) -> Iterator[str]:
    """A database of the test's own."""
    url = postgresql_stores.fresh()
    yield url
    postgresql_stores.forget(url)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """It, with two counters, and little patience."""
    database = Database(url, Pooling(lock_seconds=0.3, statement_seconds=2, idle_seconds=0.3))
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE counts (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"))
        session.execute(sa.text("INSERT INTO counts VALUES (1, 0), (2, 0)"))
    yield database
    database.close()


def count(session: Session, row: int) -> None:
    session.execute(sa.text("UPDATE counts SET n = n + 1 WHERE id = :row"), {"row": row})


def counted(database: Database) -> list[int]:
    with database.snapshot() as session:
        return list(session.scalars(sa.text("SELECT n FROM counts ORDER BY id")))


def backend_pid(session: Session) -> int:
    return int(session.scalar(sa.text("SELECT pg_backend_pid()")) or 0)


def put_out(database: Database, pid: int) -> None:
    with database.transaction() as session:
        session.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def retries(why: str) -> float:
    return float(RETRIES.labels(why)._value.get())


def test_two_who_lock_each_other_out_both_commit(url: str, database: Database) -> None:
    patient, both_hold = Database(url, Pooling(lock_seconds=20)), threading.Barrier(2)
    before, first = retries("deadlock"), set[int]()

    def work(session: Session, rows: tuple[int, int]) -> None:
        count(session, rows[0])
        if rows[0] not in first:  # the second time nobody waits for anybody
            first.add(rows[0])
            both_hold.wait(60)
        count(session, rows[1])

    def run(rows: tuple[int, int]) -> None:
        patient.run(lambda session: work(session, rows))

    threads = [threading.Thread(target=run, args=(rows,)) for rows in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counted(database) == [2, 2]
    assert retries("deadlock") == before + 1
    patient.close()


def test_a_connection_that_breaks_before_the_commit_costs_nothing(database: Database) -> None:
    tries = []

    def work(session: Session) -> str:
        count(session, 1)
        tries.append(1)
        if len(tries) == 1:
            put_out(database, backend_pid(session))
        count(session, 2)
        return "done"

    assert database.run(work) == "done"
    assert (len(tries), counted(database)) == (2, [1, 1])


def test_a_commit_that_nobody_answered_is_not_done_twice(database: Database) -> None:
    tries = []

    def work(session: Session) -> None:
        tries.append(1)
        count(session, 1)
        put_out(database, backend_pid(session))

    with pytest.raises(STORE_IS_AWAY):
        database.run(work)
    assert (len(tries), counted(database)) == (1, [0, 0])


def test_a_lock_somebody_else_holds_is_somebody_in_the_way(url: str, database: Database) -> None:
    with closing(Database(url)) as other, other.transaction() as held:
        count(held, 1)
        with pytest.raises(STORE_IS_AWAY) as refused, database.transaction() as session:
            count(session, 1)
    assert why_refused(refused.value) == "lock_timeout"
    assert is_busy(refused.value)


def test_a_statement_without_end_is_ended(database: Database) -> None:
    with pytest.raises(STORE_IS_AWAY) as refused, database.transaction() as session:
        session.execute(sa.text("SELECT pg_sleep(30)"))
    assert why_refused(refused.value) == "statement_timeout"


def test_who_stands_still_inside_a_transaction_is_put_out_and_lets_the_others_pass(database: Database) -> None:
    def stand_still(session: Session) -> None:
        count(session, 1)
        pid = backend_pid(session)
        until(lambda: not _is_connected(database, pid), what="it was put out")
        count(session, 2)

    with pytest.raises(STORE_IS_AWAY), database.transaction() as session:
        stand_still(session)
    assert counted(database) == [0, 0]


def _is_connected(database: Database, pid: int) -> bool:
    with database.snapshot() as session:
        return bool(session.scalar(sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid}))


def test_a_server_that_is_no_primary_any_more_is_a_store_that_is_away(database: Database) -> None:
    pids = []

    def write_to_a_standby(session: Session) -> None:
        pids.append(backend_pid(session))
        session.execute(sa.text("SET TRANSACTION READ ONLY"))
        count(session, 1)

    with pytest.raises(STORE_IS_AWAY) as refused, database.transaction() as session:
        write_to_a_standby(session)
    assert why_refused(getattr(refused.value, "orig", None)) == "read_only"
    with database.snapshot() as session:
        assert backend_pid(session) not in pids, "its connections are worth nothing any more"


@pytest.mark.parametrize("statement", ["SELECT nothing FROM counts", "SELECT 1 FROM tables_of_next_year"])
def test_tables_of_another_version_are_no_message_s_fault(database: Database, statement: str) -> None:
    with pytest.raises(STORE_IS_AWAY) as refused, database.snapshot() as session:
        session.execute(sa.text(statement))
    assert why_refused(refused.value) == "other_tables"


def test_what_the_pool_lends_is_counted(database: Database) -> None:
    in_use = CONNECTIONS.labels("in_use")._value
    before = in_use.get()
    with database.snapshot() as session:
        session.execute(sa.text("SELECT 1"))
        assert in_use.get() == before + 1
    assert in_use.get() == before
