"""A device that should have spoken and did not. Pure.

Silence is declared after the profile's time, which already counts several missed heartbeats; a device never seen counts
from its registration. A silent gateway makes its children *unknown*: one alert, and each child gets its full time again
once the gateway is back. After an outage of our own nobody is called silent until the grace is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding, Link
from alerts.rules.scene import builtin, of_device, place_of
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import AbsenceRule

RULE = "silence"


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a device's voice."""

    last_seen_at: datetime | None
    parent_silent: bool = False
    parent_back_at: datetime | None = None
    """When its gateway was last heard again after a silence, or our own ears were restored."""


@dataclass(frozen=True, slots=True)
class SilenceVerdict:
    """What a due silence timer leads to: a finding or none, and when to look again (None: never)."""

    finding: Finding | None
    due_at: datetime | None


def judge_silence(  # noqa: PLR0913 one device, what was heard of it, and the rule it is judged by
    facts: DeviceFacts,
    heard: Heard,
    now: datetime,
    *,
    grace_until: datetime | None = None,
    active: bool = False,
    rule: RuleInForce | None = None,
) -> SilenceVerdict:
    """Decide about one device whose `silence_due_at` has come; `rule` None means the built-in one."""
    rule = rule or builtin(RULE)
    seconds = patience_seconds(facts, rule)
    if seconds is None:
        return SilenceVerdict(None, None)
    patience = timedelta(seconds=seconds)
    if heard.parent_silent:
        return SilenceVerdict(None, now + patience)
    since = max((one for one in (heard.last_seen_at, heard.parent_back_at) if one is not None), default=facts.created_at or now)
    due_at = since + patience
    if grace_until is not None:
        due_at = max(due_at, grace_until)
    if due_at > now:
        return SilenceVerdict(None, due_at)
    if active:
        return SilenceVerdict(None, now + patience)
    return SilenceVerdict(_finding(facts, Condition.ON, heard.last_seen_at, now, rule), now + patience)


def falls_silent(
    facts: DeviceFacts, heard: Heard, now: datetime, *, grace_until: datetime | None = None, rule: RuleInForce | None = None
) -> bool:
    """Whether a device that is not silent yet is so now: asked of a gateway before its children are judged.

    After an outage of our own all of them are due at one moment, and only the gateway is silent.
    """
    return judge_silence(facts, heard, now, grace_until=grace_until, rule=rule).finding is not None


def patience_seconds(facts: DeviceFacts, rule: RuleInForce) -> float | None:
    """How long this device may say nothing; None: it promises no heartbeat."""
    own = rule.spec.silence_seconds if isinstance(rule.spec, AbsenceRule) else None
    return facts.silence_seconds if own is None else own


def heard_again(facts: DeviceFacts, at: datetime, rule: RuleInForce | None = None) -> Finding:
    """The end of a silence: call it when a device whose silence alert is active is seen."""
    return _finding(facts, Condition.OFF, at, at, rule or builtin(RULE))


def _finding(facts: DeviceFacts, condition: Condition, last_seen_at: datetime | None, now: datetime, rule: RuleInForce) -> Finding:
    seconds = patience_seconds(facts, rule)
    evidence = {"last_seen_at": None if last_seen_at is None else last_seen_at.isoformat(), "silence_seconds": seconds}
    chain = (Link("silence", now, "heartbeat", facts.id, None, {**evidence, **place_of(facts)}),)
    return of_device(rule, facts, subject=facts.subject, condition=condition, evidence=evidence, chain=chain)


__all__ = ["RULE", "Heard", "SilenceVerdict", "falls_silent", "heard_again", "judge_silence", "patience_seconds"]
