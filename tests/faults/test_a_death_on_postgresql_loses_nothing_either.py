"""A sample of the kill matrix on PostgreSQL: the moments around a commit, where the database is what differs.

`YINLING_TEST_DATABASE=postgresql` runs the whole matrix there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.kill_matrix import Stage, stage

AROUND_A_COMMIT = (
    "ingest.before_commit",
    "ingest.after_commit",
    "incident.before_commit",
    "incident.after_commit",
    "escalation.before_commit",
    "pager.after_send",
    "timers.after_commit",
)


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One centre for all deaths."""
    with stage(tmp_path_factory.mktemp("kills"), "postgresql") as shared:
        yield shared


@pytest.mark.parametrize("point", AROUND_A_COMMIT)
def test_a_death_at_this_moment_loses_nothing_and_doubles_nothing(on: Stage, point: str) -> None:
    on.die(point)
