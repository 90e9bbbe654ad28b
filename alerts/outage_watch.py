"""The pager's watch over areas: many homes without power or voice at once are one incident with a list, not a flood.

A home counts as lost while a power or gateway-silence condition of it stands, or a device of its own has been offline for
some time. Each look reads what is stored, so a pager that was away, or one of several, finds the same; everything it does is
one act in one transaction. What is a danger to life is never looked at here and never folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import record_incident
from alerts.engine import AlertEngine
from alerts.findings import Condition
from alerts.lanes import FAULT
from alerts.mode_ends import finding_of
from alerts.model import Alert, AlertState, Incident, IncidentHome
from alerts.outages.again import ask_again, still_silent
from alerts.outages.fold import fold_homes
from alerts.outages.plan import Growth, Plan, Town, Wave, plan_of
from alerts.outages.risk import risks_of
from alerts.outages.scene import Census, read_town
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.rules.outage import finding_of_outage
from alerts.ruleset.compile import Ruleset, rules_in_force
from alerts.ruleset.schemas import OutageRule
from alerts.timeline import Act, tell
from alerts.work import Desk

LOOK_EVERY = timedelta(seconds=1)
HOMES_AN_ACT = 50
"""Homes in one transaction: an alarm that comes meanwhile waits no longer than for these."""
MOST_ACTS = 40
RULES_EVERY = timedelta(seconds=10)
POISON_PAUSE = timedelta(seconds=60)


class OutageWatch:
    """Call `tick` from the pager's loop; it looks once a second at most."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._census = Census()
        self._look_at: datetime | None = None
        self._rules: Ruleset | None = None
        self._rules_at: datetime | None = None

    def tick(self) -> int:
        """Look once; how many homes joined or came back. Raises only when the store is away."""
        now = self._desk.clock.now()
        if self._look_at is not None and self._look_at > now >= self._look_at - POISON_PAUSE:
            return 0
        self._look_at = now + LOOK_EVERY
        try:
            return self._work_off(now)
        except STORE_IS_AWAY:
            raise
        except Exception as error:  # noqa: BLE001 quarantined
            self._look_at = now + POISON_PAUSE
            with self._desk.database.transaction() as session:
                set_aside(session, Failed("outage", "areas", error), now)
            return 0

    def _work_off(self, now: datetime) -> int:
        """Act by act until nothing is left, so that an alarm never waits for a whole dark street."""
        done = 0
        for _ in range(MOST_ACTS):
            with self._desk.database.snapshot() as session:
                if not self._plan(session, now):
                    break
            done += self._desk.act(self._apply)
        return done + self._ask_again(now)

    def _ask_again(self, now: datetime) -> int:
        """Devices that stayed silent although their home is back, a few homes at a time."""
        done = 0
        for _ in range(MOST_ACTS):
            with self._desk.database.snapshot() as session:
                if not still_silent(session, now, 1):
                    break
            done += self._desk.act(lambda session, at: ask_again(session, at, self._desk.settings, HOMES_AN_ACT))
        return done

    def _plan(self, session: Session, now: datetime) -> Plan:
        if self._rules is None or self._rules_at is None or not self._rules_at <= now < self._rules_at + RULES_EVERY:
            self._rules, self._rules_at = rules_in_force(session), now
        rules = [one for one in self._rules.rules if one.spec.enabled and isinstance(one.spec, OutageRule)]
        return plan_of(read_town(session, self._census, now), rules, now)

    def _apply(self, session: Session, now: datetime) -> int:
        """Under the order lock: what the look found, looked at again; only so many homes at once."""
        plan = self._plan(session, now).first(HOMES_AN_ACT)
        for growth in plan.growths:
            incident = session.get_one(Incident, growth.incident_id)
            self._grow(session, incident, growth, now)
        for wave in plan.waves:
            self._open(session, plan.town, wave, now)
        for incident_id, home_ids in plan.restored.items():
            self._restore(session, session.get_one(Incident, incident_id), home_ids, now)
        for incident_id in plan.over:
            self._end(session, session.get_one(Incident, incident_id), now)
        engine = AlertEngine(self._desk.settings)
        for rule, area in plan.monitored_over:
            watched = plan.town.watched_in(area)
            over = finding_of_outage(rule, area.id, area.code, (), now, condition=Condition.OFF, watched=watched)
            engine.apply(session, [over], now)
        return plan.size

    def _open(self, session: Session, town: Town, wave: Wave, now: datetime) -> None:
        """A new outage with its first homes; one that stands shelved for the same area gives way, for this is news."""
        area = town.areas[wave.area_id]
        watched = town.watched_in(area)
        finding = finding_of_outage(wave.rule, area.id, area.code, wave.lost, now, condition=Condition.ON, watched=watched)
        shelved = sa.select(Alert).where(
            Alert.home_id.is_(None),
            Alert.rule == finding.rule,
            Alert.subject == finding.subject,
            Alert.state == AlertState.SHELVED,
            Alert.closed_at.is_(None),
        )
        for alert in session.scalars(shelved):
            alert.state, alert.shelved_due_at, alert.closed_at = AlertState.NORMAL, None, now
        session.flush()
        outcome = AlertEngine(self._desk.settings).apply(session, [finding], now)[0]
        if outcome.incident_id is None:
            return  # a rule in monitor mode: kept among the suppressed
        incident = session.get_one(Incident, outcome.incident_id)
        began = min(one.at for one in wave.lost)
        own = sa.update(Alert).where(Alert.incident_id == incident.id, Alert.home_id.is_(None), Alert.subject == finding.subject)
        session.execute(own.values(happened_at=began))
        self._grow(session, incident, Growth(incident.id, wave.lost[:HOMES_AN_ACT]), now, told=False)

    def _grow(self, session: Session, incident: Incident, growth: Growth, now: datetime, *, told: bool = True) -> None:
        if growth.area_id is not None:
            incident.area_id = growth.area_id
        risks = risks_of(session, [one.home_id for one in growth.lost], now)
        known = sa.select(IncidentHome).where(
            IncidentHome.incident_id == incident.id, IncidentHome.home_id.in_([one.home_id for one in growth.lost])
        )
        rows = {row.home_id: row for row in session.scalars(known)}
        for one in growth.lost:
            row = rows.get(one.home_id)
            if row is None:
                row = IncidentHome(incident_id=incident.id, home_id=one.home_id)
                session.add(row)
            row.joined_at, row.restored_at, row.because = now, None, one.because
            row.risk, row.reasons = risks[one.home_id].score, list(risks[one.home_id].reasons)
        session.flush()
        fold_homes(session, incident, [one.home_id for one in growth.lost], now, self._desk.settings)
        if told:
            tell(session, incident, Act.OUTAGE_GREW, now, homes=len(growth.lost))
        record_incident(session, incident, now)

    @staticmethod
    def _restore(session: Session, incident: Incident, home_ids: Sequence[int], now: datetime) -> None:
        back = sa.update(IncidentHome).where(IncidentHome.incident_id == incident.id, IncidentHome.home_id.in_(home_ids))
        session.execute(back.values(restored_at=now).execution_options(synchronize_session=False))
        tell(session, incident, Act.OUTAGE_RESTORED, now, homes=len(home_ids))
        record_incident(session, incident, now)

    def _end(self, session: Session, incident: Incident, now: datetime) -> None:
        """So few are left that the outage is over; its incident stays until a person closes it."""
        query = sa.select(Alert).where(Alert.incident_id == incident.id, Alert.home_id.is_(None), Alert.closed_at.is_(None))
        over = [
            replace(finding_of(alert, FAULT), condition=Condition.OFF, area_id=incident.area_id) for alert in session.scalars(query)
        ]
        AlertEngine(self._desk.settings).apply(session, over, now)


__all__ = ["LOOK_EVERY", "OutageWatch"]
