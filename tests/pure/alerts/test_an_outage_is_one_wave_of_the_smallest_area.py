"""Which homes make an outage, of which area, who joins it, and when it is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.model import Severity
from alerts.outages.plan import AreaNode, OpenOutage, Plan, Standing, Town, plan_of
from alerts.outages.risk import Person, risk_of
from alerts.rules.outage import LostHome
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import Applies, OutageRule, Texts

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SPEC = OutageRule(
    code="area_outage",
    name=Texts(zh="停电", en="Outage"),
    severity=Severity.HIGH,
    raises="outage",
    homes_at_least=3,
    share_at_least=0.3,
    within_seconds=60,
)
AREAS = [AreaNode(1, "county", "/county/"), AreaNode(2, "east", "/county/east/"), AreaNode(3, "west", "/county/west/")]


def town(lost: Iterable[LostHome], **more: object) -> Town:
    """Homes up to 9 lie in the east, others in the west; ten are watched in each."""
    found = list(lost)
    made = Town(
        areas={area.id: area for area in AREAS},
        watched={2: 10, 3: 10},
        area_of={one.home_id: 2 if one.home_id < 10 else 3 for one in found},
        lost=found,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def lost(*home_ids: int, seconds_ago: float = 1, because: str = "power") -> list[LostHome]:
    return [LostHome(home_id, NOW - timedelta(seconds=seconds_ago), because) for home_id in home_ids]


def plan(of: Town, spec: OutageRule = SPEC) -> Plan:
    return plan_of(of, [RuleInForce(spec)], NOW)


def outage(area_id: int = 2, **more: object) -> OpenOutage:
    return replace(OpenOutage(7, "area_outage", area_id, NOW - timedelta(minutes=5), joinable=True, active=True), **more)  # type: ignore[arg-type]


def standing(*home_ids: int) -> list[Standing]:
    return [Standing(7, home_id) for home_id in home_ids]


def test_a_dark_estate_is_not_called_a_dark_county() -> None:
    (wave,) = plan(town(lost(1, 2, 3))).waves
    assert (wave.area_id, [one.home_id for one in wave.lost]) == (2, [1, 2, 3])


def test_two_dark_estates_are_one_incident_of_what_holds_both() -> None:
    (wave,) = plan(town(lost(1, 2, 3, 4, 11, 12))).waves
    assert (wave.area_id, len(wave.lost)) == (1, 6)


def test_few_homes_or_homes_far_apart_in_time_are_none() -> None:
    assert not plan(town(lost(1, 2)))
    assert not plan(town([*lost(1), *lost(2, seconds_ago=120), *lost(3, seconds_ago=400)]))


def test_the_share_of_the_watched_homes_counts_too() -> None:
    assert not plan(town(lost(1, 2, 3), watched={2: 11, 3: 10}))


def test_a_lost_connection_counts_only_when_it_does_not_come_back() -> None:
    assert not plan(town(lost(1, 2, 3, because="offline", seconds_ago=10)))
    assert plan(town(lost(1, 2, 3, because="offline", seconds_ago=40))).waves


def test_later_homes_of_the_area_join_and_open_nothing() -> None:
    later = plan(town([*lost(1, 2, 3, seconds_ago=290), *lost(4)], standing=standing(1, 2, 3), outages=[outage()]))
    assert not later.waves
    (growth,) = later.growths
    assert (growth.incident_id, [one.home_id for one in growth.lost], growth.area_id) == (7, [4], None)


def test_a_home_lost_long_before_does_not_belong_to_it() -> None:
    before = [*lost(1, 2, 3, seconds_ago=290), *lost(4, seconds_ago=90_000)]
    assert not plan(town(before, standing=standing(1, 2, 3), outages=[outage()]))


def test_an_outage_that_spreads_takes_the_wider_area() -> None:
    spread = [*lost(1, 2, 3, seconds_ago=20), *lost(11, 12, 13)]
    found = plan(town(spread, standing=standing(1, 2, 3), outages=[outage(began_at=NOW - timedelta(seconds=20))]))
    (growth,) = found.growths
    assert (growth.area_id, {one.home_id for one in growth.lost}) == (1, {11, 12, 13})
    assert not found.waves


def test_homes_that_are_back_are_named_and_few_that_are_left_end_it() -> None:
    found = plan(town(lost(1, seconds_ago=290), standing=standing(1, 2, 3), outages=[outage()]))
    assert found.restored == {7: [2, 3]}
    assert found.over == [7]
    half = plan(town(lost(1, 2, seconds_ago=290), standing=standing(1, 2, 3), outages=[outage()]))
    assert (half.restored, half.over) == ({7: [3]}, [])


def test_homes_of_a_closed_outage_open_no_second_one() -> None:
    assert not plan(town(lost(1, 2, 3, seconds_ago=290), standing=standing(1, 2, 3)))


def test_a_rule_of_one_area_looks_at_no_other() -> None:
    west = SPEC.model_copy(update={"applies": Applies(areas=("west",))})
    assert not plan(town(lost(1, 2, 3)), west)
    assert plan(town(lost(11, 12, 13)), west).waves


def test_a_rule_in_monitor_mode_finds_a_wave_once() -> None:
    quiet = SPEC.model_copy(update={"monitor": True})
    assert plan(town(lost(1, 2, 3)), quiet).waves
    known = frozenset({("area_outage", "area:east")})
    assert not plan(town(lost(1, 2, 3), monitored=known), quiet)
    assert plan(town(lost(1), monitored=known), quiet).monitored_over


@pytest.mark.parametrize(
    ("people", "reasons"),
    [
        ([Person(on_oxygen=True, falls_easily=False, lives_alone=False, birth_date=None)], ("oxygen",)),
        ([Person(on_oxygen=False, falls_easily=True, lives_alone=True, birth_date=date(1940, 1, 1))], ("falls", "alone", "age")),
        ([Person(on_oxygen=False, falls_easily=True, lives_alone=False, birth_date=None)], ("falls",)),
        ([Person(on_oxygen=False, falls_easily=False, lives_alone=True, birth_date=date(1950, 1, 1))], ("alone",)),
        ([Person(on_oxygen=False, falls_easily=False, lives_alone=True, birth_date=date(1930, 1, 1))] * 2, ("age",)),
        ([], ()),
    ],
)
def test_each_reason_of_risk_outweighs_all_that_come_after(people: list[Person], reasons: tuple[str, ...]) -> None:
    assert risk_of(people, NOW.date()).reasons == reasons


def test_oxygen_comes_before_everything_else_together() -> None:
    oxygen = risk_of([Person(on_oxygen=True, falls_easily=False, lives_alone=False, birth_date=None)], NOW.date())
    worst = risk_of([Person(on_oxygen=False, falls_easily=True, lives_alone=True, birth_date=date(1910, 1, 1))], NOW.date())
    assert oxygen.score > worst.score
