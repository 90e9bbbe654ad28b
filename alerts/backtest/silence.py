"""Who was silent when, lived again: every stored sign of a device, and its gateway's, against what its rule allows.

The same judgement as live (`alerts.rules.absence`), at the same moments: a device is looked at when it should have spoken.
Whether a gateway is silent is what the rule `silence` says of it, so that one is needed beside any other.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from alerts.backtest.ears import Deaf, deaf_until
from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding
from alerts.rules.absence import RULE, Heard, falls_silent, judge_silence, patience_seconds
from alerts.rules.context import ActiveLookup, HomeFacts
from alerts.rules.scene import looks_at
from alerts.ruleset.compile import RuleInForce


class Silences:
    """The voices of one home's devices under the rules for their absence."""

    def __init__(self, home: HomeFacts, rules: Sequence[RuleInForce], deaf: Sequence[Deaf] = ()) -> None:
        self._home = home
        self._deaf = deaf
        self._rules = {rule.code: rule for rule in rules}
        self._last_seen: dict[int, datetime] = {}
        self._back_at: dict[int, datetime] = {}
        self._dues: list[tuple[datetime, int, str]] = []

    def begin(self, start: datetime) -> None:
        """Before `start` nothing is known: a device that was there counts as heard then, later ones from their making."""
        for facts in self._home.devices.values():
            made_at = facts.created_at
            if self._rules and (made_at is None or made_at < start):
                self._last_seen[facts.id] = start
            for rule in self._rules.values():
                seconds = patience_seconds(facts, rule) if looks_at(rule, facts) else None
                if seconds is not None:
                    since = start if made_at is None else max(start, made_at)
                    heapq.heappush(self._dues, (since + timedelta(seconds=seconds), facts.id, rule.code))

    def heard(self, facts: DeviceFacts, at: datetime) -> Iterator[DeviceFacts]:
        """A device left a sign, and so did the gateway it speaks through; each of them."""
        if not self._rules:
            return
        parent = None if facts.parent_id is None else self._home.devices.get(facts.parent_id)
        for one in (parent, facts):
            if one is not None:
                self._last_seen[one.id] = max(at, self._last_seen.get(one.id, at))
                yield one

    def learn(self, finding: Finding, now: datetime) -> None:
        """A gateway that is back gives its children their full time again."""
        if finding.rule == RULE and finding.condition is Condition.OFF and finding.device_id is not None:
            self._back_at[finding.device_id] = now

    def next_at(self) -> datetime | None:
        """When the next device should have spoken."""
        return self._dues[0][0] if self._dues else None

    def judge(self, now: datetime, active: ActiveLookup) -> Iterator[Finding]:
        """Look at the device that is due first."""
        _, device_id, code = heapq.heappop(self._dues)
        facts, rule = self._home.devices[device_id], self._rules[code]
        parent = None if facts.parent_id is None else self._home.devices.get(facts.parent_id)
        parent_silent = parent is not None and (active(RULE, parent.subject) is not None or self._falls_silent(parent, now))
        back_at = None if parent is None else self._back_at.get(parent.id)
        heard = Heard(self._last_seen.get(device_id), parent_silent, back_at)
        is_silent = active(code, facts.subject) is not None
        verdict = judge_silence(facts, heard, now, grace_until=deaf_until(self._deaf, now), active=is_silent, rule=rule)
        if verdict.due_at is not None:
            heapq.heappush(self._dues, (verdict.due_at, device_id, code))
        if verdict.finding is not None:
            yield verdict.finding

    def _falls_silent(self, gateway: DeviceFacts, now: datetime) -> bool:
        rule = self._rules.get(RULE)
        if rule is None or not looks_at(rule, gateway):
            return False
        heard = Heard(self._last_seen.get(gateway.id))
        return falls_silent(gateway, heard, now, grace_until=deaf_until(self._deaf, now), rule=rule)


__all__ = ["Silences"]
