"""Users, responders, areas, residents, contacts, and the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query

from alerts.ruleset.service import check_rule_values
from api.callers import allowed
from api.cursors import read_cursor, write_cursor
from api.deps import Deps, Using
from api.errors import NO_HOME, refusals
from api.schemas.base import Id
from api.schemas.people import (
    AreaList,
    AreaOut,
    AuditItem,
    AuditList,
    ContactOut,
    ResidentOut,
    ResponderList,
    ResponderOut,
    UserList,
    UserOut,
)
from api.views.people import area_views, contact_view, resident_view, user_view
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from people import audit, service, store, users
from people.model import AuditEntry, Home, Resident, Role
from people.passwords import hash_password
from people.rights import Caller, Capability
from people.schemas import AreaCreate, ContactChange, ContactCreate, ResidentChange, ResidentCreate, UserChange, UserCreate

router = APIRouter(tags=["people"])

Manager = Annotated[Caller, Depends(allowed(Capability.MANAGE_USERS))]
HomeChanger = Annotated[Caller, Depends(allowed(Capability.CHANGE_HOMES))]
ResidentChanger = Annotated[Caller, Depends(allowed(Capability.CHANGE_HOMES, Capability.CHANGE_MEDICAL))]

_NO_AREA = InvalidInputError("unknown_area")
_EXCEEDS = ForbiddenError("scope_exceeds_own")


@router.get("/users", responses=refusals())
def list_users(caller: Manager, deps: Using) -> UserList:
    """The people the caller may manage."""
    with deps.database.snapshot() as session:
        return UserList(items=[user_view(user) for user in store.all_users(session) if users.may_manage(caller, user)])


@router.post(
    "/users",
    status_code=201,
    responses=refusals(
        ConflictError("username_taken"),
        _NO_AREA,
        InvalidInputError("unknown_home"),
        InvalidInputError("family_needs_homes"),
        _EXCEEDS,
    ),
)
def create_user(wanted: UserCreate, caller: Manager, deps: Using) -> UserOut:
    """Add a person who will sign in."""
    hashed = hash_password(wanted.password)
    with deps.database.transaction() as session:
        return user_view(users.create_user(session, wanted, hashed, deps.clock.now(), caller))


@router.patch(
    "/users/{user_id}",
    responses=refusals(NotFoundError("user_not_found"), ConflictError("last_administrator"), _NO_AREA, _EXCEEDS),
)
def change_user(user_id: Id, wanted: UserChange, caller: Manager, deps: Using) -> UserOut:
    """Change a person; a new password, role or scope, or disabling, ends their sessions."""
    hashed = None if wanted.password is None else hash_password(wanted.password)
    with deps.database.transaction() as session:
        return user_view(users.change_user(session, user_id, wanted, hashed, deps.clock.now(), caller))


@router.get("/responders", responses=refusals())
def list_responders(
    _caller: Annotated[Caller, Depends(allowed(Capability.ACT_ON_INCIDENTS, Capability.ANSWER_DOCTOR_CALLS))], deps: Using
) -> ResponderList:
    """Who can be sent."""
    with deps.database.snapshot() as session:
        people = store.people_of_role(session, Role.RESPONDER)
        return ResponderList(
            items=[ResponderOut(id=user.id, username=user.username, name=user.name, phone=user.phone) for user in people]
        )


@router.get("/areas", responses=refusals())
def list_areas(caller: Annotated[Caller, Depends(allowed(Capability.SEE_AREAS))], deps: Using) -> AreaList:
    """The centre's tree, parents before children; whoever is limited to areas sees those."""
    with deps.database.snapshot() as session:
        return AreaList(items=area_views([area for area in store.all_areas(session) if caller.scope.includes_area(area.path)]))


@router.post("/areas", status_code=201, responses=refusals(ConflictError("area_code_taken"), _NO_AREA, _EXCEEDS))
def create_area(wanted: AreaCreate, caller: Annotated[Caller, Depends(allowed(Capability.CHANGE_AREAS))], deps: Using) -> AreaOut:
    """Add a node of the tree."""
    with deps.database.transaction() as session:
        return area_views([service.create_area(session, wanted, deps.clock.now(), caller)])[0]


_RULE_VALUES = (InvalidInputError("unknown_rule"), InvalidInputError("rule_value_not_own"), InvalidInputError("rule_value_wrong"))


@router.post("/homes/{code}/residents", status_code=201, responses=refusals(NO_HOME, *_RULE_VALUES))
def create_resident(code: str, wanted: ResidentCreate, caller: HomeChanger, deps: Using) -> ResidentOut:
    """Add a person who lives in a home."""
    now = deps.clock.now()
    with deps.database.transaction() as session:
        check_rule_values(session, wanted.rule_values)
        return _resident(session, service.add_resident(session, code, wanted, now, caller), caller, now, deps)


@router.patch("/residents/{resident_id}", responses=refusals(NotFoundError("resident_not_found"), *_RULE_VALUES))
def change_resident(resident_id: Id, wanted: ResidentChange, caller: ResidentChanger, deps: Using) -> ResidentOut:
    """Change what is known of a resident; the medical card only by those who may."""
    now = deps.clock.now()
    with deps.database.transaction() as session:
        check_rule_values(session, wanted.rule_values)
        return _resident(session, service.change_resident(session, resident_id, wanted, now, caller), caller, now, deps)


def _resident(session: Any, resident: Resident, caller: Caller, now: datetime, deps: Deps) -> ResidentOut:
    with_medical = caller.may_see_medical(resident.home_id)
    if with_medical:
        audit.write_look(session, now, caller, subject=f"resident:{resident.id}", home_id=resident.home_id)
    return resident_view(resident, now.astimezone(ZoneInfo(deps.settings.timezone)).date(), with_medical=with_medical)


@router.post("/homes/{code}/contacts", status_code=201, responses=refusals(NO_HOME))
def create_contact(code: str, wanted: ContactCreate, caller: HomeChanger, deps: Using) -> ContactOut:
    """Add family or a key holder."""
    with deps.database.transaction() as session:
        return contact_view(service.add_contact(session, code, wanted, deps.clock.now(), caller))


@router.patch("/contacts/{contact_id}", responses=refusals(NotFoundError("contact_not_found")))
def change_contact(contact_id: Id, wanted: ContactChange, caller: HomeChanger, deps: Using) -> ContactOut:
    """Change a contact."""
    with deps.database.transaction() as session:
        return contact_view(service.change_contact(session, contact_id, wanted, deps.clock.now(), caller))


@router.delete("/contacts/{contact_id}", status_code=204, responses=refusals(NotFoundError("contact_not_found")))
def remove_contact(contact_id: Id, caller: HomeChanger, deps: Using) -> None:
    """Take a contact away."""
    with deps.database.transaction() as session:
        service.remove_contact(session, contact_id, deps.clock.now(), caller)


@router.get("/audit", responses=refusals(InvalidInputError("invalid_cursor")))
def list_audit(
    caller: Annotated[Caller, Depends(allowed(Capability.SEE_AUDIT))],
    deps: Using,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditList:
    """Every change and every look at medical data, newest first; whoever is limited to areas sees those of their homes."""
    before = read_cursor(cursor, int)
    query = sa.select(AuditEntry, Home.code).outerjoin(Home, Home.id == AuditEntry.home_id).order_by(AuditEntry.id.desc())
    if before is not None:
        query = query.where(AuditEntry.id < before[0])
    if not caller.scope.whole_centre:
        query = query.where(caller.scope.of_home(AuditEntry.home_id))
    with deps.database.snapshot() as session:
        rows = session.execute(query.limit(limit + 1)).all()
    items = [
        AuditItem(
            id=entry.id,
            at=entry.at,
            user_id=entry.user_id,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            home=home,
            details=entry.details,
        )
        for entry, home in rows[:limit]
    ]
    return AuditList(items=items, next=write_cursor(items[-1].id) if len(rows) > limit else None)
