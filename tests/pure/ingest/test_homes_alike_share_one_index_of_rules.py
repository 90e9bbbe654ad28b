"""The rules of a hundred thousand homes cost what those of one do, and a message meets only the rules that concern it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from support.rule_house import device, rule

from alerts.rules.context import HomeFacts, ResidentFacts
from alerts.rules.index import index_of
from alerts.ruleset.compile import RuleInForce, builtin_rules
from ingest.book import HomePage
from ingest.live_rules import LiveRules


def page(number: int, profile: str = "motion") -> HomePage:
    facts = HomeFacts(number, f"h{number}", {number: device(number, profile)}, (ResidentFacts(number),))
    return HomePage(number, f"h{number}", 1, {}, {}, {}, facts)


def test_homes_alike_share_one_index() -> None:
    rules = LiveRules(ZoneInfo("Asia/Shanghai"))
    first = rules.index(page(1))
    assert all(rules.index(page(number)) is first for number in range(2, 1000))
    assert rules.index(page(2000, "watch")) is not first


def test_a_home_that_is_read_again_gets_the_rules_of_what_it_is_now() -> None:
    rules = LiveRules(ZoneInfo("Asia/Shanghai"))
    before = rules.index(page(1, "watch"))
    after = rules.index(page(1, "door"))
    assert "far_from_home" in before.by_code
    assert "far_from_home" not in after.by_code


def test_a_message_meets_only_the_rules_that_concern_it() -> None:
    many: list[RuleInForce] = [
        rule("signal", code=f"s{number}", on=["zone.left"])
        if number % 2
        else rule("threshold", code=f"t{number}", metric="co2", high=9)
        for number in range(1000)
    ]
    index = index_of((*builtin_rules(), *many))
    assert [heard.spec.code for heard, _ in index.signal("sos.pressed").heard] == ["sos"]
    assert [one.spec.code for one in index.metric("heart_rate").thresholds] == ["threshold"]
    assert index.metric("heart_rate").is_plain
    assert index.signal("sos.pressed") is index.signal("sos.pressed")
