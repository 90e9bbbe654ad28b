"""Which rules look at which signal and which metric. Values only.

Made once for each set of rules, so that the cost of a message depends neither on the number of homes nor on the number of
rules that do not concern it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alerts.rules import geofence, threshold
from alerts.rules.memory import Pattern
from alerts.rules.scene import DOORS, INDOORS, pattern_of
from alerts.rules.signal import Heard, meanings
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import (
    MOVEMENT,
    AbsenceRule,
    BatteryRule,
    GeofenceRule,
    Happening,
    InactivityRule,
    SequenceRule,
    SignalRule,
    ThresholdRule,
    TrendRule,
)
from devices.vocabulary import CONDITIONS


@dataclass(frozen=True, slots=True)
class OfSignal:
    """The rules one type of signal concerns."""

    heard: tuple[Heard, ...] = ()
    firsts: tuple[RuleInForce, ...] = ()
    thens: tuple[RuleInForce, ...] = ()
    inactivities: tuple[RuleInForce, ...] = ()
    stays: tuple[RuleInForce, ...] = ()
    is_movement: bool = False
    is_remembered: bool = False

    @property
    def waits(self) -> bool:
        """Whether anything beyond raising at once looks at it."""
        return self.is_remembered


@dataclass(frozen=True, slots=True)
class Patterned:
    """Rules a metric beyond a value concerns."""

    pattern: Pattern
    firsts: tuple[RuleInForce, ...] = ()
    thens: tuple[RuleInForce, ...] = ()
    inactivities: tuple[RuleInForce, ...] = ()
    stays: tuple[RuleInForce, ...] = ()
    is_movement: bool = False


@dataclass(frozen=True, slots=True)
class OfMetric:
    """The rules one metric concerns."""

    thresholds: tuple[RuleInForce, ...] = ()
    batteries: tuple[RuleInForce, ...] = ()
    geofences: tuple[RuleInForce, ...] = ()
    trends: tuple[RuleInForce, ...] = ()
    patterns: tuple[Patterned, ...] = ()
    is_remembered: bool = False
    is_more: bool = False
    """Whether anything but thresholds looks at it."""
    is_plain: bool = False
    """Whether nothing but the built-in threshold rule looks at it."""


@dataclass(slots=True)
class RuleIndex:
    """A set of rules, by what they look at."""

    rules: tuple[RuleInForce, ...]
    by_code: dict[str, RuleInForce] = field(init=False)
    absences: tuple[RuleInForce, ...] = field(init=False)
    beginning: tuple[RuleInForce, ...] = field(init=False)
    """Rules for which a home must have a timer from the start."""
    patterns: frozenset[Pattern] = field(init=False)
    _signals: dict[str, OfSignal] = field(init=False, default_factory=dict)
    _metrics: dict[str, OfMetric] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_code = {rule.spec.code: rule for rule in self.rules}
        self.absences = self._of(AbsenceRule)
        self.beginning = self._of(InactivityRule)
        self.patterns = frozenset(found for one in self._happenings() if (found := pattern_of(one)) is not None)

    def signal(self, signal_type: str) -> OfSignal:
        """What a type of signal concerns."""
        known = self._signals.get(signal_type)
        if known is None:
            known = self._signals[signal_type] = self._make_signal(signal_type)
        return known

    def metric(self, metric: str) -> OfMetric:
        """What a metric concerns."""
        known = self._metrics.get(metric)
        if known is None:
            known = self._metrics[metric] = self._make_metric(metric)
        return known

    def _of(self, *kinds: type) -> tuple[RuleInForce, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule.spec, kinds))

    def _happenings(self) -> Iterable[Happening]:
        for rule in self.rules:
            if isinstance(rule.spec, SequenceRule):
                yield rule.spec.first
                yield rule.spec.then
                if rule.spec.only_when_nobody_home:
                    yield INDOORS
            elif isinstance(rule.spec, InactivityRule):
                yield rule.spec.activity

    def _make_signal(self, signal_type: str) -> OfSignal:
        sequences = [(rule, rule.spec) for rule in self.rules if isinstance(rule.spec, SequenceRule)]
        quiet = [(rule, rule.spec) for rule in self.rules if isinstance(rule.spec, InactivityRule)]
        concerned = any(signal_type in one.signals for one in self._happenings())
        doors = signal_type in DOORS and any(spec.only_when_nobody_home for _, spec in sequences)
        ends = any(CONDITIONS.get(first) == signal_type for _, spec in sequences for first in spec.first.signals)
        return OfSignal(
            heard=tuple((rule, means[signal_type]) for rule in self.rules if signal_type in (means := meanings(rule))),
            firsts=tuple(rule for rule, spec in sequences if signal_type in spec.first.signals),
            thens=tuple(rule for rule, spec in sequences if signal_type in spec.then.signals or _ends(spec, signal_type)),
            inactivities=tuple(rule for rule, spec in quiet if not spec.rooms and signal_type in spec.activity.signals),
            stays=tuple(rule for rule, spec in quiet if spec.rooms and signal_type in spec.activity.signals),
            is_movement=signal_type in MOVEMENT.signals,
            is_remembered=concerned or doors or ends,
        )

    def _make_metric(self, metric: str) -> OfMetric:
        thresholds = tuple(rule for rule in self.rules if isinstance(rule.spec, ThresholdRule) and _measures(rule.spec, metric))
        holds = any(
            isinstance(rule.spec, ThresholdRule) and (rule.spec.hold_seconds or _personal_hold(rule)) for rule in thresholds
        )
        geofences = self._of(GeofenceRule) if metric in geofence.METRICS else ()
        batteries = self._of(BatteryRule) if metric == "battery" else ()
        trends = tuple(rule for rule in self.rules if isinstance(rule.spec, TrendRule) and rule.spec.metric == metric)
        patterns = tuple(self._patterned(one) for one in sorted(self.patterns, key=str) if one[0] == metric)
        return OfMetric(
            thresholds=thresholds,
            batteries=batteries,
            geofences=geofences if metric == "longitude" else (),
            trends=trends,
            patterns=patterns,
            is_remembered=holds or bool(geofences),
            is_more=bool(batteries or geofences or trends or patterns),
            is_plain=all(_is_plain(rule) for rule in thresholds) and not (batteries or geofences or trends or patterns),
        )

    def _patterned(self, pattern: Pattern) -> Patterned:
        sequences = [(rule, rule.spec) for rule in self.rules if isinstance(rule.spec, SequenceRule)]
        quiet = [(rule, rule.spec) for rule in self.rules if isinstance(rule.spec, InactivityRule)]
        return Patterned(
            pattern,
            firsts=tuple(rule for rule, spec in sequences if pattern_of(spec.first) == pattern),
            thens=tuple(rule for rule, spec in sequences if pattern_of(spec.then) == pattern),
            inactivities=tuple(rule for rule, spec in quiet if not spec.rooms and pattern_of(spec.activity) == pattern),
            stays=tuple(rule for rule, spec in quiet if spec.rooms and pattern_of(spec.activity) == pattern),
            is_movement=pattern == pattern_of(MOVEMENT),
        )


def _ends(spec: SequenceRule, signal_type: str) -> bool:
    """Whether a signal ends what a rule that waits for everybody to leave began with."""
    return spec.only_when_nobody_home and any(CONDITIONS.get(first) == signal_type for first in spec.first.signals)


def _measures(spec: ThresholdRule, metric: str) -> bool:
    return spec.metric == metric or (spec.metric is None and metric != "battery")


def _is_plain(rule: RuleInForce) -> bool:
    spec = rule.spec
    if not isinstance(spec, ThresholdRule) or spec.metric is not None or rule.version or spec.monitor or spec.hold_seconds:
        return False
    return spec.code == threshold.RULE and spec.during is None and not spec.applies.profiles and not spec.applies.residents


def _personal_hold(rule: RuleInForce) -> bool:
    """A resident's own hold time may be laid over any rule that is not the built-in one for everything."""
    return isinstance(rule.spec, (ThresholdRule, SignalRule)) and getattr(rule.spec, "metric", None) is not None


def index_of(rules: Sequence[RuleInForce]) -> RuleIndex:
    """A set of rules, by what they look at."""
    return RuleIndex(tuple(rules))


__all__ = ["OfMetric", "OfSignal", "Patterned", "RuleIndex", "index_of"]
