"""The silence timers of a worker's homes: due columns, looked at each second, never held in memory only.

A due device is judged by what was heard of it; the verdict and the next due time are committed together. A process that
dies leaves the due time as it was. After our own outage nobody is called silent until the grace is over. When a gateway was
heard again after its silence is read from its alerts, so that its children have their full time also after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Finding, Outcome
from alerts.model import Alert, Disposition
from alerts.rules.absence import RULE, Heard, falls_silent, judge_silence
from alerts.rules.scene import looks_at
from devices.model import Device
from ingest.book import HomePage, KnownDevice
from ingest.tools import Tools

_BATCH = 500
# A device whose home is not in the book (another worker's, or just made) is looked at again after this.
_LATER = timedelta(minutes=1)
_LATER_WITHOUT_RULE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DueDevice:
    """A device that should have spoken by now."""

    id: int
    home_id: int
    due_at: datetime


class SilenceTimer:
    """Polls `devices.silence_due_at` for one partition."""

    def __init__(self, tools: Tools, *, grace_seconds: float) -> None:
        self._tools = tools
        self._grace = timedelta(seconds=grace_seconds)
        self._grace_until = tools.clock.now() + self._grace
        self._back_at: dict[int, datetime] = {}
        self._is_recalled = False
        self._foreign: set[int] = set()

    def our_ears_were_closed(self) -> None:
        """Our own connection was away: everybody gets time to speak again."""
        self._grace_until = self._tools.clock.now() + self._grace

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Remember which gateways came back, so that each child gets its full time again."""
        for outcome in outcomes:
            finding = outcome.finding
            if finding.rule == RULE and outcome.disposition == Disposition.CLEARED and finding.device_id is not None:
                self._back_at[finding.device_id] = self._tools.clock.now()

    def tick(self) -> list[Outcome]:
        """Judge everything that is due; the outcomes, committed."""
        now = self._tools.clock.now()
        outcomes: list[Outcome] = []
        last: DueDevice | None = None
        while True:
            with self._tools.database.snapshot() as session:
                self._recall(session)
                rows = _due(session, now, last)
                mine = [row.id for row in rows if self._is_mine(session, row.home_id)]
            if mine:
                outcomes += self._judge_all(mine, now)
            if len(rows) < _BATCH:
                return outcomes
            last = rows[-1]

    def _judge_all(self, device_ids: Sequence[int], now: datetime) -> list[Outcome]:
        with self._tools.transaction() as session:
            findings: list[Finding] = []
            devices = session.scalars(sa.select(Device).where(Device.id.in_(device_ids), Device.silence_due_at <= now)).all()
            for device in devices:
                page = self._tools.book.page_of(device.home_id)
                known = None if page is None else page.by_id.get(device.id)
                if page is None or known is None:
                    device.silence_due_at = now + _LATER
                    continue
                device.silence_due_at, found = self._judge(page, known, self._heard(page, device, now), now)
                findings += found
            return list(self._tools.engine.apply(session, findings, now))

    def _judge(self, page: HomePage, known: KnownDevice, heard: Heard, now: datetime) -> tuple[datetime | None, list[Finding]]:
        """When to look again, and what every rule about absence finds; a device no rule looks at is looked at again."""
        rules = [rule for rule in self._tools.rules.index(page).absences if looks_at(rule, known.facts)]
        if not rules:
            return now + _LATER_WITHOUT_RULE, []
        verdicts = [
            judge_silence(
                known.facts, heard, now, grace_until=self._grace_until, active=self._is_silent(known, rule.spec.code), rule=rule
            )
            for rule in rules
        ]
        due = [verdict.due_at for verdict in verdicts if verdict.due_at is not None]
        return min(due, default=None), [verdict.finding for verdict in verdicts if verdict.finding is not None]

    def _recall(self, session: Session) -> None:
        """Once after a start: what an earlier worker heard come back."""
        if not self._is_recalled:
            self._back_at = {**_back_at(session), **self._back_at}
            self._is_recalled = True

    def _is_mine(self, session: Session, home_id: int) -> bool:
        if home_id in self._foreign:
            return False
        if self._tools.book.page_of(home_id) is None:
            self._tools.book.load_mine(session, home_id)
        if self._tools.book.page_of(home_id) is None:
            self._foreign.add(home_id)
            return False
        return True

    def _is_silent(self, known: KnownDevice, rule: str = RULE) -> bool:
        return self._tools.conditions.severity(known.facts.home_id, rule, known.facts.subject) is not None

    def _heard(self, page: HomePage, device: Device, now: datetime) -> Heard:
        last_seen_at = self._tools.seen.last_seen(device.id) or device.last_seen_at
        parent = None if device.parent_id is None else page.by_id.get(device.parent_id)
        if parent is None:
            return Heard(last_seen_at)
        is_silent = self._is_silent(parent) or self._falls_silent(page, parent, now)
        return Heard(last_seen_at, is_silent, self._back_at.get(parent.facts.id))

    def _falls_silent(self, page: HomePage, gateway: KnownDevice, now: datetime) -> bool:
        rule = self._tools.rules.index(page).by_code.get(RULE)
        if rule is None or not looks_at(rule, gateway.facts):
            return False
        heard = Heard(self._tools.seen.last_seen(gateway.facts.id))
        return falls_silent(gateway.facts, heard, now, grace_until=self._grace_until, rule=rule)


def _due(session: Session, now: datetime, after: DueDevice | None) -> Sequence[DueDevice]:
    """The devices that are due, the oldest first, behind `after`: those of a worker that stands still hold up nobody."""
    query = sa.select(Device.id, Device.home_id, Device.silence_due_at).where(Device.silence_due_at <= now)
    if after is not None:
        later = sa.and_(Device.silence_due_at == after.due_at, Device.id > after.id)
        query = query.where(sa.or_(Device.silence_due_at > after.due_at, later))
    rows = session.execute(query.order_by(Device.silence_due_at, Device.id).limit(_BATCH))
    return [DueDevice(id_, home_id, due_at or now) for id_, home_id, due_at in rows]


def _back_at(session: Session) -> dict[int, datetime]:
    """When each device was last heard again after a silence."""
    query = sa.select(Alert.device_id, Alert.returned_at).where(Alert.rule == RULE, Alert.returned_at.is_not(None))
    return {
        device: at for device, at in session.execute(query.order_by(Alert.returned_at)) if device is not None and at is not None
    }
