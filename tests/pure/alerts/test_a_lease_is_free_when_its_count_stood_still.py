"""Whether a lease may be taken: told from looks at it and the watcher's own monotonic clock, never from another machine's time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from alerts.leases import LAPSE_SECONDS, Seen, Watcher
from core.machine import is_certainly_gone, process_mark


def lease(renewals: int = 0, *, epoch: int = 1, released: bool = False, mark: str = "") -> Seen:
    return Seen(epoch, "elsewhere:ingest", mark, renewals, released)


def looks(watcher: Watcher, seen: Seen | None, begin: float, seconds: float) -> list[bool]:
    """What it says at each half second."""
    return [watcher.is_free(seen, begin + step / 2) for step in range(int(seconds * 2) + 1)]


def test_one_nobody_ever_had_or_that_was_given_back_is_free_at_once() -> None:
    assert Watcher().is_free(None, 100.0)
    assert Watcher().is_free(lease(released=True), 100.0)


def test_one_that_stands_still_is_free_after_five_seconds() -> None:
    said = looks(Watcher(), lease(), 100.0, LAPSE_SECONDS)
    assert said == [False] * int(LAPSE_SECONDS * 2) + [True]


def test_one_that_is_renewed_is_never_free() -> None:
    watcher = Watcher()
    assert not any(watcher.is_free(lease(step // 2), 100.0 + step / 2) for step in range(100))


def test_a_new_holder_begins_anew() -> None:
    watcher = Watcher()
    assert not any(looks(watcher, lease(), 100.0, LAPSE_SECONDS - 1))
    assert not any(looks(watcher, lease(epoch=2), 100.0 + LAPSE_SECONDS - 0.5, LAPSE_SECONDS - 1))


def test_who_could_not_look_for_a_while_counts_from_the_start_again() -> None:
    """The store was away: for the holder too, which could not renew."""
    watcher = Watcher()
    assert not any(looks(watcher, lease(), 100.0, 2))
    assert not any(looks(watcher, lease(), 160.0, LAPSE_SECONDS - 0.5))


def test_a_process_of_this_machine_that_is_gone_is_not_waited_for() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from core.machine import process_mark; print(process_mark())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path.cwd(),
    ).stdout.strip()
    assert ended
    assert is_certainly_gone(ended)
    assert Watcher().is_free(lease(mark=ended), 100.0)


def test_a_process_that_lives_or_is_elsewhere_is_not_called_gone() -> None:
    place, _, _ = process_mark().rpartition("/")
    assert not is_certainly_gone(process_mark())
    assert is_certainly_gone(f"{place}/{os.getppid()}.1"), "another process that had its number before"
    assert not is_certainly_gone("another-boot/4026531836/1.1")
    assert not is_certainly_gone(f"{place}9/1.1")
    assert not is_certainly_gone("")
