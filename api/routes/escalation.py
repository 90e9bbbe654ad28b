"""Escalation policies: which hold, what they ever said, changing them, and whom one would reach now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from alerts.escalation import service
from alerts.escalation.people import About, area_path_of
from alerts.escalation.policy import BUILT_IN, InForce, choose
from alerts.escalation.store import policies_in_force
from api.callers import allowed
from api.deps import Deps, Using
from api.errors import NO_HOME, refusals
from api.schemas.base import SeverityName
from api.schemas.escalation import EscalationPreview, PolicyItem, PolicyList, PolicyOut, PolicyPut
from api.views.escalation import policy_item, policy_view, preview_view
from core.errors import ForbiddenError, InvalidInputError, NotFoundError
from people import store
from people.rights import Caller, Capability

router = APIRouter(tags=["escalation"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_ESCALATION))]
Changer = Annotated[Caller, Depends(allowed(Capability.CHANGE_ESCALATION))]

_NO_POLICY = NotFoundError("policy_not_found")
_EXCEEDS = ForbiddenError("scope_exceeds_own")


@router.get("/escalation/policies", responses=refusals())
def list_policies(caller: Seer, deps: Using) -> PolicyList:
    """Every policy in force; whoever is limited to areas sees the centre's and theirs."""
    with deps.database.snapshot() as session:
        return PolicyList(items=[policy_item(session, one) for one in _visible(session, caller, deps)])


def _visible(session: Session, caller: Caller, deps: Deps) -> list[InForce]:
    own, default = policies_in_force(session, deps.settings)
    seen = [one for one in own if one.area_path is None or _touches(caller, one.area_path)]
    return seen if any(one.frozen.code == BUILT_IN for one in seen) else [*seen, default]


def _touches(caller: Caller, area_path: str) -> bool:
    """Whether it holds in the caller's areas: it lies in them, or they in it."""
    return caller.scope.includes_area(area_path) or any(path.startswith(area_path) for path in caller.scope.area_paths)


@router.get("/escalation/policies/{code}", responses=refusals(_NO_POLICY))
def read_policy(code: str, caller: Seer, deps: Using) -> PolicyOut:
    """A policy with everything it ever said."""
    with deps.database.snapshot() as session:
        return policy_view(session, _find(session, code, caller, deps))


def _find(session: Session, code: str, caller: Caller, deps: Deps) -> InForce:
    found = next((one for one in _visible(session, caller, deps) if one.frozen.code == code), None)
    if found is None:
        raise NotFoundError("policy_not_found", policy=code)
    return found


@router.put(
    "/escalation/policies/{code}",
    responses=refusals(
        InvalidInputError("policy_code_differs"),
        InvalidInputError("unknown_area"),
        InvalidInputError("unknown_roster"),
        InvalidInputError("unknown_user"),
        _EXCEEDS,
    ),
)
def put_policy(code: str, wanted: PolicyPut, caller: Changer, deps: Using) -> PolicyOut:
    """Make a policy say this for every incident that opens from now on; incidents under way keep theirs."""
    if wanted.spec.code != code:
        raise InvalidInputError("policy_code_differs", policy=wanted.spec.code)
    with deps.database.transaction() as session:
        service.save_policy(session, wanted.spec, deps.clock.now(), caller)
        view = policy_view(session, _find(session, code, caller, deps))
    deps.hint(None)
    return view


@router.delete("/escalation/policies/{code}", responses=refusals(_NO_POLICY, _EXCEEDS))
def delete_policy(code: str, caller: Changer, deps: Using) -> PolicyItem | None:
    """End a policy; where it stood in the place of the built-in one, that is given back and answered."""
    with deps.database.transaction() as session:
        service.delete_policy(session, code, deps.clock.now(), caller)
        back = next((one for one in _visible(session, caller, deps) if one.frozen.code == code), None)
        view = None if back is None else policy_item(session, back)
    deps.hint(None)
    return view


@router.get("/escalation/preview", responses=refusals(NO_HOME))
def preview_escalation(
    caller: Seer,
    deps: Using,
    home: Annotated[str, Query(max_length=64, description="Code of a home.")],
    severity: SeverityName = "critical",
) -> EscalationPreview:
    """Who would be told, and when, if an alarm of this severity opened at this home now."""
    with deps.database.snapshot() as session:
        place = store.find_home(session, home, caller.scope)
        own, default = policies_in_force(session, deps.settings)
        path = area_path_of(session, place.id)
        frozen = choose(own, severity, path) or choose([default], severity, path)
        return preview_view(session, frozen, About(place.id, path), deps.clock.now(), deps.settings)
