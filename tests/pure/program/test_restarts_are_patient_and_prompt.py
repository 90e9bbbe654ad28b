"""A child's first death is answered at once, a row of them ever more slowly."""

from __future__ import annotations

from yinling.children import restart_delay_seconds


def test_the_first_restart_is_immediate_and_the_rest_back_off_to_five_seconds() -> None:
    assert [restart_delay_seconds(deaths) for deaths in range(1, 9)] == [0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
