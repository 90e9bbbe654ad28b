"""An act of a person on an incident over HTTP: sight, right, one transaction with its audit, and the answer read after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts import incidents as acts
from alerts.model import Incident
from alerts.timeline import Act
from api.deps import Deps
from api.incident_rights import check_may_act, only_repairs
from api.schemas.incidents import IncidentDetail
from api.schemas.requests import Dispatch, DoneOnPaper
from api.views.incident_detail import find_incident, incident_detail
from core.errors import InvalidInputError
from people import audit
from people.model import Role, User
from people.rights import Caller

_ON_PAPER: Mapping[str, Act] = {
    "acknowledge": Act.ACKNOWLEDGED,
    "dispatch": Act.DISPATCHED,
    "on_scene": Act.ON_SCENE,
    "resolve": Act.RESOLVED,
    "close": Act.CLOSED,
    "note": Act.NOTED,
}


def act_on(deps: Deps, caller: Caller, incident_id: int, act: str, what: Callable[[Session, acts.By], Incident]) -> IncidentDetail:
    """One act on an incident the caller sees and may work on."""

    def run(session: Session, by: acts.By) -> Incident:
        incident = find_incident(session, incident_id, caller)
        if act != "noted" or caller.role is Role.RESPONDER:
            check_may_act(caller, incident)
        return what(session, by)

    return do(deps, caller, f"incident.{act}", run)


def end_or_repair(
    deps: Deps, caller: Caller, incident_id: int, act: str, ways: tuple[Callable[[Session, acts.By], Incident], ...]
) -> IncidentDetail:
    """An act of whoever works on incidents (the first way), or of an installer on their faults (the second)."""
    work, repair = ways
    if not only_repairs(caller):
        return act_on(deps, caller, incident_id, act, work)

    def run(session: Session, by: acts.By) -> Incident:
        find_incident(session, incident_id, caller)
        return repair(session, by)

    return do(deps, caller, f"incident.{act}", run)


def responder_of(session: Session, wanted: Dispatch | DoneOnPaper) -> acts.Responder:
    """Who is sent; InvalidInputError `responder_not_found` for a user name that is no responder's."""
    if wanted.responder is None:
        return acts.Responder(name=wanted.responder_name)
    named = sa.select(User).where(User.username == wanted.responder, User.role == Role.RESPONDER, User.disabled_at.is_(None))
    user = session.scalar(named)
    if user is None:
        raise InvalidInputError("responder_not_found", responder=wanted.responder)
    return acts.Responder(id=user.id, name=user.name)


def done_on_paper(session: Session, lines: Sequence[DoneOnPaper]) -> list[acts.Done]:
    """The lines of the paper as acts."""
    return [
        acts.Done(
            act=_ON_PAPER[line.act],
            done_at=line.done_at,
            note=line.note,
            responder=responder_of(session, line) if line.act == "dispatch" else None,
            reason=line.reason,
        )
        for line in lines
    ]


def do(deps: Deps, caller: Caller, action: str, run: Callable[[Session, acts.By], Incident]) -> IncidentDetail:
    """One transaction with its audit entries; the answer is read after it, so that alarms do not wait for reading."""

    def run_and_audit(session: Session, by: acts.By) -> int:
        incident = run(session, by)
        session.flush()
        audit.write(session, by.now, caller, action, subject=f"incident:{incident.number}", home_id=incident.home_id)
        if incident.home_id is not None and caller.may_see_medical(incident.home_id):
            audit.write_look(session, by.now, caller, subject=f"incident:{incident.number}", home_id=incident.home_id)
        return incident.id

    incident_id = deps.desk.do(acts.Actor(caller.user_id, caller.name), run_and_audit)
    with deps.database.snapshot() as session:
        incident = session.get_one(Incident, incident_id)
        return incident_detail(session, incident, caller, deps.clock.now(), deps.settings.timezone)
