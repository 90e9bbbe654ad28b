"""The sentence of a why-chain, for every kind of rule, in both languages: what, against what, since when, and by which rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.schemas import RULE_KINDS, RuleSpec
from alerts.why_sentence import WhyFacts, WhyLink, sentence
from alerts.why_words import amount, duration, metres

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def link(name: str, what: str = "signal", *, ago: float = 0, value: float | None = None, **more: Any) -> WhyLink:
    at = NOON - timedelta(seconds=ago)
    details = more.pop("details", {})
    return WhyLink(at, what, name, more.pop("effect", "raised"), 1, more.get("device"), more.get("room"), value, details)


def why(kind: str, *links: WhyLink, name: tuple[str, str] = ("规则", "Rule"), version: int = 3, **more: Any) -> tuple[str, str]:
    alert_kind = more.pop("alert_kind", kind)
    return sentence(WhyFacts(kind, name, version, alert_kind, NOON, links, ZONE, **more))


def builtin(code: str) -> RuleSpec:
    return builtin_specs()[code]


def iso(ago: float) -> str:
    return (NOON - timedelta(seconds=ago)).isoformat()


CASES: dict[str, tuple[tuple[str, str], str, str]] = {
    "signal": (
        why("signal", link("sos.pressed", device="求助按钮", room="卧室"), name=("紧急呼叫", "Call for help"), version=0),
        "卧室「求助按钮」按下了求助（内置规则「紧急呼叫」）",
        "“求助按钮” (卧室) was pressed for help (built-in rule “Call for help”)",
    ),
    "threshold": (
        why(
            "threshold",
            link("spo2", "reading", ago=300, value=86, details={"low": 90}),
            link("spo2", "reading", value=85, details={"low": 90, "held_seconds": 300}),
            name=("血氧过低", "Low oxygen"),
        ),
        "血氧 85 %，低于 90 %，持续 5 分钟（规则「血氧过低」第 3 版）",
        "Blood oxygen 85 %, below 90 %, for 5 minutes (rule “Low oxygen”, version 3)",
    ),
    "trend": (
        why(
            "trend",
            link(
                "weight",
                "reading",
                value=54.8,
                details={"change": 3.2, "limit": 2.0, "relative": False, "earlier": "2026-11-16", "earlier_value": 58.0},
            ),
        ),
        "体重 54.8 kg，比 11 月 16 日的 58 kg 下降 3.2 kg（超过 2 kg）（规则「规则」第 3 版）",
        "Weight 54.8 kg, down 3.2 kg from 58 kg on 16 Nov (more than 2 kg) (rule “Rule”, version 3)",
    ),
    "sequence": (
        why(
            "sequence",
            link("door.opened", ago=900, device="入户门", room="门厅"),
            link(
                "not_followed",
                "silence",
                details={"within_seconds": 900, "since": iso(900), "signals": ["motion.seen", "presence.on"]},
            ),
            name=("夜间出门未归", "Out at night"),
            version=0,
        ),
        "11:45 门厅「入户门」打开了，之后 15 分钟内没有看到有人活动（内置规则「夜间出门未归」）",
        "At 11:45 “入户门” (门厅) was opened, then without any movement for 15 minutes (built-in rule “Out at night”)",
    ),
    "sequence that followed": (
        why(
            "sequence",
            link("door.opened", ago=60, device="入户门"),
            link("motion.seen", device="客厅感应", details={"within_seconds": 300}),
        ),
        "11:59 「入户门」打开了，1 分钟后 「客厅感应」看到有人活动（规则「规则」第 3 版）",
        "At 11:59 “入户门” was opened, and 1 minute later “客厅感应” saw somebody move (rule “Rule”, version 3)",
    ),
    "stove": (
        why(
            "sequence",
            link("stove.on", ago=1200, device="灶具", room="厨房"),
            link("not_followed", "silence", details={"within_seconds": 300, "since": iso(300), "signals": [], "nobody_home": True}),
        ),
        "11:40 厨房「灶具」打开了，家中已 5 分钟没有人（规则「规则」第 3 版）",
        "At 11:40 “灶具” (厨房) was turned on, and nobody was home for 5 minutes (rule “Rule”, version 3)",
    ),
    "inactivity": (
        why(
            "inactivity",
            link("motion.seen", ago=16 * 3600, device="人体感应", room="客厅"),
            link("none_for", "silence", details={"seconds": 43200, "since": iso(16 * 3600), "until": iso(0)}),
        ),
        "已 12 小时没有看到活动，最近一次是 11 月 21 日 20:00 客厅「人体感应」看到有人活动（规则「规则」第 3 版）",
        "No movement for 12 hours; the last time, at 21 Nov 20:00, “人体感应” (客厅) saw somebody move (rule “Rule”, version 3)",
    ),
    "not up": (
        why("inactivity", link("none_in", "silence", details={"since": iso(5 * 3600), "until": iso(2 * 3600)})),
        "07:00 到 10:00 没有看到活动，安装以来从未看到过活动（规则「规则」第 3 版）",
        "No movement from 07:00 to 10:00, and none was ever seen (rule “Rule”, version 3)",
    ),
    "bathroom": (
        why(
            "inactivity",
            link("motion", "reading", ago=3600, value=1, device="感应"),
            link("longer_than", "silence", details={"room": "卫生间", "seconds": 3600, "since": iso(3900)}),
        ),
        "10:55 进入卫生间后，1 小时 5 分钟没有在别处看到活动，最近一次是 11:00 「感应」看到有人活动（规则「规则」第 3 版）",
        (
            "In the room “卫生间” since 10:55, and seen nowhere else for 1 hour 5 minutes; the last time, at 11:00, “感应” saw "
            "somebody move (rule “Rule”, version 3)"
        ),
    ),
    "absence": (
        why(
            "absence",
            link("heartbeat", "silence", device="烟感", details={"last_seen_at": iso(86400), "silence_seconds": 86400}),
            name=("设备失联", "Silent device"),
            version=0,
        ),
        "「烟感」已 1 天没有消息，最后一次是 11 月 21 日 12:00，应至少每 1 天有一次（内置规则「设备失联」）",
        (
            "“烟感” was not heard for 1 day, the last time at 21 Nov 12:00, and should be at least every 1 day "
            "(built-in rule “Silent device”)"
        ),
    ),
    "battery": (
        why("battery", link("battery", "reading", value=15, device="门磁", details={"low": 20})),
        "「门磁」电量 15 %，低于 20 %（规则「规则」第 3 版）",
        "The battery of “门磁” is at 15 %, below 20 % (rule “Rule”, version 3)",
    ),
    "outage": (
        why(
            "outage",
            link("power", "area"),
            link("outage", "area", value=37, details={"homes": 37, "watched": 80}),
            spec=builtin("area_outage"),
            area="阳光社区",
        ),
        "阳光社区：1 分钟内有 37 户断电或失联，共 80 户（规则「规则」第 3 版）",
        "阳光社区: 37 homes without power or unheard within 1 minute, of 80 (rule “Rule”, version 3)",
    ),
    "geofence": (
        why(
            "geofence",
            link("position", "reading", value=1234, device="手表", details={"distance_metres": 1234, "radius_metres": 500}),
        ),
        "「手表」离家 1.2 公里，超出 500 米（规则「规则」第 3 版）",
        "“手表” is 1.2 km from home, more than 500 m (rule “Rule”, version 3)",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_sentence(case: str) -> None:
    said, chinese, english = CASES[case]
    assert said == (chinese, english)


def test_every_kind_that_is_evaluated_has_its_own_words() -> None:
    assert {*RULE_KINDS} - {"routine"} <= {case.split()[0] for case in CASES}


def test_repeats_and_what_made_it_worse_are_told_too() -> None:
    said = why(
        "signal",
        link("fall.detected", ago=60, device="吊坠"),
        link(
            "not_followed", "silence", effect="worsened", details={"within_seconds": 60, "signals": ["motion.seen", "sos.pressed"]}
        ),
        count=2,
    )
    assert said[0] == "「吊坠」检测到有人跌倒，前后共 2 次，12:00 加重：之后 1 分钟内没有看到有人活动（规则「规则」第 3 版）"
    assert said[1].startswith("“吊坠” noticed a fall, 2 times in all, worse at 12:00: ")


def test_who_may_not_see_health_values_is_told_the_rest() -> None:
    said = why("threshold", link("spo2", "reading", value=85, details={"low": 90}), health=False)
    assert "85" not in "".join(said)
    assert "90" not in "".join(said)
    assert said[0].startswith("血氧超出范围")
    room = why("threshold", link("temperature", "reading", value=35, details={"high": 30}), health=False)
    assert "35 °C" in room[0]


@pytest.mark.parametrize("kind", [*RULE_KINDS, "system", "something-new"])
def test_a_chain_that_was_not_kept_still_makes_a_sentence(kind: str) -> None:
    for links in ((), (link("?"),), (link("?", "silence"),), (link("?", "reading"),), (link("?", "area"),)):
        chinese, english = why(kind, *links, alert_kind="inactivity")
        assert chinese.endswith("（规则「规则」第 3 版）")
        assert english.endswith("(rule “Rule”, version 3)")


def test_amounts_and_spans_are_said_as_people_say_them() -> None:
    assert [duration(seconds)[0] for seconds in (1, 60, 90, 300, 3900, 86400, 100_000, 3 * 86400)] == [
        "1 秒", "1 分钟", "90 秒", "5 分钟", "1 小时 5 分钟", "1 天", "27 小时 46 分钟", "3 天",
    ]  # fmt: skip
    assert duration(3660)[1] == "1 hour 1 minute"
    assert amount("heart_rate", 72) == ("72 次/分", "72 per minute")
    assert amount("body_temperature", 38.25) == ("38.2 °C", "38.2 °C")
    assert (metres(80)[0], metres(2000)[0]) == ("80 米", "2 公里")
