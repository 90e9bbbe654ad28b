"""Who an incident is for: the union of what the rules of its alerts say, and what that means for ringing.

Only operators are rung for and paged. What is high or critical, or a danger to life of its kind, is always for them, whatever
a rule says. An incident's audience only grows; once it is for the operators it stays so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from alerts.lanes import FAULT
from alerts.model import Alert, AlertState, Incident, Severity

OPERATORS = "operators"
INSTALLERS = "installers"
FAMILY = "family"
GRAVE = frozenset({Severity.CRITICAL, Severity.HIGH})
LIFE_KINDS = frozenset({"sos", "fall", "smoke", "gas", "co", "doctor_call"})
"""A danger to life, or somebody who waits."""
_OUT_OF_SIGHT = (AlertState.SHELVED, AlertState.SUPPRESSED, AlertState.OUT_OF_SERVICE)


def audience_of(said: Collection[str] | None, severity: str, kind: str) -> frozenset[str]:
    """Whom an alert is for; a rule that names nobody means the operators."""
    named = frozenset(said or (OPERATORS,))
    return named | {OPERATORS} if severity in GRAVE or kind in LIFE_KINDS else named


def of_alert(alert: Alert) -> frozenset[str]:
    """Whom an alert that stands is for."""
    return audience_of(alert.audience, alert.severity, alert.kind)


def of_incident(incident: Incident) -> frozenset[str]:
    """Whom an incident is for."""
    return frozenset(incident.audience.split())


def write_audience(words: Collection[str]) -> str:
    """As it stands in the row."""
    return " ".join(sorted(words))


def add_audience(incident: Incident, words: Collection[str]) -> bool:
    """Make it for these too; whether it comes to the operators by this."""
    was = is_for_operators(incident)
    incident.audience = write_audience(of_incident(incident) | frozenset(words))
    return not was and is_for_operators(incident)


def is_for_operators(incident: Incident) -> bool:
    """Whether it rings at the consoles and pages whoever is on duty."""
    return OPERATORS in of_incident(incident) or incident.severity in GRAVE


def for_operators() -> sa.ColumnElement[bool]:
    """`is_for_operators` as a condition on rows of `incidents`."""
    return sa.or_(Incident.audience.contains(OPERATORS), Incident.severity.in_(sorted(GRAVE)))


def for_installers() -> sa.ColumnElement[bool]:
    """Faults that are meant for whoever installs devices; a danger to life never is."""
    return sa.and_(Incident.audience.contains(INSTALLERS), Incident.lane.startswith(FAULT))


def is_for_installers(words: Collection[str], lane: str) -> bool:
    """`for_installers` without a query."""
    return INSTALLERS in words and lane.startswith(FAULT)


def is_installers_own(incident: Incident, alerts: Iterable[Alert]) -> bool:
    """Whether an installer may close it: a fault of a home, nothing grave or of a kind that endangers life in it.

    Each alert that stands must be meant for them, since a fault for others may have joined. `alerts` are all of the incident.
    """
    if incident.home_id is None or not is_for_installers(of_incident(incident), incident.lane):
        return False
    if incident.severity in GRAVE or incident.kind in LIFE_KINDS:
        return False
    return all(_is_installers(alert) for alert in alerts)


def _is_installers(alert: Alert) -> bool:
    if alert.kind in LIFE_KINDS or alert.severity in GRAVE:
        return False
    return alert.closed_at is not None or INSTALLERS in of_alert(alert)


def hidden_from_operators() -> sa.ColumnElement[bool]:
    """Incidents that are not for the operators although an alert that stands in them is: there must be none."""
    said = sa.cast(Alert.audience, sa.Text)
    named = sa.or_(said.is_(None), said == "null", said.contains(OPERATORS))
    grave = sa.or_(Alert.severity.in_(sorted(GRAVE)), Alert.kind.in_(sorted(LIFE_KINDS)))
    stands = sa.and_(Alert.closed_at.is_(None), Alert.state.not_in(_OUT_OF_SIGHT))
    return sa.and_(sa.not_(for_operators()), sa.exists().where(Alert.incident_id == Incident.id, stands, sa.or_(named, grave)))


__all__ = [
    "FAMILY",
    "GRAVE",
    "INSTALLERS",
    "LIFE_KINDS",
    "OPERATORS",
    "add_audience",
    "audience_of",
    "for_installers",
    "for_operators",
    "hidden_from_operators",
    "is_for_installers",
    "is_for_operators",
    "is_installers_own",
    "of_alert",
    "of_incident",
    "write_audience",
]
