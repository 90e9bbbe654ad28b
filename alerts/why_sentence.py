"""Why there is an alert, in one sentence as a person would say it, in Chinese and English. Pure.

`血氧 85 %，低于 90 %，持续 5 分钟（规则「血氧过低」第 3 版）`. It is made of the links that were kept when the alert was made,
never of what is known since, so that it says the same next year. Whoever may not see health values is told the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts import why_words as words
from alerts.paging.words import KINDS
from alerts.ruleset.schemas import GeofenceRule, InactivityRule, OutageRule, RuleSpec, ThresholdRule
from alerts.troubles import trouble_words
from alerts.why_words import Pair

HEALTH = frozenset(
    {"heart_rate", "respiration_rate", "spo2", "systolic", "diastolic", "blood_glucose", "body_temperature", "weight"}
)
"""Metrics that say something of a person's health."""


@dataclass(frozen=True, slots=True)
class WhyLink:
    """One kept link of the chain, with what it did to the alert."""

    at: datetime
    what: str
    name: str
    effect: str
    device_id: int | None = None
    device: str | None = None
    room: str | None = None
    value: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WhyFacts:
    """What a sentence is made of."""

    rule_kind: str
    rule_name: Pair | None
    version: int
    alert_kind: str
    at: datetime
    """When it was raised."""
    links: tuple[WhyLink, ...]
    zone: ZoneInfo
    spec: RuleSpec | None = None
    """What the rule said in that version, where it is still known."""
    area: str | None = None
    """Its name, for what is wrong in a whole area."""
    count: int = 1
    health: bool = True
    """Whether the reader may see health values."""
    trouble: str | None = None
    """The subject, where the system itself is what is wrong."""


def sentence(facts: WhyFacts) -> Pair:
    """The whole sentence."""
    said = _cause(facts)
    more = (*_again(facts), *_over(facts))
    chinese = "，".join([said[0], *(one[0] for one in more)])
    english = ", ".join([said[1], *(one[1] for one in more)])
    rule = _rule(facts)
    return f"{chinese}（{rule[0]}）", f"{english[:1].upper()}{english[1:]} ({rule[1]})"


def _rule(facts: WhyFacts) -> Pair:
    if facts.rule_name is None:
        return "系统自检", "found by Yinling itself"
    chinese, english = facts.rule_name
    if facts.version:
        return f"规则「{chinese}」第 {facts.version} 版", f"rule “{english}”, version {facts.version}"
    return f"内置规则「{chinese}」", f"built-in rule “{english}”"


def _cause(facts: WhyFacts) -> Pair:
    if facts.trouble is not None:
        return trouble_words(facts.trouble)
    raised = [link for link in facts.links if link.effect == "raised"] or list(facts.links)
    if not raised:
        return KINDS.get(facts.alert_kind, (facts.alert_kind, facts.alert_kind.replace("_", " ")))
    tell = _TELLERS.get(facts.rule_kind, _signals)
    return tell(facts, raised)


def _again(facts: WhyFacts) -> Sequence[Pair]:
    return [] if facts.count <= 1 else [(f"前后共 {facts.count} 次", f"{facts.count} times in all")]


def _over(facts: WhyFacts) -> Sequence[Pair]:
    worsened = [link for link in facts.links if link.effect == "worsened"]
    said: list[Pair] = []
    if worsened:
        last = worsened[-1]
        at = words.moment(last.at, facts.at, facts.zone)
        what = _short(last, facts)
        said.append((f"{at[0]} 加重：{what[0]}", f"worse at {at[1]}: {what[1]}"))
    return said


def _short(link: WhyLink, facts: WhyFacts) -> Pair:
    """One link in a few words."""
    if link.what == "silence":
        return _not_followed(link)
    return _seen(link, facts)


def _seen(link: WhyLink, facts: WhyFacts) -> Pair:
    """What was seen or measured."""
    if link.what == "signal" or link.name in _AS_SIGNAL:
        return _happened(link)
    return _measured(link, facts)


def _measured(link: WhyLink, facts: WhyFacts) -> Pair:
    name = words.metric_name(link.name)
    if link.value is None or (link.name in HEALTH and not facts.health):
        return f"{name[0]}超出范围", f"{name[1]} out of range"
    value = words.amount(link.name, link.value)
    return f"{name[0]} {value[0]}", f"{name[1]} {value[1]}"


_AS_SIGNAL = {"motion": "motion.seen", "presence": "presence.on", "contact_open": "door.opened", "in_bed": "bed.entered"}
"""Readings that tell the same as a signal."""


def _happened(link: WhyLink) -> Pair:
    device = words.device(link.device, link.room)
    name = _AS_SIGNAL.get(link.name, link.name)
    chinese, english = words.HAPPENED.get(name, (f"{{d}}报告了 {name}", f"{{d}} said {name}"))
    return chinese.format(d=device[0]), english.format(d=device[1])


def _signals(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    """Signals that raise at once, and whatever has no teller of its own."""
    last = raised[-1]
    if last.what == "reading":
        return _threshold(facts, raised)
    if last.name not in words.HAPPENED:
        return KINDS.get(facts.alert_kind, (facts.alert_kind, facts.alert_kind.replace("_", " ")))
    return _happened(last)


def _threshold(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    readings = [link for link in raised if link.what == "reading"]
    if not readings:
        return _signals(facts, raised)
    last = readings[-1]
    if last.name in HEALTH and not facts.health:
        return _measured(last, facts)
    measured = _measured(last, facts)
    clauses = [measured, *_beyond(last, facts.spec)]
    held_seconds = _held_seconds(readings, facts.spec)
    if held_seconds:
        span = words.duration(held_seconds)
        clauses.append((f"持续 {span[0]}", f"for {span[1]}"))
    return "，".join(one[0] for one in clauses), ", ".join(one[1] for one in clauses)


def _beyond(link: WhyLink, spec: RuleSpec | None) -> Sequence[Pair]:
    low, high = link.details.get("low"), link.details.get("high")
    if low is None and high is None and isinstance(spec, ThresholdRule):
        low, high = spec.low, spec.high
    if link.value is not None and isinstance(low, int | float) and link.value < low:
        limit = words.amount(link.name, low)
        return [(f"低于 {limit[0]}", f"below {limit[1]}")]
    if link.value is not None and isinstance(high, int | float) and link.value > high:
        limit = words.amount(link.name, high)
        return [(f"高于 {limit[0]}", f"above {limit[1]}")]
    return []


def _held_seconds(readings: Sequence[WhyLink], spec: RuleSpec | None) -> float:
    said = readings[-1].details.get("held_seconds")
    if isinstance(said, int | float):
        return float(said)
    if len(readings) > 1:
        return (readings[-1].at - readings[0].at).total_seconds()
    return spec.hold_seconds if isinstance(spec, ThresholdRule) else 0.0


def _battery(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    last = raised[-1]
    if last.what != "reading" or last.value is None:
        return _signals(facts, raised)
    device, value = words.device(last.device, last.room), words.amount("battery", last.value)
    clauses = [(f"{device[0]}电量 {value[0]}", f"the battery of {device[1]} is at {value[1]}"), *_beyond(last, facts.spec)]
    return "，".join(one[0] for one in clauses), ", ".join(one[1] for one in clauses)


def _trend(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    last = raised[-1]
    name = words.metric_name(last.name)
    if last.name in HEALTH and not facts.health:
        return f"{name[0]}持续变化", f"{name[1]} keeps changing"
    said = last.details
    if last.value is None or not isinstance(said.get("earlier_value"), int | float):
        return _measured(last, facts)
    before = float(said["earlier_value"])
    up = last.value >= before
    value, earlier = words.amount(last.name, last.value), words.amount(last.name, before)
    by = _change(last.name, float(said.get("change", 0)), relative=bool(said.get("relative")))
    limit = _change(last.name, float(said.get("limit", 0)), relative=bool(said.get("relative")))
    day = words.day(str(said.get("earlier", "")))
    return (
        f"{name[0]} {value[0]}，比 {day[0]}的 {earlier[0]} {'上升' if up else '下降'} {by[0]}（超过 {limit[0]}）",
        f"{name[1]} {value[1]}, {'up' if up else 'down'} {by[1]} from {earlier[1]} on {day[1]} (more than {limit[1]})",
    )


def _change(metric: str, value: float, *, relative: bool) -> Pair:
    if relative:
        return f"{words.number(value)} %", f"{words.number(value)} %"
    return words.amount(metric, value)


def _sequence(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    missing = next((link for link in raised if link.what == "silence"), None)
    seen = [link for link in raised if link.what != "silence"]
    if missing is None:
        return _followed(facts, seen)
    since = _instant(missing.details.get("since"))
    first = next((link for link in reversed(seen) if since is None or link.at <= since), None)
    without = _not_followed(missing)
    if first is None:
        return without
    at, told = words.moment(first.at, facts.at, facts.zone), _seen(first, facts)
    return f"{at[0]} {told[0]}，{without[0]}", f"at {at[1]} {told[1]}, {without[1]}"


def _followed(facts: WhyFacts, seen: Sequence[WhyLink]) -> Pair:
    first, last = seen[0], seen[-1]
    span = words.duration((last.at - first.at).total_seconds())
    at, before, after = words.moment(first.at, facts.at, facts.zone), _seen(first, facts), _seen(last, facts)
    return f"{at[0]} {before[0]}，{span[0]}后 {after[0]}", f"at {at[1]} {before[1]}, and {span[1]} later {after[1]}"


def _not_followed(link: WhyLink) -> Pair:
    within = link.details.get("within_seconds")
    span = words.duration(float(within)) if isinstance(within, int | float) else ("", "")
    if link.details.get("nobody_home"):
        return f"家中已 {span[0]}没有人", f"and nobody was home for {span[1]}"
    what = _whether(link.details.get("signals"))
    return f"之后 {span[0]}内没有{what[0]}", f"then without {what[1]} for {span[1]}"


def _whether(signals: Any) -> Pair:
    """What was waited for: one thing by its name, several as movement."""
    only = signals[0] if isinstance(signals, list) and len(signals) == 1 else None
    return words.WHETHER.get(only, words.WHETHER["motion.seen"]) if isinstance(only, str) else words.WHETHER["motion.seen"]


def _inactivity(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    quiet = next((link for link in raised if link.what == "silence"), None)
    seen = [link for link in raised if link.what != "silence"]
    if quiet is None:
        return _signals(facts, raised)
    said = _stayed(facts, quiet) if quiet.name == "longer_than" else _quiet(facts, quiet)
    if not seen:
        return said[0] + "，安装以来从未看到过活动", said[1] + ", and none was ever seen"
    last = seen[-1]
    at, told = words.moment(last.at, facts.at, facts.zone), _seen(last, facts)
    return f"{said[0]}，最近一次是 {at[0]} {told[0]}", f"{said[1]}; the last time, at {at[1]}, {told[1]}"


def _quiet(facts: WhyFacts, quiet: WhyLink) -> Pair:
    since, until = _instant(quiet.details.get("since")), _instant(quiet.details.get("until")) or quiet.at
    if quiet.name == "none_in" and since is not None:
        begun, ended = words.moment(since, facts.at, facts.zone), words.moment(until, facts.at, facts.zone)
        return f"{begun[0]} 到 {ended[0]} 没有看到活动", f"no movement from {begun[1]} to {ended[1]}"
    span = words.duration(float(quiet.details.get("seconds") or 0))
    if isinstance(facts.spec, InactivityRule) and facts.spec.during is not None:
        return f"活动时段内已 {span[0]}没有看到活动", f"no movement for {span[1]} of the hours that count"
    return f"已 {span[0]}没有看到活动", f"no movement for {span[1]}"


def _stayed(facts: WhyFacts, quiet: WhyLink) -> Pair:
    room = str(quiet.details.get("room") or "")
    since = _instant(quiet.details.get("since"))
    span = words.duration((quiet.at - since).total_seconds() if since is not None else float(quiet.details.get("seconds") or 0))
    if since is None:
        return f"在{room}已 {span[0]}", f"in the room “{room}” for {span[1]}"
    at = words.moment(since, facts.at, facts.zone)
    return (
        f"{at[0]} 进入{room}后，{span[0]}没有在别处看到活动",
        f"in the room “{room}” since {at[1]}, and seen nowhere else for {span[1]}",
    )


def _geofence(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    last = raised[-1]
    away, radius = last.details.get("distance_metres"), last.details.get("radius_metres")
    device = words.device(last.device, last.room)
    if not isinstance(away, int | float) or not isinstance(radius, int | float):
        return f"{device[0]}不在应在的范围", f"{device[1]} is where it should not be"
    far, allowed = words.metres(float(away)), words.metres(float(radius))
    if last.details.get("outside") is False:
        return (
            f"{device[0]}进入划定区域（距中心 {far[0]}，半径 {allowed[0]}）",
            f"{device[1]} is inside the marked area, {far[1]} from its middle",
        )
    if isinstance(facts.spec, GeofenceRule) and facts.spec.circles:
        return (
            f"{device[0]}距划定区域中心 {far[0]}，超出 {allowed[0]}",
            f"{device[1]} is {far[1]} from the middle of its area, more than {allowed[1]}",
        )
    return f"{device[0]}离家 {far[0]}，超出 {allowed[0]}", f"{device[1]} is {far[1]} from home, more than {allowed[1]}"


def _absence(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    last = raised[-1]
    device = words.device(last.device, last.room)
    heard, allowed = _instant(last.details.get("last_seen_at")), last.details.get("silence_seconds")
    clauses: list[Pair] = []
    if heard is None:
        clauses.append((f"{device[0]}登记以来没有任何消息", f"{device[1]} was never heard since it was registered"))
    else:
        span, at = words.duration((last.at - heard).total_seconds()), words.moment(heard, facts.at, facts.zone)
        clauses.append(
            (
                f"{device[0]}已 {span[0]}没有消息，最后一次是 {at[0]}",
                f"{device[1]} was not heard for {span[1]}, the last time at {at[1]}",
            )
        )
    if isinstance(allowed, int | float):
        limit = words.duration(float(allowed))
        clauses.append((f"应至少每 {limit[0]}有一次", f"and should be at least every {limit[1]}"))
    return "，".join(one[0] for one in clauses), ", ".join(one[1] for one in clauses)


def _outage(facts: WhyFacts, raised: Sequence[WhyLink]) -> Pair:
    said = raised[-1].details
    homes, watched = said.get("homes"), said.get("watched")
    if not isinstance(homes, int):
        return KINDS["outage"]
    chinese, english = f"{homes} 户断电或失联", f"{homes} homes without power or unheard"
    if isinstance(facts.spec, OutageRule):
        span = words.duration(facts.spec.within_seconds)
        chinese, english = f"{span[0]}内有 {chinese}", f"{english} within {span[1]}"
    if isinstance(watched, int) and watched:
        chinese, english = f"{chinese}，共 {watched} 户", f"{english}, of {watched}"
    return (f"{facts.area}：{chinese}", f"{facts.area}: {english}") if facts.area else (chinese, english)


def _instant(said: Any) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None


_TELLERS: Mapping[str, Callable[[WhyFacts, Sequence[WhyLink]], Pair]] = {
    "signal": _signals,
    "threshold": _threshold,
    "trend": _trend,
    "sequence": _sequence,
    "inactivity": _inactivity,
    "absence": _absence,
    "battery": _battery,
    "outage": _outage,
    "geofence": _geofence,
}

__all__ = ["HEALTH", "WhyFacts", "WhyLink", "sentence"]
