"""What was found and not shown, with its reason: nothing disappears because a mode or a shelf stood before it."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query

from alerts.modes.model import Suppressed
from api.callers import allowed
from api.cursors import read_cursor, write_cursor
from api.deps import Using
from api.errors import NO_HOME, refusals
from api.schemas.modes import BecauseName, SuppressedList
from api.views.modes import suppressed_views
from core.errors import InvalidInputError
from people import store
from people.rights import Caller, Capability

router = APIRouter(tags=["modes"])


@router.get("/suppressed", responses=refusals(NO_HOME, InvalidInputError("invalid_cursor")))
def list_suppressed(  # noqa: PLR0913, PLR0917 a query has that many sides
    caller: Annotated[Caller, Depends(allowed(Capability.SEE_SUPPRESSED))],
    deps: Using,
    home: Annotated[str | None, Query(max_length=64)] = None,
    rule: Annotated[str | None, Query(max_length=60)] = None,
    because: BecauseName | None = None,
    after: Annotated[str | None, Query(description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> SuppressedList:
    """Newest first. What was found in a whole area is shown to whoever sees the whole centre."""
    place = read_cursor(after, int)
    seen = caller.scope.of_home(Suppressed.home_id)
    query = sa.select(Suppressed).where(sa.or_(seen, Suppressed.home_id.is_(None)) if caller.scope.whole_centre else seen)
    if rule is not None:
        query = query.where(Suppressed.rule == rule)
    if because is not None:
        query = query.where(Suppressed.because == because)
    if place is not None:
        query = query.where(Suppressed.id < place[0])
    with deps.database.snapshot() as session:
        if home is not None:
            query = query.where(Suppressed.home_id == store.find_home(session, home, caller.scope).id)
        found = session.scalars(query.order_by(Suppressed.id.desc()).limit(limit + 1)).all()
        items = suppressed_views(session, found[:limit])
    return SuppressedList(items=items, next=write_cursor(items[-1].id) if len(found) > limit else None)
