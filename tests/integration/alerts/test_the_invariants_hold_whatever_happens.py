"""Hypothesis presses, clears, cancels, acts and lets time pass in any order; the design's invariants hold after each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from support.stores import Stores

from alerts.clocks import work_off
from alerts.incidents import (
    Actor,
    ByHand,
    Ending,
    Responder,
    acknowledge,
    close,
    dispatch,
    merge,
    note,
    on_scene,
    open_by_hand,
    release,
    reopen,
    resolve,
    split,
)
from alerts.model import Alert, AlertState, Incident, IncidentState, SignalRecord, TimelineEntry
from alerts.paging.model import Page
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from core.errors import YinlingError

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
# Shrinking a town of SQLite files takes minutes and says little more: the failing steps are printed as they were.
SETTINGS: dict[str, Any] = {
    "stateful_step_count": 25,
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": tuple(phase for phase in Phase if phase is not Phase.shrink),
}
JOINABLE = {"open", "acknowledged", "dispatched", "on_scene"}
FAULTS = {"battery", "device_fault", "outage", "silence"}
MUTED = {AlertState.SUPPRESSED, AlertState.OUT_OF_SERVICE}
WATCH: dict[str, Any] = {"facts": {"cancel_window_seconds": 30.0}}

devices = st.sampled_from(["button", "smoke", "pendant", "pendant-2", "other-button"])
ids = st.one_of(st.none(), st.sampled_from(["1", "2"]))
conditions = st.sampled_from(["smoke", "water", "tamper", "fault"])
actors = st.sampled_from([Actor(1, "王芳"), Actor(2, "李强")])
picks = st.integers(0, 30)


class Alarms(RuleBasedStateMachine):
    """One town; `make` and `stores` are set by the test."""

    make: Any
    stores: Stores

    def __init__(self) -> None:
        super().__init__()
        self.database = Database(self.stores.fresh())
        config = Settings(data_dir=Path("unused"), fallback_urls=("json://127.0.0.1:9",))
        self.town: Town = type(self).make(self.database, ManualClock(START), config)
        self.said = 0
        self.known: dict[int, Incident] = {}

    def teardown(self) -> None:
        self.database.close()
        self.stores.forget(self.database.url.render_as_string(hide_password=False))

    # what homes say

    @contextmanager
    def only_a_repeat_or_a_rise(self) -> Iterator[None]:
        """Signals never take an incident from the queue, and never give one that rings more time than it had."""
        before = {one.id: one for one in self.town.incidents()}
        yield
        for incident in self.town.incidents():
            was = before.get(incident.id)
            if was is None:
                continue
            assert incident.state == was.state, "only a person's act changes the state"
            if was.state == "open" and not was.test:
                assert incident.ring_due_at is not None
                assert was.ring_due_at is not None
                assert incident.ring_due_at <= was.ring_due_at, "a repeat never restarts a clock"
                if was.escalation_due_at is not None and incident.severity == "critical":
                    assert incident.escalation_due_at is not None
                    assert incident.escalation_due_at <= was.escalation_due_at

    @rule(device=devices, event_id=ids, redelivered=st.booleans())
    def press(self, device: str, event_id: str | None, *, redelivered: bool) -> None:
        with self.only_a_repeat_or_a_rise():
            outcome = self.town.say("sos.pressed", device, event_id, redelivered=redelivered)
        self.said += 1
        assert outcome.incident_id is not None
        assert outcome.receipt in {"accepted", "duplicate"}

    @rule(device=devices, event_id=ids)
    def press_twice(self, device: str, event_id: str | None) -> None:
        if event_id is None:
            return
        first = self.town.say("sos.pressed", device, event_id)
        count = len(self.town.incidents())
        second = self.town.say("sos.pressed", device, event_id)
        self.said += 2
        assert second.receipt == "duplicate"
        assert second.incident_id == first.incident_id
        assert len(self.town.incidents()) == count

    @rule(device=devices, cancel=st.booleans())
    def fall(self, device: str, *, cancel: bool) -> None:
        with self.only_a_repeat_or_a_rise():
            self.town.say("fall.cancelled" if cancel else "fall.detected", device, **WATCH)
        self.said += 1

    @rule(device=devices, name=conditions, on=st.booleans(), own=st.booleans(), redelivered=st.booleans(), retained=st.booleans())
    def condition(self, device: str, name: str, *, on: bool, own: bool, redelivered: bool, retained: bool) -> None:
        how: dict[str, Any] = {"own": own, "redelivered": redelivered and not retained, "retained": retained}
        with self.only_a_repeat_or_a_rise():
            self.town.say(f"{name}.{'on' if on else 'off'}", device, **how)
        self.said += 1

    @rule(device=devices)
    def old_news(self, device: str) -> None:
        count = len(self.town.incidents())
        self.town.say("sos.pressed", device, retained=True)
        self.said += 1
        assert len(self.town.incidents()) == count

    # what people do

    def act(self, act: Any, pick: int, *more: Any, actor: Actor) -> None:
        incidents = self.town.incidents()
        target = incidents[pick % len(incidents)].id
        before = self.told()
        try:
            self.town.do(act, target, *more, actor=actor)
        except YinlingError:
            assert self.told() == before, "a refused act leaves no trace"

    def told(self) -> int:
        return len(self.town.rows(TimelineEntry))

    @precondition(lambda self: self.town.incidents())
    @rule(pick=picks, actor=actors, act=st.sampled_from([acknowledge, release, on_scene, resolve, reopen]))
    def plain_act(self, pick: int, actor: Actor, act: Any) -> None:
        self.act(act, pick, actor=actor)

    @precondition(lambda self: self.town.incidents())
    @rule(pick=picks, actor=actors)
    def send(self, pick: int, actor: Actor) -> None:
        self.act(dispatch, pick, Responder(name="小陈"), actor=actor)

    @precondition(lambda self: self.town.incidents())
    @rule(pick=picks, actor=actors)
    def remark(self, pick: int, actor: Actor) -> None:
        self.act(note, pick, "…", actor=actor)

    @precondition(lambda self: self.town.incidents())
    @rule(pick=picks, actor=actors, minutes=st.sampled_from([None, 5, 480]))
    def end(self, pick: int, actor: Actor, minutes: int | None) -> None:
        until = None if minutes is None else self.town.clock.now() + timedelta(minutes=minutes)
        self.act(close, pick, Ending("reassured", shelve_until=until), actor=actor)

    @precondition(lambda self: len(self.town.incidents()) > 1)
    @rule(pick=picks, other=picks, actor=actors)
    def put_together(self, pick: int, other: int, actor: Actor) -> None:
        incidents = self.town.incidents()
        self.act(merge, pick, incidents[other % len(incidents)].id, actor=actor)

    @precondition(lambda self: self.town.alerts())
    @rule(pick=picks, actor=actors)
    def take_apart(self, pick: int, actor: Actor) -> None:
        alerts = self.town.alerts()
        alert = alerts[pick % len(alerts)]
        ids = [one.id for one in self.town.incidents()]
        self.act(split, ids.index(alert.incident_id or 0), [alert.id], actor=actor)

    @rule(actor=actors, kind=st.sampled_from(["phone_call", "sos", "device_fault"]), home=st.sampled_from([1, 2]))
    def by_hand(self, actor: Actor, kind: str, home: int) -> None:
        self.town.do(open_by_hand, home, ByHand(kind), actor=actor)

    # what time does

    @rule(seconds=st.sampled_from([1, 16, 61, 125, 700, 30000]))
    def time_passes(self, seconds: int) -> None:
        before = {one.id: one.state for one in self.town.incidents()}
        self.town.later(seconds)
        for _ in range(3):
            work_off(self.town.desk)
        for incident in self.town.incidents():
            was = before.get(incident.id, "open")
            by_time = (was, incident.state) == ("acknowledged", "open")
            assert incident.state == was or by_time or (incident.state == "closed" and self.may_end(incident))

    @staticmethod
    def may_end(_incident: Incident) -> bool:
        """Whether time alone may close an incident: never, but for a test that is over, or a part of an outage."""
        return False

    @rule(watched=st.booleans())
    def somebody_comes_or_goes(self, *, watched: bool) -> None:
        self.town.watch(lasts=timedelta(days=999) if watched else timedelta(days=-999))

    # what always holds

    @invariant()
    def every_signal_is_kept(self) -> None:
        assert sum(1 + signal.repeats for signal in self.town.rows(SignalRecord)) == self.said

    @invariant()
    def one_open_alert_a_key_and_one_open_incident_a_lane(self) -> None:
        keys = [(one.home_id, one.rule, one.subject) for one in self.town.alerts() if one.closed_at is None]
        assert len(keys) == len(set(keys))
        lanes = [(one.home_id, one.lane) for one in self.town.incidents() if one.state in JOINABLE]
        assert len(lanes) == len(set(lanes))

    @invariant()
    def what_waits_rings(self) -> None:
        paged = {page.incident_id for page in self.town.rows(Page)}
        for incident in self.town.incidents():
            if incident.test:
                assert incident.ring_due_at is None
            elif incident.state == IncidentState.OPEN:
                assert incident.ring_due_at is not None
                if incident.severity == "critical":
                    assert incident.escalation_due_at is not None or incident.id in paged
            if incident.state == IncidentState.ACKNOWLEDGED:
                assert incident.claim_due_at is not None
            else:
                assert incident.claim_due_at is None

    @invariant()
    def alerts_stand_where_they_may(self) -> None:
        incidents = {one.id: one for one in self.town.incidents()}
        shared: dict[int, list[Alert]] = {}
        for alert in self.town.alerts():
            if alert.incident_id is None:
                assert alert.closed_at is not None or alert.state in {*MUTED, AlertState.SHELVED}
                continue
            incident = incidents[alert.incident_id]
            shared.setdefault(incident.id, []).append(alert)
            if incident.lane.startswith("life:resident:"):
                assert alert.resident_id in {None, int(incident.lane.split(":")[2])}
            if alert.closed_at is None:
                self._open_alert(alert, incident)
        for incident_id, alerts in shared.items():
            if incidents[incident_id].test:
                continue  # whatever one device says while somebody stands beside it
            assert len({one.kind in FAULTS for one in alerts}) == 1, "a fault never shares with a danger to life"
            assert len({one.resident_id for one in alerts} - {None}) <= 1, "what two residents wear is never mixed"

    @staticmethod
    def _open_alert(alert: Alert, incident: Incident) -> None:
        if incident.state == "closed":
            assert alert.state in {AlertState.SHELVED, *MUTED}
        assert (alert.shelved_due_at is not None) == (alert.state == AlertState.SHELVED)
        if incident.state == "resolved":
            assert alert.condition_active or alert.state == AlertState.SHELVED

    @invariant()
    def numbers_run_from_one(self) -> None:
        assert [one.number for one in self.town.incidents()] == list(range(1, len(self.town.incidents()) + 1))

    @invariant()
    def the_first_acknowledgement_is_never_rewritten(self) -> None:
        for incident in self.town.incidents():
            was = self.known.get(incident.id)
            if was is not None:
                assert incident.version >= was.version
                assert was.acknowledged_at in {None, incident.acknowledged_at}
            self.known[incident.id] = incident


# A round trip to a server at every look: on PostgreSQL fewer towns take as long.
EXAMPLES = {"sqlite": {"short": 25, "long": 600}, "postgresql": {"short": 6, "long": 100}}


@pytest.mark.parametrize("length", ["short", pytest.param("long", marks=pytest.mark.proof)])
@pytest.mark.timeout(1800)
def test_the_invariants_hold_whatever_happens(length: str, backend: str, stores: Stores, request: pytest.FixtureRequest) -> None:
    Alarms.make = staticmethod(request.getfixturevalue("town_builder"))
    Alarms.stores = stores
    run_state_machine_as_test(
        Alarms,
        settings=settings(max_examples=EXAMPLES[backend][length], **SETTINGS),
    )
