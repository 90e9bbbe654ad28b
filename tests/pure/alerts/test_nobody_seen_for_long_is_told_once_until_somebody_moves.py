from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.rule_house import House, device, local, rule

from alerts.findings import Condition
from alerts.model import Severity
from alerts.rules.context import ResidentFacts
from alerts.rules.scene import builtin

MORNING = local("2026-11-22 08:00")
HALL, BATH, BED, PENDANT = (
    device(1, "motion", "客厅"),
    device(2, "motion", "卫生间"),
    device(3, "bed", "卧室"),
    device(4, "pendant", resident_id=1),
)
QUIET = rule("inactivity", code="quiet", none_for_seconds=12 * 3600)
NOT_UP, LONG = builtin("not_up"), builtin("bathroom_long")


def house(of: object = QUIET, at: datetime = MORNING, **more: object) -> House:
    home = House([of], [HALL, BATH, BED], at, **more)  # type: ignore[list-item,arg-type]
    home.start()
    return home


def test_twelve_hours_without_movement_are_told_once_with_the_last_movement() -> None:
    home = house()
    home.say(1, "motion.seen")
    [finding] = home.wait(hours=12)
    assert (finding.subject, finding.kind, finding.condition) == ("home:h7", "inactivity", Condition.ON)
    first, last = finding.chain
    assert (first.name, first.details["room"], first.at) == ("motion.seen", "客厅", MORNING)
    assert (last.what, last.details["seconds"]) == ("silence", 12 * 3600)
    assert home.wait(days=5) == []


def test_the_next_movement_ends_it_and_begins_to_wait_again() -> None:
    home = house()
    home.say(1, "motion.seen")
    home.wait(hours=20)
    [finding] = home.say(2, "motion.seen")
    assert finding.condition is Condition.OFF
    assert home.say(2, "motion.seen") == []
    assert len(home.wait(hours=12)) == 1


def test_it_is_suspended_also_when_a_person_closed_it_and_after_a_restart() -> None:
    home = house()
    home.say(1, "motion.seen")
    home.wait(hours=12)
    home.close("quiet")
    home.restart()
    home.start()
    assert home.wait(days=3) == []


def test_in_monitor_mode_it_is_found_once_too() -> None:
    home = house(rule("inactivity", none_for_seconds=3600, monitor=True))
    home.say(1, "motion.seen")
    home.wait(days=2)
    assert home.said == [("inactivity", "on")]


def test_movement_writes_nothing_while_the_home_waits() -> None:
    home = house()
    home.say(1, "motion.seen")
    home.wait(minutes=1)
    begun = home.writes
    for _ in range(100):
        home.say(1, "motion.seen")
        home.wait(minutes=1)
    assert home.writes == begun


def test_readings_of_movement_count_as_signals_do() -> None:
    home = house()
    home.wait(hours=6)
    home.measure(1, "motion", 1)
    home.measure(1, "motion", 0)
    assert home.wait(hours=11.9) == []
    assert len(home.wait(hours=0.2)) == 1


def test_movement_told_by_readings_before_a_restart_is_looked_up_when_due() -> None:
    home = house()
    home.wait(hours=6)
    home.measure(1, "motion", 1)
    home.wait(seconds=5)
    home.measure(1, "motion", 0)
    home.restart()
    assert home.wait(hours=11.5) == []
    assert len(home.wait(hours=1)) == 1


def test_a_home_nobody_was_ever_seen_in_counts_from_its_sensors() -> None:
    young = [replace(one, created_at=MORNING) for one in (HALL, BATH)]
    home = House([QUIET], young, MORNING)
    home.start()
    assert home.wait(hours=11) == []
    assert len(home.wait(hours=1)) == 1


def test_a_home_without_a_live_sensor_is_not_judged() -> None:
    for devices in ([PENDANT], [replace(HALL, live=False)]):
        home = House([QUIET], devices, MORNING)
        home.start()
        assert home.memory.armed == {}
        assert home.wait(days=3) == []


def test_what_is_already_true_at_the_start_announces_itself() -> None:
    home = House([QUIET], [replace(HALL, created_at=MORNING - timedelta(days=3))], MORNING)
    home.start()
    assert [one.condition for one in home.wait(seconds=1)] == [Condition.ON]


def test_a_residents_own_time_counts_and_of_two_the_shorter() -> None:
    own = [ResidentFacts(1, {"quiet": {"none_for_seconds": 7200}}), ResidentFacts(2, {"quiet": {"none_for_seconds": 3600}})]
    home = house(residents=own)
    home.say(1, "motion.seen")
    assert len(home.wait(hours=1)) == 1


def test_a_rule_made_stricter_looks_earlier_and_one_taken_away_waits_for_nothing() -> None:
    home = house()
    home.say(1, "motion.seen")
    home.use([rule("inactivity", code="quiet", none_for_seconds=3600)])
    home.start()
    assert len(home.wait(hours=1)) == 1
    gone = house()
    gone.use([])
    assert gone.wait(days=1) == []
    assert gone.memory.armed == {}


def test_only_the_hours_that_count_are_counted() -> None:
    by_day = rule("inactivity", none_for_seconds=12 * 3600, during={"named": "daylight"})
    home = house(by_day, local("2026-11-22 18:00"))
    home.say(1, "motion.seen")
    assert home.until(local("2026-11-23 16:59")) == []
    assert len(home.until(local("2026-11-23 17:00"))) == 1
    late = house(by_day, local("2026-11-22 18:00"), more={"daylight": (time(9, 0), time(21, 0))})
    late.say(1, "motion.seen")
    assert late.until(local("2026-11-23 17:59")) == []
    assert len(late.until(local("2026-11-23 18:00"))) == 1


def test_not_up_by_ten() -> None:
    home = house(NOT_UP, local("2026-11-22 20:00"))
    home.say(3, "bed.entered")
    assert home.until(local("2026-11-23 09:59")) == []
    [finding] = home.until(local("2026-11-23 10:00"))
    assert finding.chain[-1].details == {
        "since": local("2026-11-23 05:00").isoformat(),
        "until": local("2026-11-23 10:00").isoformat(),
    }
    assert home.until(local("2026-11-24 12:00")) == []
    [over] = home.say(3, "bed.left")
    assert over.condition is Condition.OFF


def test_up_at_six_is_up_every_day() -> None:
    home = house(NOT_UP, local("2028-02-27 20:00"))
    for day in ("2028-02-28", "2028-02-29", "2028-03-01"):
        assert home.until(local(f"{day} 06:00")) == []
        home.say(3, "bed.left")
    assert home.until(local("2028-03-02 09:59")) == []
    assert len(home.until(local("2028-03-02 10:00"))) == 1


def test_up_late_but_up_before_we_looked_raises_nothing() -> None:
    home = house(NOT_UP, local("2026-11-22 20:00"))
    [timer] = home.memory.armed.values()
    home.now = local("2026-11-23 12:00")  # we were away until noon, and heard the movement of half past ten first
    home.say(1, "motion.seen", device_at=local("2026-11-23 10:30"))
    assert home.evaluator.on_due(timer, home.now, lambda *_: None).findings == ()


def test_an_hour_in_the_bathroom_at_night() -> None:
    home = house(LONG, local("2026-11-22 23:30"))
    home.say(3, "bed.left")
    home.wait(minutes=1)
    home.say(2, "motion.seen")
    home.wait(minutes=30)
    home.say(2, "motion.seen")
    [finding] = home.wait(minutes=30)
    assert (finding.chain[-1].name, finding.chain[-1].details["room"]) == ("longer_than", "卫生间")
    assert finding.chain[-1].details["since"] == local("2026-11-22 23:31").isoformat()
    assert home.say(2, "motion.seen") == []
    [over] = home.say(1, "motion.seen")
    assert over.condition is Condition.OFF


def test_two_short_visits_are_not_one_long_one() -> None:
    home = house(LONG, local("2026-11-22 23:30"))
    for room in (2, 1, 2, 1):
        home.say(room, "motion.seen")
        home.wait(minutes=29)
    assert home.wait(hours=2) == []


def test_a_sensor_that_sees_nobody_does_not_end_the_stay() -> None:
    radar = device(5, "presence", "卫生间")
    home = House([LONG], [HALL, radar], local("2026-11-22 23:30"))
    home.say(5, "presence.on")
    home.wait(minutes=5)
    home.say(5, "presence.off")
    assert len(home.wait(minutes=55)) == 1


def test_who_is_in_there_by_day_is_judged_when_the_night_begins() -> None:
    home = house(LONG, local("2026-11-22 20:30"))
    home.say(2, "motion.seen")
    assert home.until(local("2026-11-22 21:59")) == []
    assert len(home.until(local("2026-11-22 22:00"))) == 1


def test_who_went_in_before_dawn_is_not_left_until_the_next_night() -> None:
    home = house(LONG, local("2026-11-23 06:10"))
    home.say(2, "motion.seen")
    assert home.until(local("2026-11-23 07:09")) == []
    assert len(home.until(local("2026-11-23 07:10"))) == 1


def test_who_went_in_after_dawn_is_judged_when_the_night_begins() -> None:
    home = house(LONG, local("2026-11-23 06:40"))
    home.say(2, "motion.seen")
    assert home.until(local("2026-11-23 21:59")) == []
    assert len(home.until(local("2026-11-23 22:00"))) == 1


def test_the_hour_survives_a_death() -> None:
    home = house(LONG, local("2026-11-22 23:30"))
    home.say(2, "motion.seen")
    seen = home.memory.place
    home.restart()
    home.memory.place = seen  # read again from the stored signals
    assert len(home.wait(hours=1)) == 1


@settings(max_examples=60)
@given(st.lists(st.integers(1, 20 * 60), max_size=25), st.integers(30, 600))
def test_it_agrees_with_looking_at_every_minute(gaps: list[int], minutes: int) -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    home = House([rule("inactivity", code="quiet", none_for_seconds=minutes * 60)], [replace(HALL, created_at=start)], start)
    home.start()
    moves, at = set(), 0
    for gap in gaps:
        home.wait(minutes=gap)
        at += gap
        home.say(1, "motion.seen")
        moves.add(at)
    home.wait(minutes=1000)
    ours = [(int((when - start) / timedelta(minutes=1)), str(one.condition)) for when, one in home.found if one.rule == "quiet"]
    slow: list[tuple[int, str]] = []
    last, told = 0, False
    for minute in range(at + 1001):
        if not told and minute - last >= minutes:
            told = True
            slow.append((minute, "on"))
        if minute in moves:
            last = minute
            if told:
                told = False
                slow.append((minute, "off"))
    assert ours == slow


HUB = device(10, "zigbee2mqtt-gateway")
BEHIND = [device(11, "motion", "客厅", parent_id=10), device(12, "motion", "卧室", parent_id=10)]
SILENT = ("silence", HUB.subject)


def behind_a_hub(of: object = QUIET, *more: object, at: datetime = MORNING) -> House:
    home = House([of], [HUB, *BEHIND, *more], at)  # type: ignore[list-item]
    home.start()
    return home


def test_while_the_gateway_is_known_to_be_silent_nobody_is_called_inactive() -> None:
    home = behind_a_hub()
    home.say(11, "motion.seen")
    home.wait(hours=3)
    home.active[SILENT] = Severity.LOW
    assert home.wait(days=3) == [], "its own alert stands"
    del home.active[SILENT]
    assert home.wait(hours=11) == [], "back, it has its full time"
    assert [one.condition for one in home.wait(hours=1, minutes=20)] == [Condition.ON], "and a silence after that is a true one"


def test_a_movement_after_the_gateway_is_back_counts() -> None:
    home = behind_a_hub()
    home.active[SILENT] = Severity.LOW
    home.wait(hours=20)
    del home.active[SILENT]
    home.say(11, "motion.seen")
    assert home.wait(hours=11, minutes=59) == []
    assert len(home.wait(minutes=20)) == 1


def test_a_restart_meanwhile_forgets_nothing_of_it() -> None:
    home = behind_a_hub()
    home.say(11, "motion.seen")
    home.active[SILENT] = Severity.LOW
    home.wait(hours=20)
    home.restart()
    del home.active[SILENT]
    home.start()
    assert home.wait(hours=11) == []


def test_without_an_alert_of_the_gateway_the_silence_is_the_homes() -> None:
    home = behind_a_hub()
    home.say(11, "motion.seen")
    assert len(home.wait(hours=12)) == 1


def test_one_sensor_that_speaks_for_itself_is_enough_to_tell() -> None:
    home = behind_a_hub(QUIET, BED)
    home.active[SILENT] = Severity.LOW
    home.say(3, "bed.left")
    assert len(home.wait(hours=12)) == 1


def test_a_silent_gateway_at_the_end_of_a_window_leaves_that_day_to_its_own_alert() -> None:
    home = behind_a_hub(NOT_UP, at=local("2026-11-22 04:00"))
    home.active[SILENT] = Severity.LOW
    assert home.until(local("2026-11-22 12:00")) == []
    del home.active[SILENT]
    assert len(home.until(local("2026-11-23 12:00"))) == 1, "the next day is judged"
