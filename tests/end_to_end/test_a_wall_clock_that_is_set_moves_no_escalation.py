"""Somebody sets the wall clock by an hour, either way: an escalation due in thirty seconds still comes in thirty seconds."""

from __future__ import annotations

import os
import signal
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from support.moved_time import World, moved_centre


def due_after_a_minute(folder: Path) -> AbstractContextManager[World]:
    """A centre whose duty phone is called once a press was left alone for sixty seconds."""
    return moved_centre(
        folder,
        with_phones=lambda phones: {"fallback_urls": phones.address("duty")},
        fallback_after_seconds=60,
        ring_again_seconds=3600,
    )


@pytest.mark.parametrize("hours", [1, -1])
def test_an_escalation_due_in_thirty_seconds_still_comes_in_thirty_seconds(tmp_path: Path, hours: int) -> None:
    with due_after_a_minute(tmp_path) as world:
        home = world.centre.home()
        operator = world.staff("operator", "operator", phone=False)
        with world.watching(operator), world.button(world.device(home)) as device:
            incident = world.press(device)
            world.wait(28)
            world.set_wall_clock(timedelta(hours=hours))
            world.wait(22)
            world.nobody_was_paged()
            world.wait(12)
            world.call("duty", home)
            assert world.told(incident["id"]).count("escalated") <= 1
            assert "clock_stepped" in {line["event"] for line in world.centre.logs()}


@pytest.mark.parametrize("hours", [1, -1])
def test_a_pager_that_starts_again_notices_what_the_clock_was_set_by_meanwhile(tmp_path: Path, hours: int) -> None:
    with due_after_a_minute(tmp_path) as world:
        home = world.centre.home()
        operator = world.staff("operator", "operator", phone=False)
        with world.watching(operator), world.button(world.device(home)) as device:
            world.press(device)
            world.wait(20)
            pager = world.centre.pids()["pager"]
            os.kill(pager, signal.SIGKILL)
            world.time.step(timedelta(hours=hours))
            world.centre.wait_restarted("pager", pager)
            world.settle()
            world.wait(15)
            world.nobody_was_paged()
            world.wait(30)
            world.call("duty", home)
            stepped = [line for line in world.centre.logs() if line["event"] == "clock_stepped"]
            assert any(abs(line["seconds"] - 3600 * hours) < 5 for line in stepped)
