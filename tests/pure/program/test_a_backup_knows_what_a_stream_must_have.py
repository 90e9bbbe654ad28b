from __future__ import annotations

import pytest

from yinling.backup.manifest import StreamSum
from yinling.backup.streams import sum_of


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((5, 10), (5, 10), StreamSum(5, 5)),
        ((1, 10), (0, 10), StreamSum(0, 1)),  # acknowledged while the backup was taken
        ((5, 10), (7, 12), StreamSum(5, 5)),  # what came meanwhile need not be in it
        ((5, 10), (3, 12), StreamSum(1, 5)),
        ((5, 10), (1, 40), StreamSum(0, 5)),
    ],
)
def test_what_stayed_all_the_time_is_in_it(before: tuple[int, int], after: tuple[int, int], expected: StreamSum) -> None:
    states = [{"messages": messages, "last_seq": last} for messages, last in (before, after)]
    assert sum_of(*states) == expected
