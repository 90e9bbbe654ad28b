"""Incidents: the queue, the whole story of one, and every act on it. An act is one transaction at the `Desk`."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from alerts import incidents as acts
from alerts.audience import OPERATORS, for_operators
from alerts.model import Incident, IncidentState, Severity
from api.callers import allowed
from api.cursors import read_cursor, write_cursor
from api.deps import Using
from api.errors import NO_HOME, NO_INCIDENT, NOT_ALLOWED_NOW, refusals
from api.incident_acts import act_on, do, done_on_paper, end_or_repair, responder_of
from api.incident_rights import check_may_act
from api.schemas.base import Id
from api.schemas.incidents import IncidentDetail, IncidentList
from api.schemas.requests import Close, Dispatch, Enter, IncidentCreate, Merge, NoteText, OptionalNote, Split
from api.views.incident_detail import audit_look, find_incident, incident_detail
from api.views.incidents import incident_items
from api.visibility import queued_incidents, visible_incidents
from core.errors import ConflictError, ForbiddenError, InvalidInputError
from people import store
from people.model import Area, Home
from people.rights import Caller, Capability

router = APIRouter(tags=["incidents"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_INCIDENTS, Capability.SEE_NOT_LIVE_INCIDENTS))]
Opener = Annotated[Caller, Depends(allowed(Capability.OPEN_INCIDENTS))]
Handler = Annotated[Caller, Depends(allowed(Capability.ACT_ON_INCIDENTS, Capability.ANSWER_DOCTOR_CALLS))]
Server = Annotated[
    Caller, Depends(allowed(Capability.ACT_ON_INCIDENTS, Capability.ANSWER_DOCTOR_CALLS, Capability.SERVE_DISPATCHED))
]
Closer = Annotated[Caller, Depends(allowed(Capability.ACT_ON_INCIDENTS, Capability.ANSWER_DOCTOR_CALLS, Capability.CLOSE_FAULTS))]
Noter = Annotated[Caller, Depends(allowed(Capability.NOTE_INCIDENTS))]

StateFilter = Literal["open", "waiting", "acknowledged", "dispatched", "on_scene", "resolved", "closed", "all"]
ONLY_FAULTS = ForbiddenError("only_faults")
CONDITION_PERSISTS = ConflictError("condition_persists")
ON_PAPER = tuple(
    InvalidInputError(code)
    for code in (
        "happened_at_missing",
        "happened_at_in_future",
        "happened_at_too_old",
        "done_at_in_future",
        "done_at_too_old",
        "done_at_out_of_order",
        "reason_missing",
        "note_missing",
        "responder_not_found",
        "responder_missing",
    )
)
FOR_WHOM = (
    "Those meant for these people, `all`, or `others`: what is not for the operators."
    " Left out: an operator's queue holds what is for operators."
)
AudienceFilter = Literal["operators", "supervisors", "installers", "family", "others", "all"]
_RANK = sa.case({str(severity): severity.rank for severity in Severity}, value=Incident.severity, else_=len(Severity))


@router.get("/incidents", responses=refusals(NO_HOME, InvalidInputError("unknown_area"), InvalidInputError("invalid_cursor")))
def list_incidents(  # noqa: PLR0913, PLR0917 a query has that many sides
    caller: Seer,
    deps: Using,
    state: Annotated[
        StateFilter,
        Query(description="`open` means not closed; `waiting` that nobody has it; the others are the states themselves."),
    ] = "open",
    home: Annotated[str | None, Query(max_length=64)] = None,
    area: Annotated[str | None, Query(max_length=64, description="Code of an area: its whole subtree.")] = None,
    audience: Annotated[AudienceFilter | None, Query(description=FOR_WHOM)] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> IncidentList:
    """What is open, worst and oldest first; with `closed` or `all`, newest first. No filter of time hides an open one."""
    query = sa.select(Incident).where(visible_incidents(caller))
    newest_first = state in {"closed", "all"}
    after = read_cursor(cursor, int) if newest_first else read_cursor(cursor, int, int)
    if state == "open":
        query = query.where(Incident.state != IncidentState.CLOSED)
    elif state != "all":
        query = query.where(Incident.state == (IncidentState.OPEN if state == "waiting" else state))
    if audience is not None:
        query = query.where(_meant_for(audience))
    elif home is None and not newest_first:
        query = query.where(queued_incidents(caller))
    with deps.database.snapshot() as session:
        if home is not None:
            query = query.where(Incident.home_id == store.find_home(session, home, caller.scope).id)
        if area is not None:
            query = query.where(_in_area(session, area, caller))
        if newest_first:
            query = query.order_by(Incident.id.desc())
            query = query if after is None else query.where(Incident.id < after[0])
        else:
            query = query.order_by(_RANK, Incident.id)
            query = query if after is None else query.where(sa.tuple_(_RANK, Incident.id) > sa.tuple_(after[0], after[1]))
        found = session.scalars(query.limit(limit + 1)).all()
        today = deps.clock.now().astimezone(ZoneInfo(deps.settings.timezone)).date()
        items = incident_items(session, found[:limit], today, caller)
    return IncidentList(items=items, next=_next(found[limit - 1], newest_first=newest_first) if len(found) > limit else None)


def _meant_for(audience: AudienceFilter) -> sa.ColumnElement[bool]:
    if audience == "all":
        return sa.true()
    if audience == "others":
        return sa.not_(for_operators())
    return for_operators() if audience == OPERATORS else Incident.audience.contains(audience)


def _next(last: Incident, *, newest_first: bool) -> str:
    return write_cursor(last.id) if newest_first else write_cursor(Severity(last.severity).rank, last.id)


def _in_area(session: Session, code: str, caller: Caller) -> sa.ColumnElement[bool]:
    area = store.areas_by_code(session, [code]).get(code)
    if area is None or not (caller.scope.includes_area(area.path) or caller.scope.home_ids):
        raise InvalidInputError("unknown_area", area=code)
    below = sa.select(Area.id).where(sa.func.substr(Area.path, 1, len(area.path)) == area.path)
    return sa.or_(Incident.home_id.in_(sa.select(Home.id).where(Home.area_id.in_(below))), Incident.area_id.in_(below))


@router.get("/incidents/{incident_id}", responses=refusals(NO_INCIDENT))
def read_incident(incident_id: Id, caller: Seer, deps: Using) -> IncidentDetail:
    """Everything about one incident; a look at medical data is written to the audit."""
    now = deps.clock.now()
    with deps.database.snapshot() as session:
        incident = find_incident(session, incident_id, caller)
        detail = incident_detail(session, incident, caller, now, deps.settings.timezone)
    if any(resident.medical is not None for resident in detail.residents):
        with deps.database.transaction() as session:
            audit_look(session, detail, incident, caller, now)
    return detail


@router.post("/incidents", status_code=201, responses=refusals(InvalidInputError("unknown_home"), NOT_ALLOWED_NOW, *ON_PAPER))
def open_incident(wanted: IncidentCreate, caller: Opener, deps: Using) -> IncidentDetail:
    """Open an incident by hand: a phone call, a walk-in, or what was written on paper while the console was down."""

    def run(session: Session, by: acts.By) -> Incident:
        home = store.homes_by_code(session, [wanted.home], caller.scope).get(wanted.home)
        if home is None:
            raise InvalidInputError("unknown_home", home=wanted.home)
        what = acts.ByHand(wanted.kind, wanted.note, wanted.severity, wanted.drill, wanted.happened_at)
        if wanted.happened_at is None and not wanted.done:
            return acts.open_by_hand(session, home.id, by, what)
        if wanted.done and not caller.can(Capability.ACT_ON_INCIDENTS):
            raise ForbiddenError
        return acts.open_afterwards(session, home.id, by, what, done_on_paper(session, wanted.done))

    return do(deps, caller, "incident.opened", run)


@router.post("/incidents/{incident_id}/enter", responses=refusals(NO_INCIDENT, NOT_ALLOWED_NOW, CONDITION_PERSISTS, *ON_PAPER))
def enter_afterwards(incident_id: Id, wanted: Enter, caller: Handler, deps: Using) -> IncidentDetail:
    """Enter what was done on paper, with the times it was done; the timeline keeps both, and who entered it."""

    def run(session: Session, by: acts.By) -> Incident:
        return acts.enter(session, incident_id, by, done_on_paper(session, wanted.done))

    return act_on(deps, caller, incident_id, "entered", run)


@router.post(
    "/incidents/{incident_id}/acknowledge", responses=refusals(NO_INCIDENT, NOT_ALLOWED_NOW, ConflictError("already_taken"))
)
def acknowledge_incident(incident_id: Id, caller: Handler, deps: Using) -> IncidentDetail:
    """Take it: one person wins, everybody else is told who."""
    return act_on(deps, caller, incident_id, "acknowledged", lambda session, by: acts.acknowledge(session, incident_id, by))


@router.post("/incidents/{incident_id}/release", responses=refusals(NO_INCIDENT, NOT_ALLOWED_NOW))
def release_incident(incident_id: Id, caller: Handler, deps: Using) -> IncidentDetail:
    """Give it back to the queue: it rings again."""
    return act_on(deps, caller, incident_id, "released", lambda session, by: acts.release(session, incident_id, by))


@router.post(
    "/incidents/{incident_id}/dispatch",
    responses=refusals(
        NO_INCIDENT, NOT_ALLOWED_NOW, InvalidInputError("responder_not_found"), InvalidInputError("responder_missing")
    ),
)
def dispatch_incident(incident_id: Id, wanted: Dispatch, caller: Handler, deps: Using) -> IncidentDetail:
    """Send a named responder."""

    def run(session: Session, by: acts.By) -> Incident:
        return acts.dispatch(session, incident_id, by, responder_of(session, wanted), wanted.note)

    return act_on(deps, caller, incident_id, "dispatched", run)


@router.post("/incidents/{incident_id}/on-scene", responses=refusals(NO_INCIDENT, NOT_ALLOWED_NOW))
def arrive_on_scene(incident_id: Id, caller: Server, deps: Using) -> IncidentDetail:
    """The responder is there."""
    return act_on(deps, caller, incident_id, "on_scene", lambda session, by: acts.on_scene(session, incident_id, by))


@router.post("/incidents/{incident_id}/resolve", responses=refusals(NO_INCIDENT, NOT_ALLOWED_NOW))
def resolve_incident(incident_id: Id, caller: Server, deps: Using, wanted: OptionalNote | None = None) -> IncidentDetail:
    """The situation is over; the record still wants its reason."""
    note = None if wanted is None else wanted.note
    return act_on(deps, caller, incident_id, "resolved", lambda session, by: acts.resolve(session, incident_id, by, note))


@router.post(
    "/incidents/{incident_id}/close",
    responses=refusals(
        NO_INCIDENT,
        NOT_ALLOWED_NOW,
        CONDITION_PERSISTS,
        ConflictError("fault_persists"),
        ONLY_FAULTS,
        InvalidInputError("shelf_out_of_range"),
        InvalidInputError("unknown_reason"),
    ),
)
def close_incident(incident_id: Id, wanted: Close, caller: Closer, deps: Using) -> IncidentDetail:
    """Close it with a reason; while the condition is still there only by shelving its alert until a time.

    An installer closes a fault that is meant for them, with what was done, once the device has said that it is well.
    """
    ending = acts.Ending(reason=wanted.reason, note=wanted.note, shelve_until=wanted.shelve_until)
    ways = (
        lambda session, by: acts.close(session, incident_id, by, ending),
        lambda session, by: acts.close_fault(session, incident_id, by, ending),
    )
    return end_or_repair(deps, caller, incident_id, "closed", ways)


@router.post(
    "/incidents/{incident_id}/reopen",
    responses=refusals(
        NO_INCIDENT, NOT_ALLOWED_NOW, ConflictError("another_incident_open"), ONLY_FAULTS, ForbiddenError("not_your_close")
    ),
)
def reopen_incident(incident_id: Id, caller: Closer, deps: Using, wanted: OptionalNote | None = None) -> IncidentDetail:
    """It is not over: it rings again. An installer takes back their own close of a moment ago."""
    note = None if wanted is None else wanted.note
    ways = (
        lambda session, by: acts.reopen(session, incident_id, by, note),
        lambda session, by: acts.reopen_fault(session, incident_id, by, note),
    )
    return end_or_repair(deps, caller, incident_id, "reopened", ways)


@router.post("/incidents/{incident_id}/note", responses=refusals(NO_INCIDENT))
def note_incident(incident_id: Id, wanted: NoteText, caller: Noter, deps: Using) -> IncidentDetail:
    """Add a line to its timeline."""
    return act_on(deps, caller, incident_id, "noted", lambda session, by: acts.note(session, incident_id, by, wanted.text))


@router.post("/incidents/{incident_id}/merge", responses=refusals(NO_INCIDENT, NOT_ALLOWED_NOW, ConflictError("merge_not_allowed")))
def merge_incident(incident_id: Id, wanted: Merge, caller: Handler, deps: Using) -> IncidentDetail:
    """Put it into another of the same home; answers with that one."""

    def run(session: Session, by: acts.By) -> Incident:
        into = find_incident(session, wanted.into, caller)
        check_may_act(caller, into)
        return acts.merge(session, incident_id, by, into.id)

    return act_on(deps, caller, incident_id, "merged", run)


@router.post("/incidents/{incident_id}/split", responses=refusals(NO_INCIDENT, NOT_ALLOWED_NOW, ConflictError("split_not_allowed")))
def split_incident(incident_id: Id, wanted: Split, caller: Handler, deps: Using) -> IncidentDetail:
    """Make an incident of its own of some of its alerts; answers with the new one."""
    return act_on(deps, caller, incident_id, "split", lambda session, by: acts.split(session, incident_id, by, wanted.alerts))
