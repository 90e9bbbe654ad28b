"""Whose homes a rule reaches: what it names must exist, and nobody changes rules beyond their own areas.

A rule that names nothing is the whole centre's. Whoever is limited to areas sees it and cannot change it; rules of other
areas do not exist for them.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.ruleset.schemas import Applies
from core.errors import ForbiddenError, InvalidInputError
from people.model import Resident
from people.rights import Caller, Scope
from people.store import areas_by_code, homes_by_code

_EVERYTHING = Scope(whole_centre=True)


def check_names(session: Session, applies: Applies, actor: Caller | str) -> None:
    """InvalidInputError `unknown_area`, `unknown_home` or `unknown_resident`, also where they lie outside the actor's scope."""
    scope = _scope(actor)
    areas = areas_by_code(session, applies.areas)
    for code in applies.areas:
        if code not in areas or not (scope.includes_area(areas[code].path) or _above(areas[code].path, scope)):
            raise InvalidInputError("unknown_area", area=code)
    homes = homes_by_code(session, applies.homes, scope)
    for code in applies.homes:
        if code not in homes:
            raise InvalidInputError("unknown_home", home=code)
    if _residents_inside(session, applies, scope) != set(applies.residents):
        raise InvalidInputError("unknown_resident")


def check_reach(session: Session, applies: Applies, actor: Caller | str) -> None:
    """ForbiddenError `scope_exceeds_own` when a rule reaches homes the actor is not responsible for."""
    scope = _scope(actor)
    if scope.whole_centre:
        return
    # Everything that is named must match, so that one kind of name inside the scope is enough.
    areas = areas_by_code(session, applies.areas)
    inside = (
        (bool(applies.areas) and all(code in areas and scope.includes_area(areas[code].path) for code in applies.areas))
        or (bool(applies.homes) and set(applies.homes) == set(homes_by_code(session, applies.homes, scope)))
        or (bool(applies.residents) and set(applies.residents) == _residents_inside(session, applies, scope))
    )
    if not inside:
        raise ForbiddenError("scope_exceeds_own")


def is_seen(session: Session, applies: Applies, actor: Caller | str) -> bool:
    """Whether a rule concerns the actor: it names nothing, or only what lies in or above their scope."""
    if _scope(actor).whole_centre:
        return True
    try:
        check_names(session, applies, actor)
    except InvalidInputError:
        return False
    return True


def _residents_inside(session: Session, applies: Applies, scope: Scope) -> set[int]:
    if not applies.residents:
        return set()
    return set(session.scalars(sa.select(Resident.id).where(Resident.id.in_(applies.residents), scope.of_home(Resident.home_id))))


def _above(path: str, scope: Scope) -> bool:
    return any(own.startswith(path) for own in scope.area_paths)


def _scope(actor: Caller | str) -> Scope:
    return actor.scope if isinstance(actor, Caller) else _EVERYTHING


__all__ = ["check_names", "check_reach", "is_seen"]
