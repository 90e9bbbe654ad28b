"""Where the clock stood when a pager ran last is kept; the next one moves the dues by what the wall was set meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.anchor import KEPT_EVERY_SECONDS
from alerts.clock_model import ClockAnchor
from alerts.clocks import follow_step
from alerts.model import Incident
from alerts.work import Desk
from core.clock import ManualClock, SinceBoot

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

BOOT = "0b1c"
SINCE = timedelta(hours=5)
"""How long the machine ran when the first pager started."""
HOUR = timedelta(hours=1)


def pager(town: Town, *, passed: timedelta = timedelta(0), set_by: timedelta = timedelta(0), boot: str | None = BOOT) -> Desk:
    """A pager that starts when so much time has passed and the wall was set by so much."""
    since_boot = None if boot is None else SinceBoot(boot, SINCE + passed)
    clock = ManualClock(town.clock.now() + passed + set_by, since_boot)
    return Desk(town.database, clock, town.settings, lambda _: None)


def dues(town: Town) -> list[object]:
    [incident] = town.rows(Incident)
    return [incident.ring_due_at, incident.escalation_due_at, incident.escalation_from_at]


@pytest.fixture
def ringing(town: Town) -> Town:
    town.say("sos.pressed")
    assert follow_step(pager(town)) is None
    return town


@pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(seconds=-30)])
def test_what_is_due_moves_with_it_once(ringing: Town, step: timedelta) -> None:
    [before] = ringing.rows(Incident)
    away = timedelta(minutes=10)
    heirs = [pager(ringing, passed=away, set_by=step) for _ in range(2)]
    assert follow_step(heirs[0]) == step
    [after] = ringing.rows(Incident)
    assert before.ring_due_at is not None
    assert after.ring_due_at == before.ring_due_at + step
    assert before.escalation_due_at is not None
    assert after.escalation_due_at == before.escalation_due_at + step
    assert follow_step(heirs[0]) is None
    moved = dues(ringing)
    follow_step(heirs[1])  # a second pager that was started in the same moment
    assert follow_step(pager(ringing, passed=2 * away, set_by=step)) is None
    assert dues(ringing) == moved


@pytest.mark.parametrize(
    ("what", "heir"),
    [
        ("time passed", {"passed": timedelta(hours=3)}),
        ("the clock was slewed", {"passed": timedelta(hours=3), "set_by": timedelta(seconds=4)}),
        ("the machine was started again", {"passed": timedelta(minutes=1), "set_by": HOUR, "boot": "77aa"}),
        ("the system does not tell", {"passed": timedelta(minutes=1), "set_by": HOUR, "boot": None}),
    ],
)
def test_what_is_no_step_or_cannot_be_told_moves_nothing(ringing: Town, what: str, heir: dict[str, timedelta]) -> None:
    before = dues(ringing)
    assert follow_step(pager(ringing, **heir)) is None, what  # type: ignore[arg-type]
    assert dues(ringing) == before


def test_a_step_that_was_followed_while_running_is_not_told_again(ringing: Town) -> None:
    running = pager(ringing)
    assert follow_step(running) is None
    assert isinstance(running.clock, ManualClock)
    running.clock.step(HOUR)
    assert follow_step(running) == HOUR
    moved = dues(ringing)
    assert follow_step(pager(ringing, passed=timedelta(minutes=1), set_by=HOUR)) is None
    assert dues(ringing) == moved


def test_a_pager_of_another_machine_that_ran_meanwhile_ends_what_can_be_told(ringing: Town) -> None:
    assert follow_step(pager(ringing, passed=timedelta(minutes=1), boot="of-the-other")) is None
    before = dues(ringing)
    assert follow_step(pager(ringing, passed=timedelta(minutes=2), set_by=HOUR)) is None
    assert dues(ringing) == before


def test_the_place_is_written_down_each_minute(ringing: Town) -> None:
    running = pager(ringing)
    assert isinstance(running.clock, ManualClock)
    follow_step(running)
    [first] = ringing.rows(ClockAnchor)
    running.clock.advance(timedelta(seconds=KEPT_EVERY_SECONDS - 1))
    follow_step(running)
    assert [one.at for one in ringing.rows(ClockAnchor)] == [first.at]
    running.clock.advance(timedelta(seconds=1))
    follow_step(running)
    [second] = ringing.rows(ClockAnchor)
    assert second.at - first.at == timedelta(seconds=KEPT_EVERY_SECONDS)
