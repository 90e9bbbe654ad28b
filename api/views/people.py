"""People and places as answers. The medical card is put in only where the caller may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from api.schemas.people import (
    AreaOut,
    AreaReference,
    CentreOut,
    ContactOut,
    Me,
    Medical,
    ResidentOut,
    UserOut,
)
from core.config import Settings
from people.model import Area, Centre, Contact, Resident, User
from people.rights import CAPABILITIES, Caller
from people.schemas import AvailableTime


def me_view(session: Session, caller: Caller, settings: Settings) -> Me:
    """The person who is signed in."""
    user = session.get_one(User, caller.user_id)
    return Me(
        id=user.id,
        username=user.username,
        name=user.name,
        role=caller.role.value,
        must_change_password=user.must_change_password,
        areas=[area.code for area in user.areas],
        homes=[home.code for home in user.homes],
        centre=centre_view(session),
        language=settings.language,
        can=sorted(CAPABILITIES[caller.role]),
    )


def centre_view(session: Session) -> CentreOut:
    """The one centre."""
    centre = session.get_one(Centre, 1)
    return CentreOut(name=centre.name, phone=centre.phone)


def user_view(user: User) -> UserOut:
    """A person as the supervisor sees them."""
    return UserOut(
        id=user.id,
        username=user.username,
        name=user.name,
        role=user.role,
        phone=user.phone,
        areas=[area.code for area in user.areas],
        homes=[home.code for home in user.homes],
        must_change_password=user.must_change_password,
        disabled=user.disabled_at is not None,
        created_at=user.created_at,
    )


def area_views(areas: Sequence[Area]) -> list[AreaOut]:
    """Nodes of the tree."""
    return [AreaOut(code=area.code, name=area.name, parent=_parent(area), path=area.path) for area in areas]


def _parent(area: Area) -> str | None:
    above = area.path.strip("/").split("/")[:-1]
    return above[-1] if above else None


def area_references(session: Session, areas: Iterable[Area | None]) -> dict[int, AreaReference]:
    """Where homes lie, with the names from the root down, by the area's id; one query for all of them."""
    wanted = {area.id: area for area in areas if area is not None}
    codes = {code for area in wanted.values() for code in area.path.strip("/").split("/")}
    if not codes:
        return {}
    names = dict(session.execute(sa.select(Area.code, Area.name).where(Area.code.in_(codes))).all())
    return {
        id_: AreaReference(
            code=area.code, name=area.name, path_names=[names.get(code, code) for code in area.path.strip("/").split("/")]
        )
        for id_, area in wanted.items()
    }


def resident_view(resident: Resident, today: date, *, with_medical: bool) -> ResidentOut:
    """A resident; their age in whole years today."""
    return ResidentOut(
        id=resident.id,
        name=resident.name,
        gender=resident.gender,
        birth_date=resident.birth_date,
        age=None if resident.birth_date is None else age(resident.birth_date, today),
        phone=resident.phone,
        photo_url=resident.photo_url,
        dialect=resident.dialect,
        hearing=resident.hearing,
        mobility=resident.mobility,
        lives_alone=resident.lives_alone,
        on_oxygen=resident.on_oxygen if with_medical else None,
        falls_easily=resident.falls_easily if with_medical else None,
        rule_values=resident.rule_values if with_medical else None,
        medical=_medical(resident) if with_medical else None,
    )


def age(birth_date: date, today: date) -> int:
    """Whole years."""
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def _medical(resident: Resident) -> Medical:
    return Medical(
        illnesses=resident.illnesses,
        medicines=resident.medicines,
        allergies=resident.allergies,
        blood_type=resident.blood_type,
        doctor=resident.doctor,
    )


def contact_view(contact: Contact) -> ContactOut:
    """A contact."""
    return ContactOut(
        id=contact.id,
        name=contact.name,
        phone=contact.phone,
        relation=contact.relation,
        order=contact.order,
        key_holder=contact.key_holder,
        availability=contact.availability,
        available=None if contact.available is None else [AvailableTime.model_validate(one) for one in contact.available],
        alarm_consent=contact.alarm_consent_at is not None,
        alarm_consent_at=contact.alarm_consent_at,
        digest_consent=contact.digest_consent_at is not None,
        digest_consent_at=contact.digest_consent_at,
        consent_taken_by=contact.consent_taken_by,
    )
