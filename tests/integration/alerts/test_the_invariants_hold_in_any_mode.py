"""The same town with modes, shelves and a power cut: what must hold still holds, and nothing real is ever kept from ringing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from integration.alerts.test_the_invariants_hold_whatever_happens import (
    MUTED,
    SETTINGS,
    START,
    Alarms,
    actors,
    devices,
    picks,
)
from support.stores import Stores

from alerts.findings import Condition, Finding
from alerts.lanes import OUTAGE_RULES
from alerts.mode_ends import end_stay, set_mode
from alerts.model import AlertState, Incident, IncidentHome, Severity
from alerts.modes.model import Mode, ModeKind, Suppressed
from alerts.modes.service import OF_DEVICES, Wanted
from alerts.outage_watch import OutageWatch
from alerts.ruleset.compile import builtin_rules
from alerts.ruleset.model import Rule, RuleVersion
from alerts.shelving import Shelf, shelve, unshelve
from alerts.timeline import Actor
from core.errors import YinlingError
from people.model import Area, Home

IDS = {"button": 1, "smoke": 2, "pendant": 3, "pendant-2": 4, "kiosk": 5, "other-button": 6}
HOMES = {name: 2 if name == "other-button" else 1 for name in IDS}


class AnyMode(Alarms):
    """A town whose two homes lie in one area, where two dark homes are an outage."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = OutageWatch(self.town.desk)
        spec = next(one.spec for one in builtin_rules() if one.code == "area_outage")
        spec = spec.model_copy(update={"homes_at_least": 2})
        with self.database.transaction() as session:
            session.add(Area(id=1, code="street", name="幸福街道", path="/street/"))
            session.flush()
            session.execute(sa.update(Home).where(Home.id.in_((1, 2))).values(area_id=1))
            session.add(Rule(id=1, code=spec.code, kind=spec.kind, version=1))
            session.flush()
            session.add(RuleVersion(rule_id=1, version=1, spec=spec.model_dump(mode="json"), created_at=START))

    @staticmethod
    def may_end(incident: Incident) -> bool:
        return (incident.test and incident.reason == "test") or (incident.lane == "fault" and incident.reason == "duplicate")

    def modes(self) -> list[Mode]:
        """Those that stand by the clock, worked on or not."""
        now = self.town.clock.now()
        return [one for one in self.town.rows(Mode) if one.ended_at is None and one.until_at > now]

    @rule(device=devices)
    def call_for_help(self, device: str) -> None:
        outcome = self.town.say("sos.pressed", device)
        self.said += 1
        incident = self.town.incident(outcome.incident_id)
        testing = {one.device_id for one in self.modes() if one.mode == ModeKind.TEST}
        drilling = {one.home_id for one in self.modes() if one.mode == ModeKind.DRILL}
        assert incident.state != "closed"
        if IDS[device] not in testing:
            assert not incident.test, "a real press never lands in a test"
            assert incident.ring_due_at is not None, "it asks for somebody, whatever mode stands"
            if HOMES[device] not in drilling:
                assert not incident.drill or incident.lane.startswith("manual:"), "nor in a drill"

    @rule(home=st.sampled_from([1, 2]), on=st.booleans())
    def nobody_is_seen(self, home: int, *, on: bool) -> None:
        finding = Finding(
            home_id=home,
            device_id=None,
            rule="no_movement",
            subject=f"home:{home}",
            kind="inactivity",
            severity=Severity.MEDIUM,
            condition=Condition.ON if on else Condition.OFF,
            lane="life",
            rule_kind="inactivity",
        )
        (outcome,) = self.town.apply(finding)
        away = any(one.home_id == home and one.mode in {"away", "hospital"} for one in self.modes())
        if on and away:
            assert outcome.disposition in {"suppressed", "shelved"}
        if on and not away:
            assert outcome.disposition != "suppressed"

    @rule(device=st.sampled_from(["smoke", "other-button"]), on=st.booleans())
    def power(self, device: str, *, on: bool) -> None:
        self.town.say("power.restored" if on else "power.lost", device)
        self.said += 1

    @rule(device=devices)
    def movement(self, device: str) -> None:
        self.town.say("motion.seen", device)
        self.said += 1

    @rule(mode=st.sampled_from(list(ModeKind)), device=devices, minutes=st.sampled_from([3, 200]), actor=actors)
    def begin(self, mode: ModeKind, device: str, minutes: int, actor: Actor) -> None:
        wanted = Wanted(
            home_id=HOMES[device],
            mode=mode,
            until_at=self.town.clock.now() + timedelta(minutes=minutes),
            device_id=IDS[device] if mode in OF_DEVICES else None,
        )
        self.town.desk.do(actor, lambda session, by: set_mode(session, wanted, by))

    @precondition(lambda self: self.modes())
    @rule(pick=picks, actor=actors)
    def end_one(self, pick: int, actor: Actor) -> None:
        modes = self.modes()
        mode_id = modes[pick % len(modes)].id
        self.town.desk.act(lambda session, now: end_stay(session, session.get_one(Mode, mode_id), now, self.town.settings, actor))

    @precondition(lambda self: any(one.incident_id for one in self.town.alerts()))
    @rule(pick=picks, minutes=st.sampled_from([5, 480]), off=st.booleans(), actor=actors)
    def shelf(self, pick: int, minutes: int, actor: Actor, *, off: bool) -> None:
        alerts = [one for one in self.town.alerts() if one.incident_id is not None]
        alert = alerts[pick % len(alerts)]
        before = self.told()
        more: Any = alert.id if off else Shelf(alert.id, self.town.clock.now() + timedelta(minutes=minutes))
        try:
            self.town.do(unshelve if off else shelve, alert.incident_id, more, actor=actor)
        except YinlingError:
            assert self.told() == before

    @rule()
    def look_over_the_areas(self) -> None:
        self.town.later(2)
        before = {one.id: one.state for one in self.town.incidents()}
        self.watch.tick()
        for incident in self.town.incidents():
            was = before.get(incident.id, "open")
            assert incident.state == was or self.may_end(incident)

    @invariant()
    def what_is_muted_has_a_mode_and_what_stands_has_an_end(self) -> None:
        standing = [one for one in self.town.rows(Mode) if one.ended_at is None]
        assert all(one.end_due_at is not None for one in standing)
        homes = {one.home_id for one in standing if one.mode in {"away", "hospital", "out_of_service"}}
        for alert in self.town.alerts():
            if alert.closed_at is None and alert.state in MUTED:
                assert alert.home_id in homes
                assert alert.kind not in {"sos", "fall", "smoke", "gas", "co", "water", "doctor_call"}
            if alert.state == AlertState.SHELVED:
                assert alert.kind not in {"sos", "fall", "doctor_call"}

    @invariant()
    def whatever_is_out_of_sight_is_on_record(self) -> None:
        named = {one.alert_id for one in self.town.rows(Suppressed)}
        for alert in self.town.alerts():
            if alert.closed_at is None and alert.state in MUTED:
                assert alert.id in named

    @invariant()
    def practice_and_real_never_share(self) -> None:
        for incident in self.town.incidents():
            if incident.test:
                assert incident.lane.startswith("test:device:")
                assert len({one.device_id for one in self.town.alerts(incident.id)}) <= 1

    @invariant()
    def only_power_and_silence_fold_into_an_area(self) -> None:
        incidents = {one.id: one for one in self.town.incidents()}
        for alert in self.town.alerts():
            incident = incidents.get(alert.incident_id or 0)
            if incident is not None and incident.area_id is not None and alert.home_id is not None:
                assert alert.rule in OUTAGE_RULES
        for row in self.town.rows(IncidentHome):
            assert incidents[row.incident_id].area_id is not None


# A round trip to a server at every look: on PostgreSQL fewer towns take as long.
EXAMPLES = {"sqlite": {"short": 12, "long": 400}, "postgresql": {"short": 3, "long": 60}}


@pytest.mark.parametrize("length", ["short", pytest.param("long", marks=pytest.mark.proof)])
@pytest.mark.timeout(1800)
def test_the_invariants_hold_in_any_mode(length: str, backend: str, stores: Stores, request: pytest.FixtureRequest) -> None:
    AnyMode.make = staticmethod(request.getfixturevalue("town_builder"))
    AnyMode.stores = stores
    chosen = settings(max_examples=EXAMPLES[backend][length], **SETTINGS)
    run_state_machine_as_test(AnyMode, settings=chosen)
