"""Conditions whose end nobody can tell any more: their device was taken out of use, or their rule looks at it no longer.

A silent button that was replaced never speaks again, and a rule that was switched off finds no end. Left alone such an alert
could only be shelved and would ring after every shelf, for ever. It is ended here, told as what it is and not as a danger
that is over: its incident stays open until a person closes it. Derived from what is stored, so that a worker that dies in
between finds the same when it starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.clearing import UNWATCHED
from alerts.findings import Condition, Finding, Link
from alerts.lanes import FAULT
from alerts.mode_ends import finding_of
from alerts.model import Alert
from alerts.rules.scene import looks_at
from devices.model import Device, DeviceState
from ingest.book import HomePage
from ingest.live_rules import LiveRules

DEVICE_RETIRED = "device_retired"
RULE_CHANGED = "rule_changed"

_CHUNK = 400


def outlived(session: Session, pages: Sequence[HomePage], rules: LiveRules, now: datetime) -> list[Finding]:
    """The ends of such conditions at these homes."""
    by_id = {page.id: page for page in pages}
    return [
        _ended(alert, because, now)
        for alert, state in _active(session, sorted(by_id))
        if alert.home_id is not None and (because := _because(alert, state, by_id[alert.home_id], rules)) is not None
    ]


def _active(session: Session, home_ids: Sequence[int]) -> list[tuple[Alert, str | None]]:
    found: list[tuple[Alert, str | None]] = []
    for start in range(0, len(home_ids), _CHUNK):
        query = (
            sa.select(Alert, Device.state)
            .outerjoin(Device, Device.id == Alert.device_id)
            .where(Alert.home_id.in_(home_ids[start : start + _CHUNK]), Alert.closed_at.is_(None), Alert.condition_active)
        )
        found += [(row[0], row[1]) for row in session.execute(query.order_by(Alert.id))]
    return found


def _because(alert: Alert, state: str | None, page: HomePage, rules: LiveRules) -> str | None:
    """Why nobody can tell its end, or None while somebody can."""
    if not rules.is_in_force(page, alert.rule):
        return RULE_CHANGED
    whose, _, about = alert.subject.partition(":")
    if whose == "device":
        if state == DeviceState.RETIRED:
            return DEVICE_RETIRED
        known = None if alert.device_id is None else page.by_id.get(alert.device_id)
        rule = rules.index(page).by_code.get(alert.rule)
        return RULE_CHANGED if known is not None and rule is not None and not looks_at(rule, known.facts) else None
    if whose == "resident" and state == DeviceState.RETIRED:
        resident, _, metric = about.partition(":")
        measured = any(str(one.resident_id) == resident and metric in one.metrics for one in page.facts.devices.values())
        return None if measured else DEVICE_RETIRED
    return None


def _ended(alert: Alert, because: str, now: datetime) -> Finding:
    said: Mapping[str, str] = {UNWATCHED: because}
    link = Link("silence", now, UNWATCHED, alert.device_id, None, said)
    return replace(finding_of(alert, FAULT), condition=Condition.OFF, evidence=said, chain=(link,))


__all__ = ["DEVICE_RETIRED", "RULE_CHANGED", "outlived"]
