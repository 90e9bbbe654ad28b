"""Everything about one incident: what an operator needs within a second of opening it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from alerts.model import Alert, Incident, IncidentState
from alerts.playbooks import script_of
from api.incident_rights import may_close
from api.schemas.incidents import IncidentDetail, ScriptStep
from api.views.affected_homes import affected_homes
from api.views.devices import device_views
from api.views.escalation import escalation_view
from api.views.homes import home_detail, home_devices
from api.views.incidents import incident_items, page_views, timeline_views
from api.views.people import contact_view, resident_view
from api.visibility import visible_incidents
from core.errors import NotFoundError
from people import audit
from people.model import Home
from people.rights import Caller, Capability

PAST_INCIDENTS = 5


def find_incident(session: Session, incident_id: int, caller: Caller) -> Incident:
    """The incident, or NotFoundError `incident_not_found` also where it exists out of the caller's sight."""
    incident = session.scalar(sa.select(Incident).where(Incident.id == incident_id, visible_incidents(caller)))
    if incident is None:
        raise NotFoundError("incident_not_found")
    return incident


def incident_detail(session: Session, incident: Incident, caller: Caller, now: datetime, timezone: str) -> IncidentDetail:
    """The whole story, medical card and health values only where the caller may see them."""
    home = None
    if incident.home_id is not None:
        people = (selectinload(Home.residents), selectinload(Home.contacts))
        home = session.scalar(sa.select(Home).where(Home.id == incident.home_id).options(*people))
    past = [] if home is None else _past(session, incident, home.id, caller)
    today = now.astimezone(ZoneInfo(timezone)).date()
    item, *past_items = incident_items(session, [incident, *past], today, caller)
    with_medical = home is not None and caller.may_see_medical(home.id)
    shown = [] if home is None else home_devices(session, home.id)
    # A subject with one resident's name is about that resident; the others of the home are shown after them.
    residents = [] if home is None else sorted(home.residents, key=lambda resident: resident.id != incident.resident_id)
    return IncidentDetail(
        **dict(item),
        may_close=may_close(session, caller, incident),
        homes=affected_homes(session, incident, caller),
        timeline=timeline_views(session, incident.id),
        residents=[resident_view(resident, today, with_medical=with_medical) for resident in residents],
        contacts=[] if home is None else [contact_view(contact) for contact in home.contacts],
        home_detail=None if home is None else home_detail(session, home),
        devices=device_views(session, shown, now, [home.id] if home is not None and with_medical else []),
        past=past_items,
        script=[ScriptStep(key=key) for key in script_of(_playbook(session, incident))],
        pages=page_views(session, incident.id) if caller.can(Capability.WATCH) else [],
        escalation=escalation_view(session, incident) if caller.can(Capability.WATCH) else None,
    )


def _playbook(session: Session, incident: Incident) -> str:
    """The script that the rule behind its worst alert asks for, or that of its kind."""
    asked = sa.select(Alert.playbook).where(
        Alert.incident_id == incident.id, Alert.kind == incident.kind, Alert.playbook.is_not(None)
    )
    return session.scalar(asked.order_by(Alert.closed_at.is_not(None), Alert.id.desc()).limit(1)) or incident.kind


def _past(session: Session, incident: Incident, home_id: int, caller: Caller) -> list[Incident]:
    query = (
        sa.select(Incident)
        .where(
            Incident.home_id == home_id,
            Incident.id != incident.id,
            Incident.state == IncidentState.CLOSED,
            visible_incidents(caller),
        )
        .order_by(Incident.id.desc())
        .limit(PAST_INCIDENTS)
    )
    return list(session.scalars(query))


def audit_look(session: Session, detail: IncidentDetail, incident: Incident, caller: Caller, now: datetime) -> None:
    """Write down that somebody saw the medical data of an incident's home."""
    if any(resident.medical is not None for resident in detail.residents):
        audit.write_look(session, now, caller, subject=f"incident:{incident.number}", home_id=incident.home_id)
