"""What a sheet says, read from the relational store in one consistent state; changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from alerts.model import Alert, Incident, IncidentState
from alerts.outages.risk import Risk, risks_of
from alerts.paging.words import pick
from alerts.troubles import subject_in
from api.views.people import age
from people.model import Area, Centre, Contact, Home, Resident, User
from yinling.sheet.model import Sheet, SheetArea, SheetContact, SheetHome, SheetIncident
from yinling.sheet.words import AGED

HOMES_PER_AREA = 25
MOST_HOMES = 2000
"""About a hundred sheets of paper: more than that nobody works through."""
_CHUNK = 400
_RANKS = {"critical": 0, "high": 1, "medium": 2, "low": 3, "info": 4}


@dataclass(frozen=True, slots=True)
class Moment:
    """When and for whom a sheet is made: the instant, the day at the centre, and the language of its words."""

    at: datetime
    today: date
    language: str


def gather(session: Session, moment: Moment) -> Sheet:
    """Every incident that is not closed, and of each area the homes most at risk."""
    centre = session.get_one(Centre, 1)
    incidents = _incidents(session)
    places = _watched(session)
    risks = {home_id: risk for home_id, risk in risks_of(session, list(places), moment.at).items() if risk.reasons}
    chosen, left_out = _choose(places, risks)
    wanted = {home_id for homes in chosen.values() for home_id in homes}
    wanted.update(incident.home_id for incident in incidents if incident.home_id is not None)
    homes = _homes(session, wanted, risks, moment)
    names = _area_names(session)
    areas = [
        SheetArea(names.get(area_id, ""), [homes[home_id] for home_id in home_ids], left_out[area_id])
        for area_id, home_ids in chosen.items()
    ]
    return Sheet(
        centre=centre.name,
        phone=centre.phone,
        at=moment.at,
        incidents=[_incident(session, incident, homes, names) for incident in incidents],
        areas=sorted(areas, key=lambda area: (area.name == "", area.name)),
        homes_watched=len(places),
    )


def _watched(session: Session) -> dict[int, int | None]:
    rows = session.execute(sa.select(Home.id, Home.area_id).where(Home.is_probe.is_(False)))
    return {row.id: row.area_id for row in rows}


def _incidents(session: Session) -> Sequence[Incident]:
    query = sa.select(Incident).where(Incident.state != IncidentState.CLOSED, Incident.probe.is_(False))
    found = session.scalars(query).all()
    return sorted(found, key=lambda one: (one.drill or one.test, _RANKS.get(one.severity, 9), one.opened_at))


def _choose(
    places: Mapping[int, int | None], risks: Mapping[int, Risk]
) -> tuple[dict[int | None, list[int]], dict[int | None, int]]:
    """The homes of each area, worst first, and how many of it had no room; the worst of the whole centre have room first."""
    chosen: dict[int | None, list[int]] = defaultdict(list)
    left_out: dict[int | None, int] = defaultdict(int)
    total = 0
    for home_id, _ in sorted(risks.items(), key=lambda item: (-item[1].score, item[0])):
        area_id = places[home_id]
        if total < MOST_HOMES and len(chosen[area_id]) < HOMES_PER_AREA:
            chosen[area_id].append(home_id)
            total += 1
        else:
            left_out[area_id] += 1
    return chosen, left_out


def _homes(session: Session, home_ids: Iterable[int], risks: Mapping[int, Risk], moment: Moment) -> dict[int, SheetHome]:
    wanted = sorted(home_ids)
    homes: dict[int, SheetHome] = {}
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        unheard = _unheard(session, some)
        query = sa.select(Home).where(Home.id.in_(some)).options(selectinload(Home.residents), selectinload(Home.contacts))
        for home in session.scalars(query):
            reasons = risks[home.id].reasons if home.id in risks else ()
            homes[home.id] = _home(home, reasons, unheard.get(home.id, 0), moment)
    return homes


def _home(home: Home, reasons: Sequence[str], unheard: int, moment: Moment) -> SheetHome:
    phones = [phone for phone in (home.phone, *(resident.phone for resident in home.residents)) if phone]
    return SheetHome(
        name=home.name,
        residents=[_resident(one, moment) for one in home.residents],
        address=home.address,
        phones=list(dict.fromkeys(phones)),
        entry=home.entry_method,
        notes=home.notes,
        reasons=reasons,
        unheard=unheard,
        contacts=[_contact(one) for one in home.contacts],
    )


def _resident(resident: Resident, moment: Moment) -> str:
    if resident.birth_date is None:
        return resident.name
    return pick(AGED, moment.language).format(name=resident.name, age=age(resident.birth_date, moment.today))


def _contact(contact: Contact) -> SheetContact:
    return SheetContact(contact.name, contact.relation, contact.phone, contact.key_holder, contact.availability)


def _unheard(session: Session, home_ids: Sequence[int]) -> dict[int, int]:
    """Silent devices of each home: nobody hears these people."""
    query = (
        sa.select(Alert.home_id, sa.func.count())
        .where(Alert.home_id.in_(home_ids), Alert.kind == "silence", Alert.condition_active.is_(True), Alert.closed_at.is_(None))
        .group_by(Alert.home_id)
    )
    return {home_id: count for home_id, count in session.execute(query) if home_id is not None}


def _area_names(session: Session) -> dict[int | None, str]:
    """Each area with those above it, from the street down."""
    areas = {area.id: area for area in session.scalars(sa.select(Area))}
    by_code = {area.code: area.name for area in areas.values()}
    return {area.id: " › ".join(by_code.get(code, code) for code in area.path.strip("/").split("/")) for area in areas.values()}


def _incident(
    session: Session, incident: Incident, homes: Mapping[int, SheetHome], names: Mapping[int | None, str]
) -> SheetIncident:
    owner = None if incident.owner_id is None else session.get(User, incident.owner_id)
    return SheetIncident(
        number=incident.number,
        kind=incident.kind,
        trouble=subject_in(incident.lane),
        severity=incident.severity,
        state=incident.state,
        opened_at=incident.began_at,
        owner=None if owner is None else owner.name,
        responder=incident.responder_name,
        drill=incident.drill,
        test=incident.test,
        place=names.get(incident.area_id) if incident.area_id is not None else None,
        home=homes.get(incident.home_id) if incident.home_id is not None else None,
    )
