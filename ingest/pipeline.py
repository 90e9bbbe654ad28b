"""One batch's way from the broker to the stores, up to but without its acknowledgement.

The order is the promise (invariants 1 and 11): decode; one transaction with alerts, incidents, timelines, timers, what was
not understood and new children; receipts to devices; readings into the store or its spool. Whoever calls acknowledges
only after `handle` returned. A process killed before the commit leaves nothing, and the broker delivers again; killed
after it, the delivery is recognised as a repeat by its event key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from prometheus_client import Histogram
from sqlalchemy.orm import Session

from alerts import rule_timers
from alerts.findings import Outcome
from alerts.model import Disposition, Severity
from alerts.poison import Failed, set_aside
from alerts.system import raise_system
from alerts.troubles import Trouble
from core.failpoints import reach
from devices.children import upsert_children
from devices.vocabulary import LIFE_SIGNALS
from ingest.broken_rules import set_aside_rules
from ingest.decode import Item, decode
from ingest.plan import Plan, make_plan, signs_of_repeats
from ingest.rate_limit import TelemetryLimit
from ingest.receipts import ReceiptMessage
from ingest.source import Delivery
from ingest.tools import Tools
from ingest.topics import strip_lane

alarm_commit_seconds = Histogram(
    "yinling_alarm_commit_seconds",
    "From the arrival of a message that opened, joined or raised an incident to the commit of it; probes excluded.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60),
)

_RINGS = frozenset({Disposition.OPENED, Disposition.JOINED, Disposition.RAISED})
_WHAT_LENGTH = 60
_LIFE_WORDS = tuple(signal.encode() for signal in LIFE_SIGNALS) + tuple(
    word.encode() for word in ("emergency", "sos", "panic", "smoke", "gas", "carbon_monoxide", "water_leak", "fall")
)


def speaks_of_life(payload: bytes) -> bool:
    """Whether a message that could not be worked on may be an alarm; when in doubt it is."""
    said = payload.lower()
    return any(word in said for word in _LIFE_WORDS)


class Pipeline:
    """Handles batches of one lane; one thread at a time. `limit` holds back noisy telemetry, never alarms."""

    def __init__(
        self,
        tools: Tools,
        *,
        limit: TelemetryLimit | None,
        wake: Callable[[], None],
        on_outcomes: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self._tools = tools
        self._settings = tools.engine.settings
        self._limit = limit
        self._wake = wake
        self._on_outcomes = on_outcomes

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Commit a batch. Raises and leaves nothing behind when the store refuses, or the partition may be another's."""
        self._tools.assure()
        wanted = [delivery for delivery in deliveries if self._is_allowed(delivery)]
        items = self._decode(wanted)
        self._recall(items)
        plan = self._plan(items)
        reach("ingest.decoded")
        outcomes: Sequence[Outcome] = ()
        broken = self._tools.rules.broken
        if plan.needs_store or broken.due(plan.broken, self._tools.clock.now()):
            plan, items, outcomes = self._commit(plan, items)
            self._count_latency(outcomes)
            reach("ingest.after_commit")
            if any(outcome.incident_id is not None for outcome in outcomes):
                self._tools.bus.hint()
        self._send_receipts(items, outcomes)
        reach("ingest.after_receipt")
        self._tools.conditions.learn(outcomes)
        self._tools.reported.learn(plan.told)
        self._tools.rules.absorb(plan.learnt, plan.timers, self._tools.clock.now())
        self._on_outcomes(outcomes)
        self._note(plan)
        plan.readings += signs_of_repeats(outcomes)
        if plan.readings:
            self._tools.recorder.record(plan.readings)
        reach("ingest.after_readings")

    def quarantine(self, delivery: Delivery, error: Exception) -> None:
        """Set one message aside, with its payload; it will be acknowledged.

        One that speaks of danger to life opens an incident of the system in the same transaction, so that a person reads
        its topic; when even that fails the error goes up, and the message is not acknowledged.
        """
        topic, now = strip_lane(delivery.topic), self._tools.clock.now()
        payload = delivery.payload.decode("utf-8", "replace")
        with self._tools.transaction() as session:
            set_aside(session, Failed("ingest", topic, error, payload), now)
            if speaks_of_life(delivery.payload):
                details = {"topic": topic, "error": repr(error)}
                raise_system(
                    session, f"{Trouble.UNPROCESSED}:{topic}"[:_WHAT_LENGTH], Severity.CRITICAL, details, now, self._settings
                )
        self._tools.bus.hint()

    def _count_latency(self, outcomes: Sequence[Outcome]) -> None:
        now = self._tools.clock.now()
        for outcome in outcomes:
            event = outcome.finding.event
            if event is not None and outcome.disposition in _RINGS and not outcome.finding.probe:
                alarm_commit_seconds.observe(max((now - event.received_at).total_seconds(), 0.0))

    def _is_allowed(self, delivery: Delivery) -> bool:
        if self._limit is None:
            return True
        return self._limit.allows(delivery.topic, self._tools.clock.monotonic_seconds())

    def _decode(self, deliveries: Sequence[Delivery]) -> list[Item]:
        """Decode all; homes and devices met for the first time are looked up once and tried again."""
        items = [decode(self._tools.book, delivery) for delivery in deliveries]
        missing = {item.home for item in items if item.reason in {"unknown_home", "unknown_device"} and item.home}
        if not missing:
            return items
        with self._tools.database.snapshot() as session:
            self._tools.book.find(session, missing)
        return [decode(self._tools.book, item.delivery) if item.home in missing else item for item in items]

    def _plan(self, items: Sequence[Item]) -> Plan:
        tools = self._tools
        return make_plan(items, tools.conditions, tools.reported, tools.rules, tools.clock.now())

    def _recall(self, items: Sequence[Item], session: Session | None = None) -> None:
        """Read what is known of homes met for the first time since the start."""
        tools = self._tools
        missing = tools.rules.missing({item.page.id: item.page for item in items if item.page is not None}.values())
        if not missing:
            return
        if session is not None:
            tools.rules.recall(session, missing, tools.clock.now())
            return
        with tools.database.snapshot() as snapshot:
            tools.rules.recall(snapshot, missing, tools.clock.now())

    def _commit(self, plan: Plan, items: list[Item]) -> tuple[Plan, list[Item], Sequence[Outcome]]:
        tools = self._tools
        now = tools.clock.now()
        with tools.transaction() as session:
            changed = set(tools.book.stale(session, plan.home_ids)) | self._register_children(session, plan, now)
            if changed:
                tools.book.load(session, list(changed))
                items = [decode(tools.book, item.delivery) for item in items]
                self._recall(items, session)
                plan = self._plan(items)
            outcomes = tools.engine.apply(session, plan.findings, now)
            rule_timers.keep(session, plan.timers, now)
            tools.unknown.keep(session, plan.unknowns)
            broken = tools.rules.broken.due(plan.broken, now)
            set_aside_rules(session, broken, now)
            session.flush()
            reach("ingest.before_commit")
        tools.rules.broken.learn(broken, now)
        return plan, items, outcomes

    @staticmethod
    def _register_children(session: Session, plan: Plan, now: datetime) -> set[int]:
        """Devices behind a gateway, registered or renamed; the homes that changed."""
        changed: set[int] = set()
        for item in plan.with_children:
            if item.speaker is not None and upsert_children(session, item.speaker.view, item.decoded.children, now):
                changed.add(item.speaker.view.home_id)
        if changed:
            session.flush()
        return changed

    def _send_receipts(self, items: Sequence[Item], outcomes: Sequence[Outcome]) -> None:
        now = self._tools.clock.now()
        receipts = [
            ReceiptMessage(item.home, item.device, event_id, "refused", now, reason=code)
            for item in items
            for event_id, code in item.decoded.refused
        ]
        for outcome in outcomes:
            event, home_id = outcome.finding.event, outcome.finding.home_id
            if outcome.receipt is None or event is None or home_id is None:
                continue
            page = self._tools.book.page_of(home_id)
            device = None if page is None else page.by_id.get(event.device_id)
            if page is not None and device is not None:
                receipts.append(
                    ReceiptMessage(
                        page.code,
                        device.view.code,
                        event.event_key,
                        outcome.receipt,
                        now,
                        outcome.incident_id,
                        outcome.incident_state,
                    )
                )
        self._tools.receipts.send(receipts)

    def _note(self, plan: Plan) -> None:
        """Tell the book of sightings; pages of a device that is being installed are told at once."""
        seen = self._tools.seen
        watched = False
        for device, item, is_event in plan.heard:
            being_installed = not device.facts.live and not device.facts.probe
            seen.touch(device.facts.id, item.raw.received_at, watched=being_installed, is_event=is_event)
            watched = watched or being_installed
        for device, item, state in plan.states:
            came_back = seen.update(
                device.facts.id,
                item.raw.received_at,
                online=state.online,
                battery=state.battery,
                rssi=state.rssi,
                firmware=state.firmware,
                model=state.model,
            )
            if came_back and not item.raw.retained:
                self._tools.receipts.repeat_for(device.facts.id)
        for device, item, reading in plan.values:
            seen.value(device.facts.id, item.raw.received_at, reading.metric, reading.value, reading.at)
        if watched:
            self._wake()
