from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from alerts.paging.receipts import RANKS, later

WORDS = st.sampled_from(["delivered", "read", "undelivered", "queued", "", "DELIVERED"])


def known_after(words: list[str]) -> str | None:
    return reduce(later, words, None)


@given(st.lists(WORDS, max_size=12), st.data())
def test_whatever_order_they_come_in_the_end_is_the_same_and_no_step_goes_back(words: list[str], data: st.DataObject) -> None:
    ranks = [RANKS[known_after(words[:length])] for length in range(len(words) + 1)]
    assert ranks == sorted(ranks)
    assert known_after(data.draw(st.permutations(words))) == known_after(words)


@given(st.lists(WORDS, max_size=12))
def test_hearing_it_twice_changes_nothing(words: list[str]) -> None:
    assert known_after([word for word in words for _ in range(2)]) == known_after(words)
