from __future__ import annotations

import pytest

from people.reach.numbers import can_be_called, can_take_text, normalised


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("0086 13800138000", "13800138000"),
        ("0797-8120120", "07978120120"),
        ("+86 797 8120120", "07978120120"),
        ("+49 (170) 1234567", "+491701234567"),
        ("120", "120"),
        ("no", None),
        ("", None),
        ("1" * 16, None),
    ],
)
def test_a_number_is_kept_in_one_form(written: str, kept: str | None) -> None:
    assert normalised(written) == kept


@pytest.mark.parametrize(
    ("number", "takes"),
    [("13800138000", True), ("0797-8120120", False), ("120", False), ("+491701234567", True), ("12800138000", False)],
)
def test_only_a_mobile_takes_a_text(number: str, takes: bool) -> None:
    assert can_take_text(number) is takes
    assert can_be_called(number)
