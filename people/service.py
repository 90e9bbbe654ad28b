"""Places and the people in them: areas, homes, residents, contacts.

Each function is one change inside the caller's transaction, with its audit entry. A change of anything an ingest worker
caches of a home makes the home's revision grow (invariant 13), so that a stale worker notices before it commits.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.orm import Session

from core.errors import ConflictError, ForbiddenError, InvalidInputError
from people import audit, consent
from people.model import Area, Contact, Home, Resident
from people.rights import Caller, Capability
from people.schemas import (
    AreaCreate,
    ContactChange,
    ContactCreate,
    HomeChange,
    HomeCreate,
    MedicalFields,
    ResidentChange,
    ResidentCreate,
)
from people.store import areas_by_code, find_contact, find_home, find_resident

_REQUIRED = frozenset(
    {"name", "address", "lives_alone", "on_oxygen", "falls_easily", "order", "key_holder", "alarm_consent", "digest_consent"}
)
"""Fields that a change may leave out but never empty; `phone` of a contact is checked beside them."""


_OLDEST_DAYS = 130 * 366


def create_area(session: Session, wanted: AreaCreate, now: datetime, actor: Caller) -> Area:
    """Add a node of the tree; ConflictError `area_code_taken`, InvalidInputError `unknown_area`."""
    if wanted.code in areas_by_code(session, [wanted.code]):
        raise ConflictError("area_code_taken", area=wanted.code)
    parent = None if wanted.parent is None else _area_inside(session, wanted.parent, actor)
    if parent is None and not actor.scope.whole_centre:
        raise ForbiddenError("scope_exceeds_own")
    path = f"{parent.path if parent is not None else '/'}{wanted.code}/"
    area = Area(code=wanted.code, name=wanted.name, parent_id=parent.id if parent is not None else None, path=path)
    session.add(area)
    session.flush()
    audit.write(session, now, actor, "area.created", subject=area.code, parent=wanted.parent)
    return area


def create_home(session: Session, wanted: HomeCreate, now: datetime, actor: Caller) -> Home:
    """Add a home; ConflictError `home_code_taken`. Who is limited to areas must place it in one of them."""
    if session.scalar(sa.select(Home.id).where(Home.code == wanted.code)) is not None:
        raise ConflictError("home_code_taken", home=wanted.code)
    area = None if wanted.area is None else _area_inside(session, wanted.area, actor)
    if area is None and not actor.scope.whole_centre:
        raise ForbiddenError("home_needs_area")
    fields = wanted.model_dump(exclude={"area"})
    home = Home(area=area, created_at=now, revision=1, is_probe=False, residents=[], contacts=[], **fields)
    session.add(home)
    session.flush()
    audit.write(session, now, actor, "home.created", subject=home.code, home_id=home.id)
    return home


def change_home(session: Session, code: str, wanted: HomeChange, now: datetime, actor: Caller) -> Home:
    """Change what is known of a home."""
    home = find_home(session, code, actor.scope)
    changes = _changes(wanted.model_dump(exclude_unset=True))
    if "area" in changes:
        area_code = changes.pop("area")
        home.area = None if area_code is None else _area_inside(session, area_code, actor)
        if home.area is None and not actor.scope.whole_centre:
            raise ForbiddenError("home_needs_area")
    _set(home, changes)
    home.revision += 1
    session.flush()
    audit.write(session, now, actor, "home.changed", subject=code, home_id=home.id, fields=[*sorted(wanted.model_fields_set)])
    return home


def add_resident(session: Session, home_code: str, wanted: ResidentCreate, now: datetime, actor: Caller) -> Resident:
    """Add a person who lives in a home."""
    home = find_home(session, home_code, actor.scope)
    fields = wanted.model_dump(exclude={"medical"})
    _check_birth_date(wanted.birth_date, now)
    _check_health(wanted, actor, resident=None)
    resident = Resident(home_id=home.id, created_at=now, **fields, **_medical(wanted.medical, actor))
    session.add(resident)
    home.revision += 1
    session.flush()
    audit.write(session, now, actor, "resident.created", subject=str(resident.id), home_id=home.id)
    return resident


def change_resident(session: Session, resident_id: int, wanted: ResidentChange, now: datetime, actor: Caller) -> Resident:
    """Change what is known of a resident; the fields changed, not their values, stand in the audit."""
    resident = find_resident(session, resident_id, actor.scope)
    _check_birth_date(wanted.birth_date, now)
    _check_health(wanted, actor, resident)
    changes = _changes(wanted.model_dump(exclude_unset=True, exclude={"medical"}))
    _set(resident, changes | _medical(wanted.medical, actor))
    _grow(session, resident.home_id)
    fields: list[JsonValue] = [*sorted(wanted.model_fields_set), *sorted(wanted.medical.model_fields_set if wanted.medical else ())]
    audit.write(session, now, actor, "resident.changed", subject=str(resident.id), home_id=resident.home_id, fields=fields)
    return resident


def add_contact(session: Session, home_code: str, wanted: ContactCreate, now: datetime, actor: Caller) -> Contact:
    """Add a contact to a home."""
    home = find_home(session, home_code, actor.scope)
    contact = Contact(home_id=home.id, created_at=now, **_contact_fields(wanted.model_dump(by_alias=True)))
    session.add(contact)
    home.revision += 1
    session.flush()
    audit.write(session, now, actor, "contact.created", subject=str(contact.id), home_id=home.id)
    consent.record(session, contact, consent.asked(wanted), now, actor)
    return contact


def change_contact(session: Session, contact_id: int, wanted: ContactChange, now: datetime, actor: Caller) -> Contact:
    """Change a contact."""
    contact = find_contact(session, contact_id, actor.scope)
    changes = _changes(wanted.model_dump(exclude_unset=True, by_alias=True))
    if changes.get("phone", contact.phone) is None:
        raise InvalidInputError("field_required", field="phone")
    _set(contact, _contact_fields(changes))
    consent.record(session, contact, consent.asked(wanted), now, actor)
    _grow(session, contact.home_id)
    fields: list[JsonValue] = [*sorted(wanted.model_fields_set)]
    audit.write(session, now, actor, "contact.changed", subject=str(contact.id), home_id=contact.home_id, fields=fields)
    return contact


def remove_contact(session: Session, contact_id: int, now: datetime, actor: Caller) -> None:
    """Take a contact away; the audit keeps who it was."""
    contact = find_contact(session, contact_id, actor.scope)
    audit.write(session, now, actor, "contact.removed", subject=str(contact.id), home_id=contact.home_id, name=contact.name)
    _grow(session, contact.home_id)
    session.delete(contact)


def _area_inside(session: Session, code: str, actor: Caller) -> Area:
    area = areas_by_code(session, [code]).get(code)
    if area is None or not actor.scope.includes_area(area.path):
        raise InvalidInputError("unknown_area", area=code)
    return area


def _medical(medical: MedicalFields | None, actor: Caller) -> dict[str, Any]:
    if medical is None:
        return {}
    if not actor.can(Capability.CHANGE_MEDICAL):
        raise ForbiddenError
    return medical.model_dump(exclude_unset=True)


def _contact_fields(given: dict[str, Any]) -> dict[str, Any]:
    """What is stored as it is said; consent is stored with who took it and when."""
    return {field: value for field, value in given.items() if field not in consent.FIELDS}


def _check_health(wanted: ResidentCreate | ResidentChange, actor: Caller, resident: Resident | None) -> None:
    """Oxygen, falls and own values of rules tell of somebody's health: only those who may change the medical card change them."""
    if actor.can(Capability.CHANGE_MEDICAL):
        return
    before: dict[str, Any] = {field: getattr(resident, field, None) or None for field in _HEALTH}
    for field in _HEALTH & wanted.model_fields_set:
        if (getattr(wanted, field) or None) != before[field]:
            raise ForbiddenError


_HEALTH = frozenset({"on_oxygen", "falls_easily", "rule_values"})


def _check_birth_date(birth_date: date | None, now: datetime) -> None:
    """Nobody is born tomorrow, or lives at 130; a day's grace for time zones."""
    if birth_date is None:
        return
    age_days = (now.date() - birth_date).days
    if not -1 <= age_days <= _OLDEST_DAYS:
        raise InvalidInputError("birth_date_impossible", birth_date=birth_date.isoformat())


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    for field, value in given.items():
        if value is None and field in _REQUIRED:
            raise InvalidInputError("field_required", field=field)
    return given


def _set(row: Home | Resident | Contact, changes: dict[str, Any]) -> None:
    for field, value in changes.items():
        setattr(row, field, value)


def _grow(session: Session, home_id: int) -> None:
    session.execute(sa.update(Home).where(Home.id == home_id).values(revision=Home.revision + 1))
