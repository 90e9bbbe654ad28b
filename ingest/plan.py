"""What a batch of messages asks for, before anything is written: findings, readings, children, sightings.

Pure given the book and the conditions that are active; made anew when a home turns out to have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from alerts.conditions import ActiveConditions
from alerts.findings import Condition, Finding, Outcome
from alerts.model import Disposition
from alerts.rules.battery import METRIC as BATTERY
from alerts.rules.context import ActiveLookup, Broken, Evaluation, TimerChange
from alerts.rules.evaluate import HomeEvaluator
from alerts.rules.geofence import METRICS as POSITION
from alerts.rules.memory import HomeMemory
from alerts.rules.threshold import Measured
from devices.codecs.types import Reading, Signal, StateUpdate
from ingest.book import HomePage, KnownDevice
from ingest.decode import Item
from ingest.live_rules import Evaluators, LiveRules
from ingest.reported import ReportedStates, Told
from ingest.unknown import Unknown
from timeseries.ports import CONNECTED, HEARD, StoredReading

_RAISES = frozenset({Condition.ON, Condition.MOMENTARY})


@dataclass(slots=True)
class Plan:
    """Everything one batch leads to."""

    findings: list[Finding] = field(default_factory=list)
    readings: list[StoredReading] = field(default_factory=list)
    unknowns: list[Unknown] = field(default_factory=list)
    with_children: list[Item] = field(default_factory=list)
    heard: list[tuple[KnownDevice, Item, bool]] = field(default_factory=list)
    """Device, message, and whether it was an event."""
    states: list[tuple[KnownDevice, Item, StateUpdate]] = field(default_factory=list)
    values: list[tuple[KnownDevice, Item, Reading]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    timers: dict[int, list[TimerChange]] = field(default_factory=dict)
    """What rules wait for from now on, or no longer, by home id."""
    broken: list[Broken] = field(default_factory=list)
    """Rules that failed on a message, to be set aside; what the others found is here."""
    learnt: dict[int, HomeMemory] = field(default_factory=dict)
    """What each home's memory becomes once all this is kept."""

    @property
    def needs_store(self) -> bool:
        """Whether anything must be committed before the acknowledgement."""
        return bool(self.findings or self.unknowns or self.with_children or self.timers)

    @property
    def home_ids(self) -> set[int]:
        """The homes it would write for."""
        ids = {finding.home_id for finding in self.findings if finding.home_id is not None}
        ids.update(self.timers)
        return ids | {item.page.id for item in self.with_children if item.page is not None}


def make_plan(
    items: Sequence[Item], conditions: ActiveConditions, reported: ReportedStates, rules: LiveRules, now: datetime
) -> Plan:
    """Run the rules over a decoded batch."""
    planner = _Planner(Evaluators(rules, conditions), conditions, reported, now)
    for item in items:
        planner.plan_item(item)
    planner.plan.learnt = planner.evaluators.forks
    return planner.plan


@dataclass(slots=True)
class _Planner:
    """One batch at work."""

    evaluators: Evaluators
    conditions: ActiveConditions
    reported: ReportedStates
    now: datetime
    plan: Plan = field(default_factory=Plan)

    def plan_item(self, item: Item) -> None:
        """One message."""
        self.plan.unknowns += item.unknowns()
        if item.decoded.children:
            self.plan.with_children.append(item)
        if item.page is not None and item.speaker is not None:
            self._known(item, item.page, item.speaker)

    def _known(self, item: Item, page: HomePage, speaker: KnownDevice) -> None:
        plan = self.plan
        evaluator, active = self.evaluators.of(page)
        heard: dict[int, tuple[KnownDevice, bool]] = {speaker.facts.id: (speaker, False)}
        left: set[int] = set()
        for signal in item.decoded.signals:
            if (device := item.device_of(signal.device)) is not None:
                heard[device.facts.id] = (device, True)
                if self._signal(evaluator, active, device, signal):
                    left.add(device.facts.id)
        for reading in _in_order(item.decoded.readings, page):
            if (device := item.device_of(reading.device)) is not None:
                heard.setdefault(device.facts.id, (device, False))
                facts = device.facts
                left.add(facts.id)
                plan.readings.append(StoredReading(facts.home_id, facts.id, reading.metric, reading.at, reading.value))
                plan.values.append((device, item, reading))
                if found := evaluator.on_reading(reading, facts, active):
                    self._take(evaluator, found)
        for state in item.decoded.states:
            if (device := item.device_of(state.device)) is not None:
                heard.setdefault(device.facts.id, (device, False))
                self._state(evaluator, active, item, device, state)
        if not item.raw.retained:  # what the broker kept from before says nothing of now
            self._heard(evaluator, active, item, heard.values())
            self._trace(item, heard, left)

    def _state(self, evaluator: HomeEvaluator, active: ActiveLookup, item: Item, device: KnownDevice, state: StateUpdate) -> None:
        self.plan.states.append((device, item, state))
        if state.online is not None:
            facts = device.facts
            said = StoredReading(facts.home_id, facts.id, CONNECTED, item.raw.received_at, float(state.online))
            self.plan.readings.append(said)
        if state.battery is not None:
            measured = Measured(BATTERY, state.battery, item.raw.received_at)
            self._take(evaluator, evaluator.on_reading(measured, device.facts, active))

    def _heard(self, evaluator: HomeEvaluator, active: ActiveLookup, item: Item, heard: Iterable[tuple[KnownDevice, bool]]) -> None:
        for device, is_event in heard:
            self.plan.heard.append((device, item, is_event))
            if found := evaluator.on_heard(device.facts, item.raw.received_at, active):
                self._take(evaluator, found)

    def _trace(self, item: Item, heard: Mapping[int, tuple[KnownDevice, bool]], left: AbstractSet[int]) -> None:
        """A sign of life of each device that left no reading and no signal; a gateway's follows from those of its children."""
        silent = heard.keys() - left
        if not silent:
            return
        gateways = {device.facts.parent_id for device, _ in heard.values()}
        for device_id in silent - gateways:
            home_id = heard[device_id][0].facts.home_id
            self.plan.readings.append(StoredReading(home_id, device_id, HEARD, item.raw.received_at, 1.0))

    def _signal(self, evaluator: HomeEvaluator, active: ActiveLookup, device: KnownDevice, signal: Signal) -> bool:
        """Whether it will be stored."""
        news = self.reported.is_news(device.facts.id, signal)
        found = evaluator.on_signal(signal, device.facts, active, news=news)
        # What raises an alert, or what one stands on, always passes: the engine, which reads what is stored, decides.
        if news or any(one.condition in _RAISES or self.conditions.severity(*one.key) is not None for one in found.findings):
            self._take(evaluator, found)
            self.plan.told.append((device.facts.id, signal))
            return True
        self.plan.broken += found.broken
        return False

    def _take(self, evaluator: HomeEvaluator, found: Evaluation) -> None:
        self.plan.findings += found.findings
        self.plan.broken += found.broken
        if found.timers:
            self.plan.timers.setdefault(evaluator.home.id, []).extend(found.timers)
            evaluator.memory.change(found.timers, self.now)


def signs_of_repeats(outcomes: Iterable[Outcome]) -> list[StoredReading]:
    """A sign of life for each repeat, which is not stored as a signal again."""
    return [
        StoredReading(finding.home_id, event.device_id, HEARD, event.received_at, 1.0)
        for finding, event in ((one.finding, one.finding.event) for one in outcomes if one.disposition is Disposition.DUPLICATE)
        if event is not None and finding.home_id is not None and not event.retained
    ]


def _in_order(readings: Sequence[Reading], page: HomePage) -> Sequence[Reading]:
    """The readings of one message; the parts of a position in the order in which they are judged."""
    if not page.facts.tells_position or not any(reading.metric == POSITION[-1] for reading in readings):
        return readings
    return sorted(readings, key=lambda reading: (reading.at, reading.metric))
