"""Each codec has a quality file that says of every rule: done, by which test, or exempt, and why."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from devices.codecs.registry import CODECS
from devices.codecs.types import Codec

RULES = {
    "never_raises",
    "sos_survives_every_doubt",
    "null_and_empty_are_unknown",
    "one_press_is_one_happening",
    "retained_event_is_old_news",
    "retained_state_is_present_state",
    "blind_sensor_is_a_fault",
    "polarity_comes_from_the_profile",
    "wrong_clock_means_receive_time",
    "not_understood_is_told",
}


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.dialect)
def test_the_quality_file_answers_every_rule(codec: Codec) -> None:
    quality = tomllib.loads((files("devices.codecs") / f"{codec.dialect}.quality.toml").read_text())
    assert quality["codec"] == codec.dialect
    assert set(quality["rules"]) == RULES
    for rule, answer in quality["rules"].items():
        assert len(answer) == 1, rule
        if "done" in answer:
            assert (Path(__file__).parent / answer["done"]).is_file(), rule
        else:
            assert len(answer["exempt"]) > 10, rule


def test_no_quality_file_is_left_without_its_codec() -> None:
    named = {
        entry.name.removesuffix(".quality.toml") for entry in files("devices.codecs").iterdir() if entry.name.endswith(".toml")
    }
    assert named == {codec.dialect for codec in CODECS}
