"""Somebody holds what a chore of the pager writes: it is done at a later turn, and nobody calls it an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from support.stores import Stores

import core.database
from alerts.pager import PagerLoop
from core.database import Database
from core.postgresql import Pooling

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged

WAITED_SECONDS = 0.3


@pytest.fixture
def busy(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A store of its own in which nobody waits long for a lock."""
    monkeypatch.setattr(core.database, "BUSY_TIMEOUT_SECONDS", WAITED_SECONDS)
    with closing(Database(stores.fresh(), Pooling(lock_seconds=WAITED_SECONDS))) as database:
        with database.transaction() as session:
            session.execute(sa.text("CREATE TABLE held (number INTEGER)"))
            session.execute(sa.text("INSERT INTO held VALUES (0)"))
        yield database


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Another connection writes the row and does not end."""
    with closing(Database(database.url.render_as_string(hide_password=False))) as other, other.transaction() as session:
        session.execute(sa.text("UPDATE held SET number = number"))
        yield


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(f"yinling_pager_chores_{name}_total", {"chore": "counts"}) or 0.0


def test_it_is_done_at_the_turn_after_the_lock(paged: Paged, busy: Database) -> None:
    def count() -> None:
        with busy.transaction() as session:
            session.execute(sa.text("UPDATE held SET number = number + 1"))

    def turn() -> list[Any]:
        with capture_logs() as logs:
            loop.do_chores()
        return [line for line in logs if line.get("chore") == "counts"]

    loop = PagerLoop(paged.town.desk, {"apprise": paged.carrier}, chores={"counts": count})
    put_off, failed = counted("put_off"), counted("failed")
    with held(busy):
        (line,) = turn()
    assert (line["event"], line["log_level"]) == ("chore_put_off", "warning")
    assert (counted("put_off"), counted("failed")) == (put_off + 1, failed)
    assert turn() == []
    loop.close()
    with busy.snapshot() as session:
        assert session.scalar(sa.text("SELECT number FROM held")) == 1
