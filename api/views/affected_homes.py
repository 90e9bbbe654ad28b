"""The homes of an area's incident, those most at risk first."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Incident, IncidentHome
from api.schemas.incidents import AffectedHome
from api.visibility import residents_seen_by
from people.model import Home, Resident
from people.rights import Caller


def affected_homes(session: Session, incident: Incident, caller: Caller) -> list[AffectedHome]:
    """The homes that the caller may see: those still without first, then by risk."""
    if incident.area_id is None:
        return []
    query = (
        sa.select(IncidentHome, Home)
        .join(Home, Home.id == IncidentHome.home_id)
        .where(IncidentHome.incident_id == incident.id, caller.scope.homes())
        .order_by(IncidentHome.restored_at.is_not(None), IncidentHome.risk.desc(), Home.code)
    )
    rows = [(row, home) for row, home in session.execute(query)]
    people = defaultdict(list)
    here = sa.select(IncidentHome.home_id).where(IncidentHome.incident_id == incident.id)
    named = sa.select(Resident.home_id, Resident.name).where(Resident.home_id.in_(here), residents_seen_by(caller))
    for home_id, name in session.execute(named.order_by(Resident.id)):
        people[home_id].append(name)
    return [
        AffectedHome(
            code=home.code,
            name=home.name,
            address=home.address,
            phone=home.phone,
            residents=people[home.id],
            because=row.because,
            risk=row.risk,
            reasons=row.reasons or [],
            joined_at=row.joined_at,
            restored_at=row.restored_at,
        )
        for row, home in rows
    ]
