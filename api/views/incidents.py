"""Incidents as answers: rows of the queue in a handful of queries for any number of them, and the whole story of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.audience import is_for_operators, of_incident
from alerts.model import Alert, Incident, IncidentHome, Severity, TimelineEntry
from alerts.paging.model import Page, PageAnswer
from api.schemas.base import PersonReference
from api.schemas.incidents import AlertDevice, AlertOut, IncidentItem, PageAnswerOut, PageOut, ResponderReference, TimelineItem
from api.schemas.people import AreaReference
from api.views.people import age, area_references
from api.visibility import residents_seen_by
from devices.model import Device
from people.model import Area, Home, Resident, User
from people.rights import Caller


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    age: int | None


@dataclass(frozen=True, slots=True)
class _Names:
    homes: dict[int, tuple[str, str, str]]
    residents: dict[int, _Person]
    residents_of_home: dict[int, list[_Person]]
    users: dict[int, str]
    devices: dict[int, AlertDevice]
    alerts: dict[int, list[Alert]]
    areas: dict[int, AreaReference]
    affected: dict[int, int]


def incident_items(session: Session, incidents: Sequence[Incident], today: date, caller: Caller | None) -> list[IncidentItem]:
    """Rows of the queue, in the same order. Always eight queries at most.

    Ages are in whole years on `today`, the centre's date, and only of residents whom the caller may see; without a caller
    of all, for whoever then decides about each reader.
    """
    if not incidents:
        return []
    names = _gather(session, incidents, today, sa.true() if caller is None else residents_seen_by(caller))
    return [_item(incident, names) for incident in incidents]


def _gather(session: Session, incidents: Sequence[Incident], today: date, seen: sa.ColumnElement[bool]) -> _Names:
    alerts = defaultdict(list)
    for alert in session.scalars(
        sa.select(Alert).where(Alert.incident_id.in_([incident.id for incident in incidents])).order_by(Alert.id)
    ):
        alerts[alert.incident_id].append(alert)
    home_ids = {incident.home_id for incident in incidents if incident.home_id is not None}
    user_ids = {id_ for incident in incidents for id_ in (incident.owner_id, incident.responder_id) if id_ is not None}
    device_ids = {alert.device_id for group in alerts.values() for alert in group if alert.device_id is not None}
    homes = session.execute(sa.select(Home.id, Home.code, Home.name, Home.address).where(Home.id.in_(home_ids)))
    born = sa.case((seen, Resident.birth_date))
    people = session.execute(
        sa.select(Resident.home_id, Resident.id, Resident.name, born).where(Resident.home_id.in_(home_ids)).order_by(Resident.id)
    )
    users = session.execute(sa.select(User.id, User.name).where(User.id.in_(user_ids))).all() if user_ids else ()
    devices = session.execute(sa.select(Device.id, Device.name, Device.room).where(Device.id.in_(device_ids))) if device_ids else ()
    of_home: dict[int, list[_Person]] = defaultdict(list)
    residents: dict[int, _Person] = {}
    for home_id, resident_id, name, birth_date in people:
        residents[resident_id] = _Person(name, None if birth_date is None else age(birth_date, today))
        of_home[home_id].append(residents[resident_id])
    return _Names(
        homes={id_: (code, name, address) for id_, code, name, address in homes},
        residents=residents,
        residents_of_home=of_home,
        users=dict(users),
        devices={id_: AlertDevice(id=id_, name=name, room=room) for id_, name, room in devices},
        alerts={id_: group for id_, group in alerts.items() if id_ is not None},
        areas=_areas(session, incidents),
        affected=_affected(session, incidents),
    )


def _areas(session: Session, incidents: Sequence[Incident]) -> dict[int, AreaReference]:
    ids = {incident.area_id for incident in incidents if incident.area_id is not None}
    return area_references(session, session.scalars(sa.select(Area).where(Area.id.in_(ids)))) if ids else {}


def _affected(session: Session, incidents: Sequence[Incident]) -> dict[int, int]:
    """How many homes of each area's incident are not restored."""
    ids = [incident.id for incident in incidents if incident.area_id is not None]
    query = sa.select(IncidentHome.incident_id, sa.func.count()).where(
        IncidentHome.incident_id.in_(ids), IncidentHome.restored_at.is_(None)
    )
    return dict(session.execute(query.group_by(IncidentHome.incident_id)).all()) if ids else {}


def _item(incident: Incident, names: _Names) -> IncidentItem:
    alerts = names.alerts.get(incident.id, [])
    home = None if incident.home_id is None else names.homes.get(incident.home_id)
    about = _people(incident, names)
    return IncidentItem(
        id=incident.id,
        number=incident.number,
        kind=incident.kind,
        home=home and home[0],
        home_name=home and home[1],
        address=home and home[2],
        resident_name="、".join(person.name for person in about) or None,
        resident_age=about[0].age if len(about) == 1 else None,
        severity=incident.severity,
        audience=sorted(of_incident(incident)),
        for_operators=is_for_operators(incident),
        state=incident.state,
        opened_at=incident.opened_at,
        happened_at=incident.happened_at,
        entered_afterwards=incident.entered_afterwards,
        acknowledged_at=incident.acknowledged_at,
        closed_at=incident.closed_at,
        reason=incident.reason,
        drill=incident.drill,
        test=incident.test,
        not_live=incident.not_live,
        area=None if incident.area_id is None else names.areas.get(incident.area_id),
        homes_affected=names.affected.get(incident.id, 0),
        owner=None if incident.owner_id is None else PersonReference(id=incident.owner_id, name=names.users[incident.owner_id]),
        responder=_responder(incident, names),
        ring_count=incident.ring_count,
        due_at=min((at for at in (incident.answer_due_at, incident.claim_due_at, incident.escalation_due_at) if at), default=None),
        what=_what(incident, alerts),
        alert_count=len(alerts),
        alerts=[alert_view(alert, names.devices) for alert in alerts],
        version=incident.version,
    )


def _people(incident: Incident, names: _Names) -> list[_Person]:
    if incident.resident_id is not None:
        known = names.residents.get(incident.resident_id)
        return [] if known is None else [known]
    return names.residents_of_home.get(incident.home_id or 0, [])


def _responder(incident: Incident, names: _Names) -> ResponderReference | None:
    if incident.responder_id is not None:
        return ResponderReference(id=incident.responder_id, name=names.users[incident.responder_id])
    return None if incident.responder_name is None else ResponderReference(id=None, name=incident.responder_name)


def _what(incident: Incident, alerts: Iterable[Alert]) -> str:
    open_first = sorted(alerts, key=lambda alert: (alert.closed_at is not None, Severity(alert.severity).rank, alert.id))
    return open_first[0].kind if open_first else incident.kind


def alert_view(alert: Alert, devices: Mapping[int, AlertDevice]) -> AlertOut:
    """One alert, with its device by the name people gave it."""
    return AlertOut(
        id=alert.id,
        rule=alert.rule,
        subject=alert.subject,
        kind=alert.kind,
        severity=alert.severity,
        state=alert.state,
        raised_at=alert.raised_at,
        happened_at=alert.happened_at,
        last_signal_at=alert.last_signal_at,
        count=alert.count,
        pending=alert.pending,
        cancelled=alert.cancelled,
        condition_active=alert.condition_active,
        shelved_until=alert.shelved_due_at,
        rule_kind=alert.rule_kind,
        rule_version=alert.rule_version,
        playbook=alert.playbook,
        audience=alert.audience or ["operators"],
        device=None if alert.device_id is None else devices.get(alert.device_id),
        evidence=alert.evidence,
    )


def timeline_views(session: Session, incident_id: int) -> list[TimelineItem]:
    """The story of one incident, oldest first."""
    entries = session.scalars(sa.select(TimelineEntry).where(TimelineEntry.incident_id == incident_id).order_by(TimelineEntry.id))
    return [
        TimelineItem(id=entry.id, at=entry.at, done_at=entry.done_at, act=entry.act, actor=entry.actor, details=entry.details)
        for entry in entries
    ]


def page_views(session: Session, incident_id: int) -> list[PageOut]:
    """The messages that went out about one incident, their targets masked: addresses carry secrets."""
    pages = session.scalars(sa.select(Page).where(Page.incident_id == incident_id).order_by(Page.id))
    answers = defaultdict(list)
    for one in session.scalars(sa.select(PageAnswer).where(PageAnswer.incident_id == incident_id).order_by(PageAnswer.at)):
        answers[one.page_id].append(PageAnswerOut(answer=one.answer, via=one.via, at=one.at))
    return [
        PageOut(
            channel=page.channel,
            person_name=page.person_name,
            step=page.step,
            round=page.round,
            delivery=page.delivery,
            delivery_at=page.delivery_at,
            answers=answers[page.id],
            target=masked(page.target),
            cause=page.cause,
            state=page.state,
            due_at=page.due_at,
            attempts=page.attempts,
            sent_at=page.sent_at,
            error=page.error,
        )
        for page in pages
    ]


def masked(target: str) -> str:
    """`mailto://…`: the kind of an address and nothing of its secrets."""
    scheme, separator, _ = target.partition("://")
    return f"{scheme}://…" if separator else "…"
