from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_house import House, device, local, rule

from alerts.findings import Condition
from alerts.rules.context import ResidentFacts
from alerts.rules.geofence import distance_metres
from alerts.ruleset.schemas import Circle

NOON = local("2026-11-22 12:00")
HERE = (39.9042, 116.4074)
WATCH = device(1, "watch", resident_id=3)
FENCE = rule("geofence", home_radius_metres=500, hold_seconds=120, worst_accuracy_metres=200)
METRES_PER_DEGREE = 111_195.0


def house(of: object = FENCE, **more: object) -> House:
    return House([of], [WATCH], NOON, place=HERE, **more)  # type: ignore[list-item,arg-type]


def stand(home: House, north_metres: float, accuracy: float | None = 10) -> list[object]:
    if accuracy is not None:
        home.measure(1, "accuracy", accuracy)
    home.measure(1, "latitude", HERE[0] + north_metres / METRES_PER_DEGREE)
    return list(home.measure(1, "longitude", HERE[1]))


def test_outside_for_two_minutes_is_raised_and_back_home_ends_it() -> None:
    home = house()
    assert stand(home, 900) == []
    [finding] = home.wait(minutes=2)
    assert (finding.subject, finding.condition) == ("device:watch-1", Condition.ON)
    assert finding.chain[0].details["distance_metres"] == pytest.approx(900, abs=2)
    assert finding.lane == "life:resident:3"
    home.wait(minutes=1)
    assert stand(home, 450) != []
    assert home.said == [("geofence", "on"), ("geofence", "off")]


def test_a_moment_outside_is_not_raised() -> None:
    home = house()
    stand(home, 900)
    home.wait(minutes=1)
    stand(home, 100)
    assert home.wait(hours=1) == []


def test_positions_that_stop_coming_do_not_end_the_hold() -> None:
    home = house()
    stand(home, 900)
    home.restart()
    home.evaluator.recall_reading(1, "latitude", NOON, HERE[0] + 900 / METRES_PER_DEGREE)
    home.evaluator.recall_reading(1, "longitude", NOON, HERE[1])
    assert len(home.wait(minutes=2)) == 1


@pytest.mark.parametrize("known_before", [True, False])
def test_a_position_from_before_the_hold_or_none_does_not_end_it(*, known_before: bool) -> None:
    home = house()
    stand(home, 0)
    home.wait(minutes=1)
    stand(home, 900)
    home.restart()  # before the position far away was kept as the device's latest
    if known_before:
        home.evaluator.recall_reading(1, "latitude", NOON, HERE[0])
        home.evaluator.recall_reading(1, "longitude", NOON, HERE[1])
    [finding] = home.wait(minutes=2)
    assert finding.chain[0].details["distance_metres"] == pytest.approx(900, abs=2)
    assert finding.chain[0].details["accuracy_metres"] == 10


@pytest.mark.parametrize(("north", "accuracy"), [(560, 100), (450, 100), (900, 250), (100, 201)])
def test_a_vague_position_decides_nothing(north: float, accuracy: float) -> None:
    home = house()
    stand(home, north, accuracy)
    assert home.writes == 0
    stand(home, 900)
    home.wait(minutes=2)
    home.wait(minutes=1)
    stand(home, north, accuracy)
    assert home.said == [("geofence", "on")]


def test_a_device_that_tells_no_accuracy_is_taken_at_its_word() -> None:
    home = house()
    stand(home, 510, None)
    assert len(home.wait(minutes=2)) == 1


def test_a_home_that_is_on_no_map_decides_nothing() -> None:
    home = House([FENCE], [WATCH], NOON)
    stand(home, 5000)
    assert home.writes == 0


def test_inside_a_forbidden_place_of_any_form() -> None:
    pond = {"latitude": HERE[0], "longitude": HERE[1], "radius_metres": 50}
    home = house(rule("geofence", circles=[pond], outside=False, hold_seconds=0))
    assert stand(home, 10, 5) != []
    home.wait(minutes=1)
    stand(home, 500, 5)
    assert home.said == [("geofence", "on"), ("geofence", "off")]


def test_a_residents_own_radius_and_the_hours_that_count() -> None:
    own = [ResidentFacts(3, {"geofence": {"home_radius_metres": 2000}})]
    home = house(residents=own)
    stand(home, 900)
    assert home.writes == 0
    night = house(rule("geofence", home_radius_metres=500, hold_seconds=0, during={"since": "23:30", "until": "04:30"}))
    assert stand(night, 900) == []
    night.until(local("2026-11-23 00:10"))
    assert len(stand(night, 900)) == 1


def test_parts_of_two_positions_make_none() -> None:
    home = house()
    home.measure(1, "latitude", HERE[0] + 1)
    home.wait(minutes=1)
    home.measure(1, "longitude", HERE[1])
    assert home.writes == 0


@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_distances_are_those_of_the_plane_where_the_earth_is_nearly_flat(
    latitude: float, longitude: float, north: float, east: float
) -> None:
    middle = Circle(latitude=latitude, longitude=max(-180.0, min(180.0, longitude)), radius_metres=1)
    flat = METRES_PER_DEGREE * math.hypot(north, east * math.cos(math.radians(latitude + north / 2)))
    assert distance_metres(latitude + north, middle.longitude + east, middle) == pytest.approx(flat, rel=0.01, abs=1)
