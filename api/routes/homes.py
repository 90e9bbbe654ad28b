"""Homes: the list, everything about one, and its last hours as a picture."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.callers import allowed
from api.cursors import read_cursor, write_cursor
from api.day import day_of, with_vitals
from api.deps import Using
from api.errors import NO_HOME, refusals
from api.schemas.homes import Day, HomeList, HomeOut
from api.views.devices import has_health_values
from api.views.homes import home_items, home_view
from core.errors import ConflictError, ForbiddenError, InvalidInputError
from people import audit, service, store
from people.rights import Caller, Capability
from people.schemas import HomeChange, HomeCreate

router = APIRouter(tags=["homes"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_HOMES))]
Changer = Annotated[Caller, Depends(allowed(Capability.CHANGE_HOMES))]


@router.get("/homes", responses=refusals(InvalidInputError("invalid_cursor")))
def list_homes(  # noqa: PLR0913, PLR0917 a query has that many sides
    caller: Seer,
    deps: Using,
    query: Annotated[
        str | None, Query(max_length=100, description="Part of a code, name, address or phone, also of residents.")
    ] = None,
    area: Annotated[str | None, Query(max_length=64, description="Code of an area: its whole subtree.")] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> HomeList:
    """Homes by code."""
    after = read_cursor(cursor, str)
    with deps.database.snapshot() as session:
        found = store.search_homes(
            session, caller.scope, text=query, area=area, after_code=after[0] if after else None, limit=limit + 1
        )
        items = home_items(session, found[:limit], caller, deps.clock.now())
    return HomeList(items=items, next=write_cursor(items[-1].code) if len(found) > limit else None)


@router.post(
    "/homes",
    status_code=201,
    responses=refusals(ConflictError("home_code_taken"), InvalidInputError("unknown_area"), ForbiddenError("home_needs_area")),
)
def create_home(wanted: HomeCreate, caller: Changer, deps: Using) -> HomeOut:
    """Add a home; its code is its name on the broker and never changes."""
    now = deps.clock.now()
    with deps.database.transaction() as session:
        home = service.create_home(session, wanted, now, caller)
        return home_view(session, home, caller, now, deps.settings.timezone)


@router.get("/homes/{code}", responses=refusals(NO_HOME))
def read_home(code: str, caller: Seer, deps: Using) -> HomeOut:
    """Everything about a home; a look at its medical data is written to the audit."""
    now = deps.clock.now()
    with deps.database.snapshot() as session:
        home = store.find_home(session, code, caller.scope)
        view = home_view(session, home, caller, now, deps.settings.timezone)
    if _shows_medical(view):
        with deps.database.transaction() as session:
            audit.write_look(session, now, caller, subject=f"home:{code}", home_id=home.id)
    return view


def _shows_medical(view: HomeOut) -> bool:
    return any(resident.medical is not None for resident in view.residents) or has_health_values(view.devices)


@router.patch("/homes/{code}", responses=refusals(NO_HOME, InvalidInputError("unknown_area"), InvalidInputError("field_required")))
def change_home(code: str, wanted: HomeChange, caller: Changer, deps: Using) -> HomeOut:
    """Change what is known of a home."""
    now = deps.clock.now()
    with deps.database.transaction() as session:
        home = service.change_home(session, code, wanted, now, caller)
        view = home_view(session, home, caller, now, deps.settings.timezone)
        if _shows_medical(view):
            audit.write_look(session, now, caller, subject=f"home:{code}", home_id=home.id)
        return view


@router.get("/homes/{code}/day", responses=refusals(NO_HOME))
def read_day(code: str, caller: Seer, deps: Using, hours: Annotated[int, Query(ge=1, le=168)] = 24) -> Day:
    """The last hours of a home as a picture, with a sentence that says it in words; vitals only where they may be seen."""
    now = deps.clock.now()
    with deps.database.snapshot() as session:
        home = store.find_home(session, code, caller.scope)
        with_health = caller.may_see_medical(home.id)
        home_id = home.id
        told = day_of(session, home, now, hours, deps.settings.timezone)
    day = with_vitals(told, deps.readings) if with_health else told.day
    if day.vitals:
        with deps.database.transaction() as session:
            audit.write_look(session, now, caller, subject=f"day:{code}", home_id=home_id)
    return day
