from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.rule_house import House, device, local, rule

from alerts.findings import Condition
from alerts.model import Severity
from alerts.rules.scene import builtin

NIGHT = local("2026-11-22 01:00")
DAY = local("2026-11-22 14:00")
PENDANT, HALL, DOOR, STOVE = (
    device(1, "pendant", resident_id=3),
    device(2, "motion", "客厅"),
    device(3, "door"),
    device(4, "environment", "厨房"),
)
FALL, OUT, COOKER = builtin("fall_no_movement"), builtin("night_wandering"), builtin("stove_nobody_home")
EVERYTHING = [PENDANT, HALL, DOOR, STOVE]


def house(*rules: object, at: datetime = NIGHT) -> House:
    return House(list(rules), EVERYTHING, at)  # type: ignore[arg-type]


def test_no_movement_for_a_minute_after_a_fall_raises_the_alert_of_the_fall() -> None:
    home = house(FALL, builtin("fall"))
    [fall] = home.say(1, "fall.detected")
    [finding] = home.wait(seconds=60)
    assert finding.key == fall.key
    assert (finding.severity, finding.condition, finding.rule_kind) == (Severity.CRITICAL, Condition.MOMENTARY, "sequence")
    assert finding.evidence["rule"] == "fall_no_movement"
    assert [(link.what, link.name) for link in finding.chain] == [("signal", "fall.detected"), ("silence", "not_followed")]
    assert home.wait(hours=1) == []


def test_movement_after_a_fall_raises_nothing_and_movement_before_it_is_none() -> None:
    home = house(FALL)
    home.say(2, "motion.seen")
    home.wait(seconds=1)
    home.say(1, "fall.detected")
    home.wait(seconds=30)
    home.say(2, "motion.seen")
    assert home.wait(minutes=5) == []
    again = house(FALL)
    again.say(2, "motion.seen")
    again.say(1, "fall.detected")
    assert len(again.wait(minutes=5)) == 1


def test_a_repeated_fall_gives_no_more_time() -> None:
    home = house(FALL)
    home.say(1, "fall.detected")
    home.wait(seconds=50)
    home.say(1, "fall.detected")
    assert len(home.wait(seconds=10)) == 1
    assert home.writes == 2


def test_the_minute_survives_a_death() -> None:
    home = house(FALL)
    home.say(1, "fall.detected")
    home.restart()
    assert len(home.wait(seconds=60)) == 1


def test_movement_that_memory_missed_on_the_other_lane_is_asked_for_when_due() -> None:
    home = house(FALL)
    home.say(1, "fall.detected")
    armed = dict(home.memory.armed)
    home.wait(seconds=5)
    home.say(2, "motion.seen")
    home.memory.armed = armed  # the lane of the movement did not see the timer yet
    assert home.wait(seconds=60) == []


def test_the_door_at_night_and_nobody_back() -> None:
    home = house(OUT)
    home.say(3, "door.opened")
    home.say(3, "door.closed")
    [finding] = home.wait(minutes=15)
    assert (finding.kind, finding.subject, finding.severity) == ("wandering", "device:door-3", Severity.HIGH)
    back = house(OUT)
    back.say(3, "door.opened")
    back.wait(minutes=14)
    back.say(2, "motion.seen")
    assert back.wait(hours=1) == []


def test_who_is_seen_in_the_hall_while_leaving_has_left() -> None:
    gone = house(OUT)
    gone.say(3, "door.opened")
    gone.wait(seconds=2)
    gone.say(2, "motion.seen")
    gone.wait(seconds=4)
    gone.say(3, "door.closed")
    assert len(gone.wait(minutes=15)) == 1
    back = house(OUT)
    for kind, number in (("door.opened", 3), ("motion.seen", 2), ("door.closed", 3), ("motion.seen", 2)):
        back.say(number, kind)
        back.wait(seconds=5)
    assert back.wait(hours=1) == []


def test_the_door_by_day_is_nobodys_business() -> None:
    home = house(OUT, at=DAY)
    home.say(3, "door.opened")
    assert home.wait(hours=1) == []
    assert home.writes == 0


def test_the_door_a_minute_before_morning_still_waits_its_time() -> None:
    home = house(OUT, at=local("2026-11-22 06:29"))
    home.say(3, "door.opened")
    assert len(home.wait(minutes=16)) == 1


def leave(home: House) -> None:
    home.wait(minutes=1)
    home.say(3, "door.opened")
    home.wait(seconds=5)
    home.say(3, "door.closed")


def test_a_stove_that_is_on_when_the_last_person_leaves() -> None:
    home = house(COOKER, at=DAY)
    home.say(4, "stove.on")
    home.wait(minutes=2)
    home.say(2, "motion.seen")
    leave(home)
    left_at = home.now
    [finding] = home.wait(minutes=30)
    assert finding.kind == "stove"
    assert home.found[-1][0] == left_at + timedelta(minutes=5)
    assert finding.chain[-1].details["nobody_home"] is True


def test_a_stove_with_somebody_at_home_raises_nothing_all_day() -> None:
    home = house(COOKER, at=DAY)
    leave(home)
    home.wait(minutes=1)
    home.say(2, "motion.seen")
    home.say(4, "stove.on")
    assert home.wait(hours=3) == []


def test_a_stove_switched_off_in_time_raises_nothing() -> None:
    home = house(COOKER, at=DAY)
    home.say(4, "stove.on")
    leave(home)
    home.wait(minutes=2)
    home.say(4, "stove.off")
    assert home.wait(hours=3) == []
    assert home.memory.armed == {}


def test_where_nothing_could_see_anybody_nobody_is_believed_to_be_away() -> None:
    home = House([COOKER], [DOOR, STOVE], DAY)
    home.say(4, "stove.on")
    leave(home)
    assert home.wait(hours=3) == []


FOLLOWS = rule(
    "sequence",
    code="up_and_out",
    first={"signals": ["bed.left"]},
    then={"signals": ["door.opened"]},
    expected=True,
    within_seconds=600,
)
BED = device(5, "bed", "卧室")


def test_what_follows_in_time_is_raised_once_and_later_it_is_not() -> None:
    home = House([FOLLOWS], [BED, DOOR], NIGHT)
    home.say(5, "bed.left")
    home.restart()
    home.wait(minutes=9)
    [finding] = home.say(3, "door.opened")
    assert [link.name for link in finding.chain] == ["bed.left", "door.opened"]
    assert home.say(3, "door.opened") == []
    home.wait(minutes=1)
    home.say(5, "bed.left")
    home.wait(minutes=11)
    assert home.say(3, "door.opened") == []


POWER = rule(
    "sequence",
    code="iron_forgotten",
    first={"metric": "power", "above": 500},
    then={"metric": "power", "below": 50},
    expected=False,
    within_seconds=1800,
)


def test_a_metric_begins_once_when_it_passes_the_value() -> None:
    home = House([POWER], [STOVE], DAY)
    for _ in range(20):
        home.measure(4, "power", 900)
        home.wait(minutes=1)
    assert home.writes == 1
    assert len(home.wait(minutes=10)) == 1
    home.measure(4, "power", 900)
    assert home.wait(hours=2) == []
    home.measure(4, "power", 10)
    home.wait(minutes=1)
    home.measure(4, "power", 900)
    assert len(home.wait(minutes=30)) == 1


def test_only_rooms_that_are_named_count() -> None:
    kitchen = rule(
        "sequence",
        first={"signals": ["door.opened"]},
        then={"signals": ["motion.seen"], "rooms": ["Bedroom"]},
        expected=False,
        within_seconds=60,
    )
    home = House([kitchen], [DOOR, HALL, device(6, "motion", "bedroom ")], DAY)
    home.say(3, "door.opened")
    home.wait(seconds=10)
    home.say(2, "motion.seen")
    assert len(home.wait(minutes=1)) == 1
    home.say(3, "door.opened")
    home.wait(seconds=10)
    home.say(6, "motion.seen")
    assert home.wait(minutes=1) == []


def test_a_retained_signal_begins_nothing() -> None:
    home = house(FALL)
    home.say(1, "fall.detected", retained=True)
    assert home.writes == 0


@given(st.lists(st.tuples(st.integers(1, 120), st.sampled_from(["fall.detected", "motion.seen"])), max_size=30))
def test_it_agrees_with_looking_at_every_second(course: list[tuple[int, str]]) -> None:
    home = house(FALL)
    events: list[tuple[int, str]] = []
    at = 0
    for seconds, kind in course:
        home.wait(seconds=seconds)
        home.say(1 if kind.startswith("fall") else 2, kind)
        at += seconds
        events.append((at, kind))
    home.wait(seconds=200)
    raised = [int((when - NIGHT).total_seconds()) for when, one in home.found if one.rule_kind == "sequence"]
    assert raised == _slowly(events, at + 200)


def _slowly(events: list[tuple[int, str]], end: int) -> list[int]:
    raised, begun = [], None
    said = dict(events)
    for second in range(end + 1):
        if begun is not None and second == begun + 60:
            raised.append(second)
            begun = None
        kind = said.get(second)
        if kind == "motion.seen":
            begun = None
        elif kind == "fall.detected" and begun is None:
            begun = second
    return raised
