from __future__ import annotations

from dataclasses import replace

from support.rule_house import House, device, local, rule

from alerts.findings import Condition, Finding
from alerts.model import Severity
from alerts.rules.scene import builtin
from alerts.ruleset.compile import builtin_rules

NIGHT, DAY = local("2026-11-22 01:00"), local("2026-11-22 12:00")
BUTTON, DOOR, WATCH, PLUG = (
    device(1, "sos-button"),
    device(2, "door", "大门"),
    device(3, "watch", resident_id=3),
    device(4, "environment"),
)


def house(*rules: object, at: object = NIGHT) -> House:
    return House(list(rules), [BUTTON, DOOR, WATCH, PLUG], at)  # type: ignore[arg-type]


def carriers(home: House) -> list[Finding]:
    return [one for _, one in home.found if one.event is not None]


def test_every_built_in_rule_has_a_place_in_one_house() -> None:
    home = house(*builtin_rules())
    home.start()
    [press] = home.say(1, "sos.pressed")
    assert (press.rule, press.severity, press.audience) == ("sos", Severity.CRITICAL, ("operators", "family"))
    assert (press.playbook, press.rule_kind, press.rule_version) == ("sos", "signal", 0)
    assert [(link.what, link.name, link.device_id) for link in press.chain] == [("signal", "sos.pressed", 1)]


def test_a_signal_no_rule_hears_is_stored_all_the_same() -> None:
    home = house()
    home.say(1, "sos.pressed")
    [(_, finding)] = home.found
    assert (finding.condition, finding.event is not None) == (Condition.NONE, True)


def test_of_several_rules_one_carries_the_event_and_comes_last() -> None:
    tried = rule("signal", code="try", severity="critical", on=["sos.pressed"], monitor=True)
    third = rule("signal", code="third", severity="low", on=["sos.pressed"])
    home = house(tried, builtin("sos"), third)
    home.say(1, "sos.pressed")
    assert [(one.rule, one.event is not None, one.caused_by is not None) for _, one in home.found] == [
        ("try", False, True),
        ("third", False, True),
        ("sos", True, False),
    ]


def test_a_rule_for_the_night_is_silent_by_day_and_its_end_always_counts() -> None:
    at_night = rule(
        "signal", code="door_at_night", on=["door.opened"], off=["door.closed"], during={"since": "23:00", "until": "05:00"}
    )
    home = house(at_night)
    assert [one.condition for one in home.say(2, "door.opened")] == [Condition.ON]
    home.until(DAY)
    assert [one.condition for one in home.say(2, "door.closed")] == [Condition.OFF]
    assert home.say(2, "door.opened") == []
    assert len(carriers(home)) == 3


def test_a_rule_for_one_profile_or_one_resident_hears_no_other() -> None:
    of_watches = rule("signal", on=["sos.pressed"], applies={"profiles": ["watch"]})
    home = house(of_watches)
    assert home.say(1, "sos.pressed") == []
    assert len(home.say(3, "sos.pressed")) == 1
    of_one = house(rule("signal", on=["sos.pressed"], applies={"residents": [4]}))
    assert of_one.say(3, "sos.pressed") == []


def test_a_fall_is_pending_only_where_its_wearer_can_take_it_back() -> None:
    watch = replace(WATCH, cancel_window_seconds=30)
    radar = device(5, "fall-sensor")
    home = House([builtin("fall")], [watch, radar], NIGHT)
    assert home.say(3, "fall.detected")[0].cancel_window_seconds == 30
    assert home.say(5, "fall.detected")[0].cancel_window_seconds is None
    [taken_back] = home.say(3, "fall.cancelled")
    assert (taken_back.condition, taken_back.severity) == (Condition.CANCELLED, Severity.MEDIUM)


def test_the_confirmation_time_is_the_centres_until_somebody_changes_the_rule() -> None:
    changed = replace(builtin("fall"), version=3)
    watch = replace(WATCH, cancel_window_seconds=30)
    for of, seconds in ((builtin("fall"), None), (changed, 20)):
        home = House([of], [watch], NIGHT)
        assert home.say(3, "fall.detected")[0].confirm_seconds == seconds


def test_battery_by_its_word_and_by_its_percentage_is_one_alert() -> None:
    home = house(builtin("battery"))
    [said] = home.say(2, "battery.low")
    assert home.measure(2, "battery", 5) == []
    [well] = home.measure(2, "battery", 90)
    assert said.key == well.key
    own = house(rule("battery", low_percent=40, hysteresis_percent=5))
    assert [one.condition for one in own.measure(2, "battery", 39)] == [Condition.ON]


def test_who_is_heard_again_is_no_longer_silent_under_every_rule_about_it() -> None:
    strict = rule("absence", code="strict", silence_seconds=60)
    home = house(builtin("silence"), strict)
    home.active = {("silence", BUTTON.subject): Severity.LOW, ("strict", BUTTON.subject): Severity.LOW}
    found = home.evaluator.on_heard(BUTTON, home.now, lambda code, subject: home.active.get((code, subject)))
    assert [(one.rule, one.condition) for one in found.findings] == [("silence", Condition.OFF), ("strict", Condition.OFF)]
    assert not home.evaluator.on_heard(DOOR, home.now, lambda code, subject: home.active.get((code, subject)))


def test_a_rule_kept_for_later_finds_nothing() -> None:
    home = house(builtin("routine"))
    home.start()
    home.say(2, "door.opened")
    home.measure(3, "heart_rate", 300)
    assert [one for _, one in home.found if one.condition is not Condition.NONE] == []
