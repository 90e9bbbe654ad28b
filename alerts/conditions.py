"""Which conditions are active, kept in a worker's memory so that a normal reading costs no query.

A copy: loaded from the alerts at start and now and then, and taught by the outcomes of each commit. When it is wrong for
a moment a finding is made too many, or one is made at the next reading; the engine, which reads what is stored, decides.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Condition, ConditionKey, Finding, Outcome
from alerts.model import Alert, Disposition, Severity
from alerts.modes.model import Suppressed
from alerts.rules.threshold import RULE as THRESHOLD

_NOT_TAKEN = frozenset({Disposition.STALE_RETAINED, Disposition.SUPERSEDED, Disposition.DUPLICATE})


class ActiveConditions:
    """Open conditions by home, rule and subject, with the severity they were found at. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[ConditionKey, Severity] = {}

    def load(self, session: Session) -> None:
        """Read them all again."""
        measured = sa.or_(Alert.rule_kind == THRESHOLD, Alert.rule == THRESHOLD)
        lasting = sa.or_(Alert.condition_active, sa.and_(measured, Alert.returned_at.is_(None)))
        query = sa.select(Alert.home_id, Alert.rule, Alert.subject, Alert.severity).where(Alert.closed_at.is_(None), lasting)
        fresh: dict[ConditionKey, Severity] = {
            (row.home_id, row.rule, row.subject): Severity(row.severity) for row in session.execute(query)
        }
        unseen = sa.select(Suppressed.home_id, Suppressed.rule, Suppressed.subject, Suppressed.severity)
        for row in session.execute(unseen.where(sa.and_(Suppressed.lasting, Suppressed.ended_at.is_(None)))):
            fresh.setdefault((row.home_id, row.rule, row.subject), Severity(row.severity))  # a rule in monitor mode has no alert
        with self._lock:
            self._active = fresh

    def severity(self, home_id: int | None, rule: str, subject: str) -> Severity | None:
        """The severity of an active condition, or None."""
        return self._active.get((home_id, rule, subject))

    def learn(self, outcomes: Iterable[Outcome]) -> None:
        """Follow what was committed."""
        with self._lock:
            for outcome in outcomes:
                self._learn(outcome)

    def _learn(self, outcome: Outcome) -> None:
        finding = outcome.finding
        if outcome.disposition in _NOT_TAKEN or finding.probe:
            return
        if finding.condition is Condition.OFF:
            self._active.pop(finding.key, None)
        elif finding.condition is Condition.ON or (finding.condition is Condition.MOMENTARY and _is_measured(finding)):
            known = self._active.get(finding.key, finding.severity)
            self._active[finding.key] = min(known, finding.severity, key=lambda one: one.rank)


def _is_measured(finding: Finding) -> bool:
    return THRESHOLD in {finding.rule_kind, finding.rule}


__all__ = ["ActiveConditions"]
