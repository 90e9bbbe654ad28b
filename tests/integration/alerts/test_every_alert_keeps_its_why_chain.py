"""What raised an alert, repeated it, made it worse and ended it is kept with the version of its rule, a hundred links at most."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.chain import LONGEST_CHAIN
from alerts.findings import Condition, Finding, Link
from alerts.model import Evidence, Severity

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


def chain(town: Town) -> list[tuple[str, str, str]]:
    return [(one.what, one.name, one.effect) for one in town.rows(Evidence)]


def test_a_signal_is_its_own_link(town: Town) -> None:
    town.say("smoke.on", "smoke")
    town.say("smoke.off", "smoke")
    town.say("smoke.on", "smoke")
    assert chain(town) == [
        ("signal", "smoke.on", "raised"),
        ("signal", "smoke.off", "returned"),
        ("signal", "smoke.on", "repeated"),
    ]
    assert {one.device_id for one in town.rows(Evidence)} == {2}


def test_what_makes_it_worse_says_so(town: Town) -> None:
    town.say("water.on", "smoke")
    town.say("water.on", "smoke", data={"severity": "critical"})
    assert [effect for *_, effect in chain(town)] == ["raised", "worsened"]


def test_the_links_of_a_rule_are_kept_whole_with_its_version(town: Town) -> None:
    now = town.clock.now()
    links = (
        Link("reading", now - timedelta(minutes=5), "spo2", 1, 86.0, {"low": 90}),
        Link("reading", now, "spo2", 1, 85.0, {"low": 90}),
    )
    finding = Finding(
        home_id=1,
        device_id=1,
        rule="spo2-low",
        subject="resident:1:spo2",
        kind="vitals",
        severity=Severity.HIGH,
        condition=Condition.ON,
        lane="life",
        rule_kind="threshold",
        rule_version=3,
        playbook="oxygen",
        audience=("operators", "family"),
        chain=links,
    )
    town.apply(finding)
    kept = town.rows(Evidence)
    assert [(one.at, one.value, one.rule_version, one.details) for one in kept] == [
        (links[0].at, 86.0, 3, {"low": 90}),
        (links[1].at, 85.0, 3, {"low": 90}),
    ]
    alert = town.alerts()[0]
    assert (alert.rule_kind, alert.rule_version, alert.playbook, alert.audience) == (
        "threshold",
        3,
        "oxygen",
        ["operators", "family"],
    )


def test_a_reading_without_links_tells_its_value(town: Town) -> None:
    finding = replace(
        town.finding("sos.pressed"),
        event=None,
        chain=(),
        rule="threshold",
        evidence={"metric": "spo2", "value": 85.0, "low": 90},
    )
    town.apply(finding)
    (link,) = town.rows(Evidence)
    assert (link.what, link.name, link.value, link.details) == ("reading", "spo2", 85.0, {"low": 90})


def test_a_button_pressed_all_night_keeps_a_hundred_links_and_its_count(town: Town) -> None:
    for _ in range(LONGEST_CHAIN + 20):
        town.say("sos.pressed")
    assert len(town.rows(Evidence)) == LONGEST_CHAIN
    assert town.alerts()[0].count == LONGEST_CHAIN + 20
