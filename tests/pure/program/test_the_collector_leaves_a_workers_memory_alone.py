"""What is in memory when a start is done is never walked through again; what comes later still is, when there is much."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from core import collector


class Knot:
    """Something only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def restored() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.mark.usefixtures("restored")
def test_what_was_there_is_left_alone_and_what_is_new_is_still_freed() -> None:
    kept = [Knot() for _ in range(1000)]
    garbage = Knot()
    del garbage
    collector.settle()
    assert not any(isinstance(one, Knot) for one in gc.get_objects())
    assert gc.get_freeze_count() > len(kept)
    new = [Knot() for _ in range(1000)]
    del new
    assert gc.collect() >= 1000
    assert len([one for one in kept if one.itself is one]) == 1000


@pytest.mark.usefixtures("restored")
def test_a_batch_of_messages_is_not_walked_through_again_and_again() -> None:
    collector.settle()
    before = gc.get_stats()[0]["collections"]
    values = [[number] for number in range(20_000)]
    assert gc.get_stats()[0]["collections"] - before <= 1
    assert len(values) == 20_000
