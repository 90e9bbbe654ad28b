"""A loop that ended by itself ends the pager; loops that ended because it was told to stop do not, whoever notices first."""

from __future__ import annotations

import threading

import pytest

from yinling.pager_process import watch_over


class StoppedMeanwhile(threading.Event):
    """Set between a look that found it unset and whatever is done next."""

    def wait(self, timeout: float | None = None) -> bool:
        was = super().wait(0 if timeout is None else min(timeout, 0.01))
        self.set()
        return was


def ended() -> threading.Thread:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return thread


def test_loops_that_end_while_it_stops_are_no_failure() -> None:
    watch_over([ended()], StoppedMeanwhile())


def test_a_loop_that_ends_by_itself_is_one() -> None:
    with pytest.raises(RuntimeError, match="a loop of the pager died"):
        watch_over([ended()], threading.Event())
