"""What PostgreSQL refuses has a code and a sentence over HTTP: wait, look again, or correct it; never a fault of ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from support.api_town import Town
from support.postgres import PostgresServer
from support.processes import until
from support.stores import PostgresStores

from core.database import Database
from core.postgresql import Pooling
from people.model import Home


@pytest.fixture
def database(postgresql_stores: PostgresStores) -> Iterator[Database]:
    """A PostgreSQL database that waits for nobody for long."""
    url = postgresql_stores.fresh()
    with closing(Database(url, Pooling(lock_seconds=0.3))) as database:
        yield database
    postgresql_stores.forget(url)


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """Somebody else on the same database."""
    with closing(Database(database.url.render_as_string(hide_password=False))) as other:
        yield other


def make_home(town: Town, code: str) -> httpx.Response:
    wanted = {"code": code, "name": "家", "address": "x"}
    answer: httpx.Response = town.client.post("/api/v1/homes", json=wanted, headers=town.bearer("administrator"))
    return answer


def code_of(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_lock_of_somebody_else_is_a_store_that_is_busy(town: Town, other: Database) -> None:
    with other.transaction() as session:
        session.execute(sa.text("LOCK TABLE homes IN EXCLUSIVE MODE"))
        answer = make_home(town, "h-new")
    assert code_of(answer) == (503, "store_busy")
    assert answer.headers["Retry-After"] == "1"
    assert make_home(town, "h-new").status_code == 201


def test_two_who_make_the_same_thing_at_once_make_it_once(town: Town, other: Database) -> None:
    answers: list[httpx.Response] = []
    patient = Database(other.url.render_as_string(hide_password=False))
    object.__setattr__(town.deps, "database", patient)
    with other.transaction() as session:
        session.add(Home(code="h-new", name="家", address="x", created_at=town.clock.now()))
        session.flush()
        thread = threading.Thread(target=lambda: answers.append(make_home(town, "h-new")))
        thread.start()
        until(lambda: _somebody_waits(patient), what="the other stands before the same key")
    thread.join(60)
    assert code_of(answers[0]) == (409, "changed_meanwhile")
    patient.close()


def _somebody_waits(database: Database) -> bool:
    with database.snapshot() as session:
        return bool(session.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_a_database_that_cannot_be_reached_is_a_store_that_is_away(
    town: Town, database: Database, postgres: PostgresServer
) -> None:
    headers = town.bearer("administrator")
    name = database.url.database
    postgres.say(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres.say(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 our own name
    answer = town.client.get("/api/v1/homes", headers=headers)
    postgres.say(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert code_of(answer) == (503, "store_away")
    assert "Alarms are kept" in answer.json()["error"]["message"]
    assert town.client.get("/api/v1/homes", headers=headers).status_code == 200
