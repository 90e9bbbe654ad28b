"""The one evaluator: what a signal, a reading, a due timer or a start means to the rules of one home.

Live ingest and backtests use it alike; only where the messages come from and where the answers go differs. It reads and
teaches the home's memory, and answers with findings and timer changes. It applies no timer itself: whoever calls keeps
the changes, and tells the memory with `memory.change`, so that a batch that fails leaves no trace. Pure but for that
memory; the clock is the caller's. A rule that throws is told as broken and takes nothing of its message with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ParamSpec
from zoneinfo import ZoneInfo

from alerts.facts import DeviceFacts
from alerts.findings import Condition, Finding
from alerts.model import Severity
from alerts.poison import STORE_IS_AWAY
from alerts.rules import battery, geofence, inactivity, sequence, stay, threshold, trend
from alerts.rules.absence import heard_again
from alerts.rules.context import (
    NOTHING,
    ActiveLookup,
    Broken,
    Day,
    DueTimer,
    Evaluation,
    History,
    HomeFacts,
    NoHistory,
    TimerChange,
)
from alerts.rules.index import OfSignal, Patterned, RuleIndex, index_of
from alerts.rules.memory import HomeMemory, Seen
from alerts.rules.scene import Scene, is_beyond, is_from, looks_at
from alerts.rules.signal import RAISING, Heard, Signal, findings_of_signal
from alerts.rules.threshold import Measurement
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import (
    BatteryRule,
    GeofenceRule,
    InactivityRule,
    SequenceRule,
    ThresholdRule,
    TrendRule,
)
from core.clock import credible_instant
from devices.vocabulary import CONDITIONS, LIFE_SIGNALS
from timeseries.ports import StoreAwayError

P = ParamSpec("P")


def instant_of(signal: Signal) -> datetime:
    """When it happened: the device's time where it can be believed, and never later than we received it."""
    return min(credible_instant(signal.device_at, signal.received_at), signal.received_at)


class HomeEvaluator:
    """The rules of one home over what is known of it. Cheap to make: one for each home of a batch."""

    def __init__(
        self,
        home: HomeFacts,
        rules: Sequence[RuleInForce] | RuleIndex,
        memory: HomeMemory,
        zone: ZoneInfo,
        history: History | None = None,
    ) -> None:
        self.home = home
        self.memory = memory
        self.index = rules if isinstance(rules, RuleIndex) else index_of(rules)
        self._day = Day(zone, home.sleep, home.daylight)
        self._history = history or NoHistory()
        self._last: Scene | None = None

    def on_signal(self, signal: Signal, facts: DeviceFacts, active: ActiveLookup, *, news: bool = True) -> Evaluation:
        """What a signal means; its own finding, which carries the event, is the last one of the signal rules.

        With `news` False it only says again what was said before (a state in a report): nothing moved.
        """
        concerned = self.index.signal(signal.type)
        found = self._heard(signal, facts, concerned)
        if news and concerned.is_remembered and not signal.retained:
            seen = Seen(instant_of(signal), facts.id, signal.type)
            found += self._apart("memory", self._remember, seen, facts, concerned, active)
        return self._noted(found)

    def recall_signal(self, seen: Seen, facts: DeviceFacts) -> None:
        """Learn a stored signal again, after a start; nothing is found."""
        concerned = self.index.signal(seen.name)
        if concerned.is_remembered and self.memory.heard(seen) and concerned.is_movement:
            self.memory.moved(seen, facts.room)

    def on_reading(self, reading: Measurement, facts: DeviceFacts, active: ActiveLookup) -> Evaluation:
        """What a reading means. Parts of one position are told in the order of `geofence.METRICS`."""
        concerned = self.index.metric(reading.metric)
        if concerned.is_plain and not self.home.own_codes and threshold.is_plainly_normal(reading, facts, active):
            return NOTHING
        scene = self._scene(active)
        if concerned.is_remembered and threshold.is_plausible(reading.metric, reading.value):
            self.memory.measured(Seen(reading.at, facts.id, reading.metric, reading.value))
        found = NOTHING
        for rule in concerned.thresholds:
            if judged := self._apart(rule.code, threshold.judge_reading, reading, facts, rule, scene):
                found += judged
        if not concerned.is_more:
            return self._noted(found) if found else NOTHING
        for rule in concerned.batteries:
            found += self._apart(rule.code, self._battery, reading, facts, rule, scene)
        for rule in concerned.geofences:
            found += self._apart(rule.code, geofence.judge_position, facts, rule, scene)
        for rule in concerned.trends:
            seen = Seen(reading.at, facts.id, reading.metric, reading.value)
            found += self._apart(rule.code, trend.judge_measured, seen, facts, rule, scene)
        for patterned in concerned.patterns:
            found += self._beyond(reading, facts, patterned, scene)
        return self._noted(found) if found else NOTHING

    def recall_reading(self, device_id: int, metric: str, at: datetime, value: float) -> None:
        """Learn a stored reading again; nothing is found."""
        facts, concerned = self.home.devices.get(device_id), self.index.metric(metric)
        if facts is None:
            return
        seen = Seen(at, device_id, metric, value)
        if concerned.is_remembered and threshold.is_plausible(metric, value):
            self.memory.measured(seen)
        for patterned in concerned.patterns:
            matches = is_beyond(patterned.pattern, value)
            self.memory.compared(seen, patterned.pattern, matches=matches)
            if matches and patterned.is_movement:
                self.memory.moved(seen, facts.room)

    def on_heard(self, facts: DeviceFacts, at: datetime, active: ActiveLookup) -> Evaluation:
        """A device spoke at all: the end of its silence, where that is open."""
        scene = self._scene(active)
        found = NOTHING
        for rule in self.index.absences:
            if scene.active_of(rule, facts.subject) is not None:
                found += self._apart(rule.code, _spoke, facts, at, rule)
        return self._noted(found) if found else NOTHING

    def on_due(self, timer: DueTimer, now: datetime, active: ActiveLookup) -> Evaluation:
        """A rule's time is over. A rule that is no longer in force waits for nothing."""
        rule = self.index.by_code.get(timer.rule)
        self._look_back(timer, now)
        scene = self._scene(active)
        found = None if rule is None else _judge_due(timer, rule, scene, now)
        if found is None:
            return Evaluation(timers=(_over(timer),))
        return self._noted(found)

    def at_start(self, now: datetime, active: ActiveLookup | None = None) -> Evaluation:
        """The timers this home must have; a condition that is already true has one that is due."""
        scene = self._scene(active or _nothing_active)
        found = NOTHING
        for rule in self.index.beginning:
            found += self._apart(rule.code, _begin, rule, scene, now)
        return found

    def _apart(self, code: str, judge: Callable[P, Evaluation], *args: P.args, **kwargs: P.kwargs) -> Evaluation:
        """What one rule makes of it; one that throws is only told as broken. Stores that are away are nobody's fault."""
        try:
            return judge(*args, **kwargs)
        except (*STORE_IS_AWAY, StoreAwayError):
            raise
        except Exception as error:  # noqa: BLE001 quarantined by whoever evaluates
            return Evaluation(broken=(Broken(code, self.home.code, error),))

    def _heard(self, signal: Signal, facts: DeviceFacts, concerned: OfSignal) -> Evaluation:
        """The findings of the signal rules, first and apart from all others. A danger that no rule is left for goes up."""
        found = self._apart("signal", _findings, signal, facts, concerned.heard, self._day)
        if not found.broken:
            return found
        whole: list[Heard] = []
        broken: list[Broken] = []
        for one in concerned.heard:
            alone = self._apart(one[0].code, _findings, signal, facts, (one,), self._day)
            broken += alone.broken
            if not alone.broken:
                whole.append(one)
        found = Evaluation(_findings(signal, facts, tuple(whole), self._day).findings, broken=tuple(broken))
        if signal.type in LIFE_SIGNALS and broken and not any(one.condition in RAISING for one in found.findings):
            raise broken[0].error
        return found

    def _scene(self, active: ActiveLookup) -> Scene:
        if self._last is None or self._last.active is not active:
            self._last = Scene(self.home, self.memory, self._day, active, self._history)
        return self._last

    def _remember(self, seen: Seen, facts: DeviceFacts, concerned: OfSignal, active: ActiveLookup) -> Evaluation:
        scene = self._scene(active)
        known = self.memory.signals.get((seen.device_id, seen.name))
        if known is not None and known >= seen.at:
            return NOTHING  # told again, or overtaken
        found = NOTHING
        for rule in concerned.thens:
            if _then_from(rule, facts) or _ends_first(rule, seen.name):
                found += self._apart(rule.code, sequence.judge_then, seen, facts, rule, scene)
        for rule in concerned.firsts:
            if isinstance(rule.spec, SequenceRule) and is_from(rule.spec.first, facts):
                found += self._apart(rule.code, sequence.judge_first, seen, facts, rule, scene)
        self.memory.heard(seen)
        if concerned.is_movement:
            self.memory.moved(seen, facts.room)
        return found + self._movement(seen, facts, concerned, scene)

    def _beyond(self, reading: Measurement, facts: DeviceFacts, patterned: Patterned, scene: Scene) -> Evaluation:
        seen = Seen(reading.at, facts.id, reading.metric, reading.value)
        matches = is_beyond(patterned.pattern, reading.value)
        began = self.memory.compared(seen, patterned.pattern, matches=matches)
        if not matches:
            return NOTHING
        found = NOTHING
        for rule in patterned.thens:
            if _then_from(rule, facts):
                found += self._apart(rule.code, sequence.judge_then, seen, facts, rule, scene)
        if began:
            for rule in patterned.firsts:
                if isinstance(rule.spec, SequenceRule) and is_from(rule.spec.first, facts):
                    found += self._apart(rule.code, sequence.judge_first, seen, facts, rule, scene)
        if patterned.is_movement:
            self.memory.moved(seen, facts.room)
        return found + self._movement(seen, facts, patterned, scene)

    def _movement(self, seen: Seen, facts: DeviceFacts, concerned: OfSignal | Patterned, scene: Scene) -> Evaluation:
        found = NOTHING
        for rule in concerned.inactivities:
            if isinstance(rule.spec, InactivityRule) and looks_at(rule, facts) and is_from(rule.spec.activity, facts):
                found += self._apart(rule.code, inactivity.judge_movement, seen, rule, scene)
        for rule in concerned.stays:
            if looks_at(rule, facts):
                found += self._apart(rule.code, stay.judge_room, seen, facts, rule, scene)
        return found

    def _battery(self, reading: Measurement, facts: DeviceFacts, rule: RuleInForce, scene: Scene) -> Evaluation:
        if not isinstance(rule.spec, BatteryRule) or not looks_at(rule, facts):
            return NOTHING
        active = scene.active_of(rule, facts.subject) is not None
        return Evaluation(tuple(battery.findings_of_battery(reading, facts, active=active, rule=rule, spec=rule.spec)))

    def _look_back(self, timer: DueTimer, now: datetime) -> None:
        """Before judging: learn the readings of the time since it was armed that this memory did not see itself."""
        since = self.memory.readings_since
        end = now if since is None else since
        metrics = sorted({metric for metric, _, _ in self.index.patterns})
        devices = [one.id for one in self.home.devices.values() if not one.metrics.isdisjoint(metrics)]
        if not metrics or not devices or timer.armed_at >= end:
            return
        for device_id, metric, at, value in self._history.points(devices, metrics, timer.armed_at, end):
            self.recall_reading(device_id, metric, at, value)

    def _noted(self, found: Evaluation) -> Evaluation:
        """Keep what rules in monitor mode found; no alert does."""
        for finding in found.findings:
            if finding.monitor:
                self.memory.note_shadow((finding.rule, finding.subject), _shadow_of(finding))
        return found


def _findings(signal: Signal, facts: DeviceFacts, heard: Sequence[Heard], day: Day) -> Evaluation:
    return Evaluation(tuple(findings_of_signal(signal, facts, heard, day)))


def _spoke(facts: DeviceFacts, at: datetime, rule: RuleInForce) -> Evaluation:
    return Evaluation((heard_again(facts, at, rule),)) if looks_at(rule, facts) else NOTHING


def _begin(rule: RuleInForce, scene: Scene, now: datetime) -> Evaluation:
    if not isinstance(rule.spec, InactivityRule):
        return NOTHING
    return stay.begin_stay(rule, scene) if rule.spec.rooms else inactivity.begin(rule, scene, now)


def _judge_due(timer: DueTimer, rule: RuleInForce, scene: Scene, now: datetime) -> Evaluation | None:
    spec = rule.spec
    if isinstance(spec, ThresholdRule):
        return threshold.judge_hold(timer, rule, scene)
    if isinstance(spec, SequenceRule):
        return sequence.judge_wait(timer, rule, scene, now)
    if isinstance(spec, InactivityRule):
        return stay.judge_stay(timer, rule, scene, now) if spec.rooms else inactivity.judge_quiet(timer, rule, scene, now)
    if isinstance(spec, GeofenceRule):
        return geofence.judge_away(timer, rule, scene)
    return trend.judge_day(timer, rule, scene, now) if isinstance(spec, TrendRule) else None


def _then_from(rule: RuleInForce, facts: DeviceFacts) -> bool:
    return isinstance(rule.spec, SequenceRule) and is_from(rule.spec.then, facts)


def _ends_first(rule: RuleInForce, signal_type: str) -> bool:
    return isinstance(rule.spec, SequenceRule) and any(CONDITIONS.get(first) == signal_type for first in rule.spec.first.signals)


def _over(timer: DueTimer) -> TimerChange:
    return TimerChange(timer.rule, timer.subject, None)


def _nothing_active(_rule: str, _subject: str) -> Severity | None:
    return None


def _shadow_of(finding: Finding) -> Severity | None:
    return finding.severity if finding.condition is Condition.ON else None


__all__ = ["HomeEvaluator", "instant_of"]
