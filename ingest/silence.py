"""The silence timers of a worker's homes: due columns, looked at each second, never held in memory only.

A due device is judged by what was heard of it; the verdict and the next due time are committed together. A process that
dies leaves the due time as it was. After our own outage nobody is called silent until the grace is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Finding, Outcome
from alerts.leases import check_epoch
from alerts.model import Disposition
from alerts.rules.absence import RULE, Heard, judge_silence
from alerts.rules.scene import looks_at
from devices.model import Device
from ingest.book import HomePage, KnownDevice
from ingest.tools import Tools

_BATCH = 500
# A device whose home is not in the book (another worker's, or just made) is looked at again after this.
_LATER = timedelta(minutes=1)
_LATER_WITHOUT_RULE = timedelta(hours=1)


class SilenceTimer:
    """Polls `devices.silence_due_at` for one partition."""

    def __init__(self, tools: Tools, *, grace_seconds: float) -> None:
        self._tools = tools
        self._grace = timedelta(seconds=grace_seconds)
        self._grace_until = tools.clock.now() + self._grace
        self._back_at: dict[int, datetime] = {}

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
        """Judge what is due; the outcomes, committed."""
        now = self._tools.clock.now()
        due = sa.select(Device.id, Device.home_id).where(Device.silence_due_at <= now).order_by(Device.silence_due_at)
        with self._tools.database.snapshot() as session:
            rows = [row for row in session.execute(due.limit(_BATCH)) if self._is_mine(session, row.home_id)]
        if not rows:
            return []
        with self._tools.database.transaction() as session:
            check_epoch(session, self._tools.partition, self._tools.epoch)
            findings = []
            for device in session.scalars(sa.select(Device).where(Device.id.in_([row.id for row in rows]))):
                page = self._tools.book.page_of(device.home_id)
                known = None if page is None else page.by_id.get(device.id)
                if page is None or known is None:
                    device.silence_due_at = now + _LATER
                    continue
                device.silence_due_at, found = self._judge(page, known, self._heard(page, device), now)
                findings += found
            outcomes = self._tools.engine.apply(session, findings, now)
        return list(outcomes)

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

    def _is_mine(self, session: Session, home_id: int) -> bool:
        if self._tools.book.page_of(home_id) is None:
            self._tools.book.load_mine(session, home_id)
        return self._tools.book.page_of(home_id) is not None

    def _is_silent(self, known: KnownDevice, rule: str = RULE) -> bool:
        return self._tools.conditions.severity(known.facts.home_id, rule, known.facts.subject) is not None

    def _heard(self, page: HomePage, device: Device) -> Heard:
        last_seen_at = self._tools.seen.last_seen(device.id) or device.last_seen_at
        parent = None if device.parent_id is None else page.by_id.get(device.parent_id)
        if parent is None:
            return Heard(last_seen_at)
        return Heard(last_seen_at, self._is_silent(parent), self._back_at.get(parent.facts.id))
