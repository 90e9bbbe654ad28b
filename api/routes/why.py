"""Why there is an alert: its sentence, its links, its picture; and its case lived again."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from alerts.backtest.replay import replay_alert
from alerts.backtest.service import NOT_EVALUATED, OVER_AREAS
from alerts.model import Alert, Incident
from alerts.why import read_series, read_why, spec_of
from api.callers import allowed
from api.deps import Deps, Using
from api.errors import NO_INCIDENT, refusals
from api.schemas.base import Id
from api.schemas.why import ReplayFound, ReplayOut, WhyOut
from api.views.incident_detail import find_incident
from api.views.why import why_view
from core.errors import ConflictError, NotFoundError
from people import audit
from people.rights import Caller, Capability

router = APIRouter(tags=["incidents"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_INCIDENTS, Capability.SEE_NOT_LIVE_INCIDENTS))]

NO_ALERT = NotFoundError("alert_not_found")


@router.get("/incidents/{incident_id}/alerts/{alert_id}/why", responses=refusals(NO_INCIDENT, NO_ALERT))
def read_alert_why(incident_id: Id, alert_id: Id, caller: Seer, deps: Using) -> WhyOut:
    """Why this alert; a look at health values is written to the audit."""
    with deps.database.snapshot() as session:
        incident, alert = _find(session, incident_id, alert_id, caller)
        health = alert.home_id is None or caller.may_see_medical(alert.home_id)
        why = read_why(session, alert, deps.settings.timezone, health=health)
        series = read_series(deps.readings, why, health=health)
        answer = why_view(session, why, series, health=health)
    if health and why.shows_health:
        _audit_look(deps, incident, caller)
    return answer


@router.post(
    "/incidents/{incident_id}/alerts/{alert_id}/replay",
    responses=refusals(NO_INCIDENT, NO_ALERT, ConflictError("replay_not_possible")),
)
def replay_alert_case(incident_id: Id, alert_id: Id, caller: Seer, deps: Using) -> ReplayOut:
    """Live the stored case again with the rule in the version that made it: does it lead to the same alert?"""
    with deps.database.snapshot() as session:
        _, alert = _find(session, incident_id, alert_id, caller)
        spec = spec_of(session, alert)
    if spec is None or alert.home_id is None or spec.kind in NOT_EVALUATED | OVER_AREAS:
        raise ConflictError("replay_not_possible")
    replayed = replay_alert(deps.replay, alert, spec, deps.clock.now())
    return ReplayOut(agrees=replayed.agrees, found=[ReplayFound(at=one.at, severity=one.severity) for one in replayed.found])


def _find(session: Session, incident_id: int, alert_id: int, caller: Caller) -> tuple[Incident, Alert]:
    incident = find_incident(session, incident_id, caller)
    alert = session.scalar(sa.select(Alert).where(Alert.id == alert_id, Alert.incident_id == incident.id))
    if alert is None:
        raise NotFoundError("alert_not_found")
    return incident, alert


def _audit_look(deps: Deps, incident: Incident, caller: Caller) -> None:
    with deps.database.transaction() as session:
        subject = f"incident:{incident.number}"
        audit.write_look(session, deps.clock.now(), caller, subject=subject, home_id=incident.home_id)
