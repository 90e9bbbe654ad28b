"""Shelving one alert until a time, taking it off the shelf, and the list of all that is shelved."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends

from alerts.model import Alert, AlertState, Incident
from alerts.shelving import Shelf, shelve, unshelve
from api.callers import allowed
from api.deps import Using
from api.errors import NO_INCIDENT, refusals
from api.incident_acts import act_on
from api.schemas.base import Id
from api.schemas.incidents import IncidentDetail
from api.schemas.modes import Shelve, ShelvedList
from api.views.modes import shelved_views
from api.visibility import visible_incidents
from core.errors import ConflictError, InvalidInputError, NotFoundError
from people.rights import Caller, Capability

router = APIRouter(tags=["modes"])

Handler = Annotated[Caller, Depends(allowed(Capability.ACT_ON_INCIDENTS))]
NO_ALERT = NotFoundError("alert_not_found")
MOST_SHELVED = 1000


@router.get("/alerts/shelved", responses=refusals())
def list_shelved(caller: Annotated[Caller, Depends(allowed(Capability.SEE_SUPPRESSED))], deps: Using) -> ShelvedList:
    """What is on the shelf, the next to come off first."""
    seen = sa.or_(visible_incidents(caller), sa.and_(Incident.id.is_(None), caller.scope.of_home(Alert.home_id)))
    query = (
        sa.select(Alert, Incident)
        .outerjoin(Incident, Incident.id == Alert.incident_id)
        .where(Alert.closed_at.is_(None), Alert.state == AlertState.SHELVED, seen)
        .order_by(Alert.shelved_due_at, Alert.id)
        .limit(MOST_SHELVED)
    )
    with deps.database.snapshot() as session:
        rows = [(alert, incident) for alert, incident in session.execute(query)]
        return ShelvedList(items=shelved_views(session, rows))


@router.post(
    "/incidents/{incident_id}/alerts/{alert_id}/shelve",
    responses=refusals(NO_INCIDENT, NO_ALERT, ConflictError("shelf_not_allowed"), InvalidInputError("shelf_out_of_range")),
)
def shelve_alert(incident_id: Id, alert_id: Id, wanted: Shelve, caller: Handler, deps: Using) -> IncidentDetail:
    """Keep one alert from ringing until a time, 8 hours at most; never a call for help."""
    shelf = Shelf(alert_id, wanted.until, wanted.reason)
    return act_on(deps, caller, incident_id, "shelved", lambda session, by: shelve(session, incident_id, by, shelf))


@router.post(
    "/incidents/{incident_id}/alerts/{alert_id}/unshelve",
    responses=refusals(NO_INCIDENT, NO_ALERT, ConflictError("not_shelved")),
)
def unshelve_alert(incident_id: Id, alert_id: Id, caller: Handler, deps: Using) -> IncidentDetail:
    """Take it off the shelf now; answers with the incident it stands in then."""
    return act_on(deps, caller, incident_id, "unshelved", lambda session, by: unshelve(session, incident_id, by, alert_id))
