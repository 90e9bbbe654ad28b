"""One home in which rules are tried: people move, devices speak, time passes, and the evaluator says what it finds.

Conditions are active once they were found on, until they are found off or a person closes them; timers come due in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.facts import DeviceFacts, Limit
from alerts.findings import Condition, Finding
from alerts.model import Severity
from alerts.rules.context import Evaluation, HomeFacts, ResidentFacts
from alerts.rules.evaluate import HomeEvaluator
from alerts.rules.memory import HomeMemory
from alerts.rules.threshold import Measured
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.yaml_form import ADAPTER
from devices.codecs.types import Signal
from devices.profiles import catalogue

ZONE = ZoneInfo("Asia/Shanghai")


def local(text: str, zone: ZoneInfo = ZONE) -> datetime:
    """`2026-11-22 03:00` in the centre's zone, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def rule(kind: str, *, version: int = 1, **fields: Any) -> RuleInForce:
    """A rule in force from its fields; code and name are made up unless given."""
    base = {"code": kind, "name": {"zh": kind, "en": kind}, "severity": "medium", "raises": kind, "kind": kind}
    return RuleInForce(ADAPTER.validate_python({**base, **fields}), version)


def device(number: int, profile: str, room: str | None = None, **more: Any) -> DeviceFacts:
    """A live device of a catalogue profile."""
    entry = catalogue()[profile]
    fields: dict[str, Any] = {
        "code": f"{profile}-{number}",
        "name": profile,
        "worn": entry.worn and "resident_id" in more,
        "silence_seconds": entry.silence_seconds,
        "measures_on_demand": entry.measures_on_demand,
        "signals": frozenset(entry.signals),
        "metrics": frozenset(entry.metrics),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return DeviceFacts(id=number, home_id=7, profile=profile, room=room, **{**fields, **more})


@dataclass
class House:
    """A home, its rules, and what was found there."""

    rules: Sequence[RuleInForce]
    devices: Sequence[DeviceFacts]
    now: datetime
    residents: Sequence[ResidentFacts] = ()
    zone: ZoneInfo = ZONE
    place: tuple[float, float] | None = None
    more: dict[str, Any] = field(default_factory=dict)
    found: list[tuple[datetime, Finding]] = field(default_factory=list)
    writes: int = 0
    _serial: int = 0

    def __post_init__(self) -> None:
        self.memory = HomeMemory()
        self.memory.readings_since = self.now
        self.active: dict[tuple[str, str], Severity] = {}
        self.points: list[tuple[int, str, datetime, float]] = []
        latitude, longitude = self.place or (None, None)
        self.home = HomeFacts(
            id=7,
            code="h7",
            devices={one.id: one for one in self.devices},
            residents=tuple(self.residents),
            latitude=latitude,
            longitude=longitude,
            **self.more,
        )
        self.use(self.rules)

    def use(self, rules: Sequence[RuleInForce]) -> None:
        """Put rules in force."""
        self.evaluator = HomeEvaluator(self.home, rules, self.memory, self.zone, _Points(self))

    def start(self) -> None:
        self._take(self.evaluator.at_start(self.now, self._active))

    def restart(self) -> None:
        """The process died: only the stored timers are left."""
        armed = self.memory.armed
        self.memory = HomeMemory()
        self.memory.armed = dict(armed)
        self.memory.readings_since = self.now
        self.use(self.rules)

    def say(self, number: int, kind: str, **flags: Any) -> list[Finding]:
        """A device says a signal now."""
        self._serial += 1
        facts = self.home.devices[number]
        signal = Signal(
            facts.code,
            kind,
            flags.get("key", f"e{self._serial}"),
            flags.get("device_at"),
            self.now,
            flags.get("data", {}),
            retained=flags.get("retained", False),
            redelivered=False,
            has_own_id=True,
        )
        return self._take(self.evaluator.on_signal(signal, facts, self._active))

    def measure(self, number: int, metric: str, value: float) -> list[Finding]:
        """A device measures now."""
        self.points.append((number, metric, self.now, value))
        return self._take(self.evaluator.on_reading(Measured(metric, value, self.now), self.home.devices[number], self._active))

    def wait(self, **time: float) -> list[Finding]:
        """Time passes."""
        return self.until(self.now + timedelta(**time))

    def until(self, at: datetime) -> list[Finding]:
        """Time passes until an instant, with everything that comes due meanwhile."""
        raised: list[Finding] = []
        while (timer := min(self.memory.armed.values(), key=lambda one: one.due_at, default=None)) is not None:
            if timer.due_at > at:
                break
            self.now = max(self.now, timer.due_at)
            raised += self._take(self.evaluator.on_due(timer, self.now, self._active))
        self.now = at
        return raised

    def close(self, code: str) -> None:
        """A person closes the alerts of a rule."""
        self.active = {key: severity for key, severity in self.active.items() if key[0] != code}

    @property
    def said(self) -> list[tuple[str, str]]:
        """(rule, condition) of everything found that is about a condition, in order."""
        return [(one.rule, str(one.condition)) for _, one in self.found if one.condition is not Condition.NONE]

    def _active(self, code: str, subject: str) -> Severity | None:
        return self.active.get((code, subject))

    def _take(self, found: Evaluation) -> list[Finding]:
        for broken in found.broken:
            raise broken.error
        self.writes += len(found.timers)
        self.memory.change(found.timers, self.now)
        for one in found.findings:
            self.found.append((self.now, one))
            if one.monitor:
                continue
            if one.condition is Condition.ON:
                self.active[one.rule, one.subject] = one.severity
            elif one.condition is Condition.OFF:
                self.active.pop((one.rule, one.subject), None)
        return [one for one in found.findings if one.condition is not Condition.NONE]


@dataclass
class _Points:
    house: House

    def points(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime
    ) -> list[tuple[int, str, datetime, float]]:
        kept = self.house.points
        return sorted(
            (one for one in kept if one[0] in device_ids and one[1] in metrics and start <= one[2] < end), key=lambda one: one[2]
        )


def limited(facts: DeviceFacts, **limits: Limit) -> DeviceFacts:
    """A device with these limits."""
    return replace(facts, limits=limits)
