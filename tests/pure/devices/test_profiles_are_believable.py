"""The catalogue: the ids that the world outside relies on, and values that hold together."""

from __future__ import annotations

import pytest

from devices.profiles import catalogue, read_profile
from devices.vocabulary import CONDITIONS, METRICS, SIGNAL_TYPES

IDS = {
    "sos-button", "pendant", "fall-sensor", "smoke-alarm", "gas-alarm", "co-alarm", "water-leak", "motion", "presence",
    "door", "bed", "vitals", "watch", "doctor-kiosk", "environment", "zigbee2mqtt-gateway",
}  # fmt: skip
HOUR = 3600.0
MINIMAL = 'id = "x"\nname = { zh-CN = "甲", en = "X" }\ncategory = "comfort"\nheartbeat_seconds = 60\nmissed_heartbeats = 3\n'


def test_the_catalogue_has_the_ids_the_world_outside_uses() -> None:
    assert set(catalogue()) == IDS


@pytest.mark.parametrize(
    ("profile", "seconds"),
    [("zigbee2mqtt-gateway", HOUR / 4), ("doctor-kiosk", HOUR / 4), ("smoke-alarm", 24 * HOUR), ("sos-button", 25 * HOUR)],
)
def test_silence_is_declared_when_the_design_says(profile: str, seconds: float) -> None:
    assert catalogue()[profile].silence_seconds == seconds


def test_a_watch_is_missed_sooner_than_a_button() -> None:
    assert catalogue()["watch"].silence_seconds < catalogue()["sos-button"].silence_seconds


def test_only_a_wearer_can_take_a_fall_back() -> None:
    windows = {profile.id: profile.cancel_window_seconds for profile in catalogue().values() if "fall.detected" in profile.signals}
    assert windows == {"pendant": 20, "watch": 20, "fall-sensor": None}
    assert {profile.id for profile in catalogue().values() if profile.worn} == {"pendant", "watch"}


@pytest.mark.parametrize("profile", ["vitals", "doctor-kiosk"])
def test_vitals_have_limits_with_hysteresis(profile: str) -> None:
    limits = catalogue()[profile].limits
    assert {"systolic", "diastolic", "heart_rate", "spo2", "body_temperature", "blood_glucose"} <= set(limits)
    for metric, limit in limits.items():
        assert limit.hysteresis > 0, metric
        for value in (limit.low, limit.high):
            assert value is None or METRICS[metric].lowest < value < METRICS[metric].highest, metric


def test_every_condition_begins_and_ends_with_a_known_signal() -> None:
    assert set(CONDITIONS) | set(CONDITIONS.values()) <= SIGNAL_TYPES
    assert catalogue()["smoke-alarm"].conditions["smoke.on"] == "smoke.off"


def test_what_calls_for_life_must_be_tested_before_it_is_live() -> None:
    for profile in catalogue().values():
        if "life_safety" in profile.tags:
            assert "requires_test" in profile.tags, profile.id


@pytest.mark.parametrize(
    "line",
    [
        'signals = ["sos.presed"]\nmetrics = []',
        'signals = []\nmetrics = ["moood"]',
        'signals = ["smoke.on"]\nmetrics = []',
        "signals = []\nmetrics = []\nheartbeet_seconds = 3",
        "signals = []\nmetrics = []\ncancel_window_seconds = 20",
        "signals = []\nmetrics = []\n[limits.spo2]\nlow = 90\nhysteresis = 1",
        'signals = []\nmetrics = ["spo2"]\n[limits.spo2]\nlow = 98\nhigh = 90\nhysteresis = 1',
        'signals = []\nmetrics = []\n[models."M".actions]\nsingle = "sos"',
        "signals = [",
    ],
)
def test_a_mistake_in_a_profile_stops_the_program_with_the_files_name(line: str) -> None:
    with pytest.raises(ValueError, match=r"x\.toml"):
        read_profile("x.toml", f"{MINIMAL}{line}\n")


def test_a_profile_without_mistakes_is_read_and_must_bear_its_files_name() -> None:
    text = f"{MINIMAL}signals = []\nmetrics = []\n"
    assert read_profile("x.toml", text).silence_seconds == 180
    with pytest.raises(ValueError, match="calls itself"):
        read_profile("y.toml", text)
