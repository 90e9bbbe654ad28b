"""What a batch of messages asks for, before anything is written: findings, readings, children, sightings.

Pure given the book and the conditions that are active; made anew when a home turns out to have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alerts.conditions import ActiveConditions
from alerts.findings import Condition, Finding
from alerts.rules.battery import METRIC as BATTERY
from alerts.rules.battery import RULE as BATTERY_RULE
from alerts.rules.battery import findings_of_battery
from alerts.rules.signal import findings_of_signal
from alerts.rules.absence import RULE as SILENCE_RULE
from alerts.rules.absence import heard_again
from alerts.rules.threshold import RULE as THRESHOLD_RULE
from alerts.rules.threshold import Measured, findings_of_reading
from alerts.rules.threshold import subject_of as threshold_subject
from devices.codecs.types import Reading, Signal, StateUpdate
from ingest.book import KnownDevice
from ingest.decode import Item
from ingest.reported import ReportedStates, Told
from ingest.unknown import Unknown
from timeseries.ports import StoredReading

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

    @property
    def needs_store(self) -> bool:
        """Whether anything must be committed before the acknowledgement."""
        return bool(self.findings or self.unknowns or self.with_children)

    @property
    def home_ids(self) -> set[int]:
        """The homes it would write for."""
        ids = {finding.home_id for finding in self.findings if finding.home_id is not None}
        return ids | {item.page.id for item in self.with_children if item.page is not None}


def make_plan(items: Sequence[Item], conditions: ActiveConditions, reported: ReportedStates) -> Plan:
    """Run the rules over a decoded batch."""
    plan = Plan()
    for item in items:
        plan.unknowns += item.unknowns()
        if item.decoded.children:
            plan.with_children.append(item)
        _plan_item(plan, item, conditions, reported)
    return plan


def _plan_item(plan: Plan, item: Item, conditions: ActiveConditions, reported: ReportedStates) -> None:
    heard: dict[int, tuple[KnownDevice, bool]] = {}
    if item.speaker is not None:
        heard[item.speaker.facts.id] = (item.speaker, False)
    for signal in item.decoded.signals:
        if (device := item.device_of(signal.device)) is not None:
            heard[device.facts.id] = (device, True)
            _plan_signal(plan, device, signal, conditions, reported)
    for reading in item.decoded.readings:
        if (device := item.device_of(reading.device)) is not None:
            heard.setdefault(device.facts.id, (device, False))
            _plan_reading(plan, item, device, reading, conditions)
    for state in item.decoded.states:
        if (device := item.device_of(state.device)) is not None:
            heard.setdefault(device.facts.id, (device, False))
            _plan_state(plan, item, device, state, conditions)
    if not item.raw.retained:  # what the broker kept from before says nothing of now
        _plan_heard(plan, item, heard.values(), conditions)


def _plan_signal(plan: Plan, device: KnownDevice, signal: Signal, conditions: ActiveConditions, reported: ReportedStates) -> None:
    findings = findings_of_signal(signal, device.facts)
    # What raises an alert, or what one stands on, always passes: the engine, which reads what is stored, decides.
    matters = any(finding.condition in _RAISES or conditions.severity(*finding.key) is not None for finding in findings)
    if matters or reported.is_news(device.facts.id, signal):
        plan.findings += findings
        plan.told.append((device.facts.id, signal))


def _plan_heard(plan: Plan, item: Item, heard: Iterable[tuple[KnownDevice, bool]], conditions: ActiveConditions) -> None:
    for device, is_event in heard:
        plan.heard.append((device, item, is_event))
        if conditions.severity(device.facts.home_id, SILENCE_RULE, device.facts.subject) is not None:
            plan.findings.append(heard_again(device.facts, item.raw.received_at))


def _plan_reading(plan: Plan, item: Item, device: KnownDevice, reading: Reading, conditions: ActiveConditions) -> None:
    facts = device.facts
    plan.readings.append(StoredReading(facts.home_id, facts.id, reading.metric, reading.at, reading.value))
    plan.values.append((device, item, reading))
    if reading.metric == BATTERY:
        _plan_battery(plan, device, Measured(BATTERY, reading.value, reading.at), conditions)
    elif reading.metric in facts.limits:
        active = conditions.severity(facts.home_id, THRESHOLD_RULE, threshold_subject(reading.metric, facts))
        plan.findings += findings_of_reading(Measured(reading.metric, reading.value, reading.at), facts, active)


def _plan_state(plan: Plan, item: Item, device: KnownDevice, state: StateUpdate, conditions: ActiveConditions) -> None:
    plan.states.append((device, item, state))
    if state.battery is not None:
        _plan_battery(plan, device, Measured(BATTERY, state.battery, item.raw.received_at), conditions)


def _plan_battery(plan: Plan, device: KnownDevice, measured: Measured, conditions: ActiveConditions) -> None:
    active = conditions.severity(device.facts.home_id, BATTERY_RULE, device.facts.subject) is not None
    plan.findings += findings_of_battery(measured, device.facts, active=active)
