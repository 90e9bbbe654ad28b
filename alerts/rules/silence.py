"""A device that should have spoken and did not. Pure.

Silence is declared after the profile's time, which already counts several missed heartbeats; a device never seen counts
from its registration. A silent gateway makes its children *unknown*: one alert, and each child gets its full time again
once the gateway is back. After an outage of our own nobody is called silent until the grace is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding
from alerts.lanes import FAULT
from alerts.model import Severity

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


def judge_silence(
    facts: DeviceFacts, heard: Heard, now: datetime, *, grace_until: datetime | None = None, active: bool = False
) -> SilenceVerdict:
    """Decide about one device whose `silence_due_at` has come."""
    if facts.silence_seconds is None:
        return SilenceVerdict(None, None)
    patience = timedelta(seconds=facts.silence_seconds)
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
    return SilenceVerdict(_finding(facts, Condition.ON, heard.last_seen_at), now + patience)


def heard_again(facts: DeviceFacts, at: datetime) -> Finding:
    """The end of a silence: call it when a device whose silence alert is active is seen."""
    return _finding(facts, Condition.OFF, at)


def _finding(facts: DeviceFacts, condition: Condition, last_seen_at: datetime | None) -> Finding:
    return Finding(
        home_id=facts.home_id,
        device_id=facts.id,
        rule=RULE,
        subject=facts.subject,
        kind="silence",
        severity=Severity.LOW,
        condition=condition,
        lane=FAULT,
        not_live=not facts.live,
        probe=facts.probe,
        evidence={
            "last_seen_at": None if last_seen_at is None else last_seen_at.isoformat(),
            "silence_seconds": facts.silence_seconds,
        },
    )


__all__ = ["RULE", "Heard", "SilenceVerdict", "heard_again", "judge_silence"]
