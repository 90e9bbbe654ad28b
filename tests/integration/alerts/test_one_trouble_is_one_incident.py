"""Several processes find the same thing wrong with the system at the same moment: one alert, one incident, on either database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerts.model import Alert, Incident, Severity
from alerts.system import raise_system
from alerts.troubles import Trouble
from core.clock import ManualClock
from core.config import Settings
from core.database import Database

FINDERS = 4
ROUNDS = 5


@pytest.fixture
def finders(database: Database) -> Iterator[list[Database]]:
    """Each with connections of its own, as processes have."""
    url = database.url.render_as_string(hide_password=False)
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Database(url))) for _ in range(FINDERS)]


def test_all_who_find_it_at_once_make_one(database: Database, finders: list[Database], clock: ManualClock, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    together = threading.Barrier(FINDERS)
    failures: list[BaseException] = []

    def find(own: Database) -> None:
        try:
            for _ in range(ROUNDS):
                together.wait(60)
                for trouble in (Trouble.PROBE, Trouble.AUDITOR):
                    own.run(lambda session, what=trouble: raise_system(session, what, Severity.HIGH, {}, clock.now(), settings))  # type: ignore[misc]
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=find, args=(own,)) for own in finders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.snapshot() as session:
        alerts = session.execute(sa.select(Alert.subject, Alert.count)).all()
        opened = session.scalar(sa.select(sa.func.count()).select_from(Incident))
    assert sorted((alert.subject, alert[1]) for alert in alerts) == [
        (Trouble.AUDITOR, FINDERS * ROUNDS),
        (Trouble.PROBE, FINDERS * ROUNDS),
    ]
    assert opened == 2


def test_what_has_no_words_cannot_be_raised(database: Database, clock: ManualClock, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="something_new"), database.transaction() as session:
        raise_system(session, "something_new", Severity.HIGH, {}, clock.now(), Settings(data_dir=tmp_path))
