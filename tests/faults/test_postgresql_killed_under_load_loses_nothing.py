"""SIGKILL of PostgreSQL while homes press, and a new start: every press the broker confirmed opens one incident, by itself."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from support.centre import Centre, running_centre
from support.device import button
from support.figures import write_figures
from support.kill_matrix import pending_messages
from support.postgres import PostgresServer, running_postgres
from support.processes import until
from support.store import incidents_by_home
from support.town import settle

HOMES_A_ROUND = 12
# Work beside the alarms that fails meanwhile is done later, and said.
AWAY = {"chore_failed", "page_not_recorded", "request_failed"}
BACK_SECONDS = 90.0


@pytest.mark.timeout(600)
def test_two_kills(tmp_path: Path) -> None:
    _kill_and_press(tmp_path, 2)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_twenty_kills(tmp_path: Path) -> None:
    presses = _kill_and_press(tmp_path, 20)
    head = ["| SIGKILLs of PostgreSQL | presses confirmed | lost | incidents doubled |", "|---|---|---|---|"]
    write_figures("postgresql", [*head, f"| 20 | {presses} | 0 | 0 |"])


def _kill_and_press(tmp_path: Path, rounds: int) -> int:
    with (
        running_postgres() as server,
        running_centre(tmp_path, database_url=server.create(), probe_interval_seconds=3600, expect_errors=AWAY) as centre,
    ):
        for serial in range(rounds):
            _one_kill(centre, server, f"round{serial:02d}")
        return rounds * HOMES_A_ROUND


def _one_kill(centre: Centre, server: PostgresServer, prefix: str) -> None:
    """Half press before it, half while nothing answers; then all are told that they were heard, and once."""
    town = settle(centre, HOMES_A_ROUND, prefix=prefix)
    with ExitStack() as stack:
        devices = [stack.enter_context(button(credentials)) for credentials in town]
        for device in devices[: HOMES_A_ROUND // 2]:
            device.publish_event("press-1")
        server.crash()
        for device in devices[HOMES_A_ROUND // 2 :]:
            device.publish_event("press-1")
        for device in devices:
            device.wait_acknowledged("press-1", 30)
        assert pending_messages(centre) >= HOMES_A_ROUND // 2, "acknowledged before it was committed"
        server.start()
        for device in devices:
            assert device.wait_receipt("press-1", BACK_SECONDS, {"accepted", "duplicate"}) is not None
    until(centre.is_ready, BACK_SECONDS, "ready again", 0.2)
    until(lambda: pending_messages(centre) == 0, BACK_SECONDS, "everything acknowledged", 0.2)
    assert incidents_by_home(centre, prefix) == {credentials.home: 1 for credentials in town}
