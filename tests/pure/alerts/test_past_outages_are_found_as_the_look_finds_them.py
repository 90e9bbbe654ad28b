"""Signs of loss in the order of time, driven through the plan of the live look: which outages there were, of which homes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from alerts.model import Severity
from alerts.outages.course import PastOutage, Sign, TownCourse
from alerts.outages.plan import SETTLING, AreaNode
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import Applies, OutageRule, Texts

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
END = START + timedelta(days=1)
AREAS = {1: AreaNode(1, "county", "/county/"), 2: AreaNode(2, "east", "/county/east/"), 3: AreaNode(3, "west", "/county/west/")}


def rule(**more: object) -> RuleInForce:
    spec = OutageRule(
        code="area_outage",
        name=Texts(zh="停电", en="Outage"),
        severity=Severity.HIGH,
        raises="outage",
        homes_at_least=3,
        share_at_least=0.3,
        within_seconds=60,
    )
    return RuleInForce(spec.model_copy(update=more))


def sign(home_id: int, minute: float, *, lasts: float | None = None, because: str = "power", shown: float | None = None) -> Sign:
    at = START + timedelta(minutes=minute)
    until = None if lasts is None else at + timedelta(minutes=lasts)
    return Sign(home_id, at, until, because, at if shown is None else START + timedelta(minutes=shown))


def lived(signs: Iterable[Sign], *rules: RuleInForce) -> list[PastOutage]:
    """Homes up to 9 lie in the east, others in the west; ten are watched in each."""
    area_of = {number: 2 if number < 10 else 3 for number in range(1, 20)}
    course = TownCourse(AREAS, {2: 10, 3: 10}, area_of, rules or [rule()])
    for _ in course.run(list(signs), END):
        pass
    return course.found


def homes(one: PastOutage) -> list[int]:
    return sorted(one.homes)


def test_homes_lost_together_are_one_outage_at_the_moment_the_last_needed_was_lost() -> None:
    (one,) = lived([sign(1, 0), sign(2, 0.2), sign(3, 0.4)])
    assert (one.at, one.subject, homes(one)) == (START + timedelta(minutes=0.4), "area:east", [1, 2, 3])


def test_homes_too_few_or_too_far_apart_in_time_are_none() -> None:
    assert lived([sign(1, 0), sign(2, 0.2)]) == []
    assert lived([sign(1, 0), sign(2, 5), sign(3, 10)]) == []
    assert lived([sign(1, 0, lasts=0.1), sign(2, 0.2), sign(3, 0.4)]) == [], "the first was back before the third was lost"


def test_homes_that_follow_join_it_and_it_is_found_once() -> None:
    (one,) = lived([sign(1, 0), sign(2, 0.2), sign(3, 0.4), sign(4, 30), sign(5, 90)])
    assert homes(one) == [1, 2, 3, 4, 5]


def test_a_second_cut_after_the_end_of_the_first_is_a_second_one() -> None:
    first = [sign(number, number / 10, lasts=20) for number in (1, 2, 3)]
    second = [sign(number, 300 + number / 10, lasts=20) for number in (1, 2, 4)]
    found = lived([*first, *second])
    assert [homes(one) for one in found] == [[1, 2, 3], [1, 2, 4]]


def test_a_lost_connection_counts_once_it_had_time_to_come_back() -> None:
    gone = [sign(number, number / 10, because="offline") for number in (1, 2, 3)]
    (one,) = lived(gone)
    assert one.at == START + timedelta(minutes=0.3) + SETTLING
    assert lived([sign(number, number / 10, lasts=0.4, because="offline") for number in (1, 2, 3)]) == []


def test_a_sign_a_mode_had_muted_counts_from_its_end_and_with_its_own_time() -> None:
    assert lived([sign(1, 0), sign(2, 0.2), sign(3, 0.4, lasts=20, shown=30)]) == []
    (one,) = lived([sign(1, 0), sign(2, 0.2), sign(3, 0.4, lasts=50, shown=30)])
    assert one.at == START + timedelta(minutes=30)


def test_areas_the_rule_does_not_apply_to_have_none() -> None:
    cut = [sign(number, 0) for number in (1, 2, 3)]
    assert lived(cut, rule(applies=Applies(areas=("west",)))) == []
    assert len(lived(cut, rule(applies=Applies(areas=("east",))))) == 1


def test_what_lies_outside_what_was_asked_for_is_not_looked_at() -> None:
    assert lived([sign(number, 0) for number in (101, 102, 103)]) == []
