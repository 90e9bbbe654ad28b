"""The case of one alert lived again: the rule in the version that made it, over the stored time of its home around it.

It agrees when the case raises the same condition, as badly, at the same moment. It need not: what a home's devices and
limits are today may be other than what they were then, and that is worth knowing too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.backtest.course import Found
from alerts.backtest.run import RAISING, Replay, is_of, shown
from alerts.model import Alert, Severity
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import RuleSpec

AROUND = timedelta(hours=1)
SAME_MOMENT = timedelta(seconds=60)
"""Between the device's time of a reading, by which a stored case runs, and the commit of the alert it led to."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A time at which the case raises."""

    at: datetime
    severity: Severity


@dataclass(frozen=True, slots=True)
class Replayed:
    """Whether the case leads to the same alert, and each time it raises around it."""

    agrees: bool
    found: tuple[Raised, ...]


def replay_alert(replay: Replay, alert: Alert, spec: RuleSpec, now: datetime) -> Replayed:
    """Live the case of an alert of a home again, with the rule that made it."""
    rule = shown(RuleInForce(spec, alert.rule_version))
    start, end = alert.raised_at - AROUND, min(alert.raised_at + AROUND, now)
    found = [
        one
        for one in replay.found(rule, alert.home_id or 0, start, end)
        if one is not None
        and one.finding.condition in RAISING
        and one.finding.subject == alert.subject
        and is_of(one.finding, spec)
    ]
    return Replayed(any(_is_same(one, alert) for one in found), tuple(Raised(one.at, one.finding.severity) for one in found))


def _is_same(found: Found, alert: Alert) -> bool:
    """The first raising of the alert; what it became later (worse, or taken back by its wearer) is not its case."""
    is_then = abs(found.at - alert.raised_at) <= SAME_MOMENT
    changed = alert.count > 1 or alert.cancelled
    return is_then and (changed or found.finding.severity == alert.severity)


__all__ = ["AROUND", "SAME_MOMENT", "Raised", "Replayed", "replay_alert"]
