"""Entering afterwards what was done on paper while the console was down.

Each act goes through the same table of transitions as on the console, and the timeline keeps both: when it was done, and
when and by whom it was entered. Everything of one sheet commits together, so that a death in between enters nothing and
an incident entered as already over never rings in between. The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.claim import acknowledge
from alerts.acts.ending import Ending, close, resolve
from alerts.acts.record import ByHand, note, open_by_hand
from alerts.acts.response import Responder, dispatch, on_scene
from alerts.acts.taking import incident_by_id, renew_claim, take, tell_families
from alerts.batch import JOINABLE
from alerts.changes import record_incident
from alerts.model import Incident, IncidentState, TimelineEntry
from alerts.timeline import Act, tell
from core.errors import InvalidInputError

LONGEST_BACK = timedelta(days=7)
"""A sheet is entered when the console is back; what is older than a week is a matter for the report, not for the record."""
_STEPS = (Act.OPENED, Act.ACKNOWLEDGED, Act.DISPATCHED, Act.ON_SCENE, Act.RESOLVED, Act.CLOSED)


@dataclass(frozen=True, slots=True)
class Done:
    """One line of the paper: what was done and when, with what that act asks for."""

    act: Act
    done_at: datetime
    note: str | None = None
    responder: Responder | None = None
    reason: str | None = None


def open_afterwards(session: Session, home_id: int, by: By, what: ByHand, done: Sequence[Done]) -> Incident:
    """Open an incident that happened earlier, and enter what was done about it.

    InvalidInputError `happened_at_in_future`, `happened_at_too_old`, `happened_at_missing`, and those of `enter`.
    """
    if what.happened_at is None:
        raise InvalidInputError("happened_at_missing")
    if what.happened_at > by.now:
        raise InvalidInputError("happened_at_in_future", at=str(what.happened_at))
    if what.happened_at < by.now - LONGEST_BACK:
        raise InvalidInputError("happened_at_too_old", at=str(what.happened_at), days=LONGEST_BACK.days)
    over = any(one.act in {Act.RESOLVED, Act.CLOSED} for one in done)
    incident = open_by_hand(session, home_id, by, replace(what, is_over=over))
    return enter(session, incident.id, by, done)


def enter(session: Session, incident_id: int, by: By, done: Sequence[Done]) -> Incident:
    """Enter what was done about an incident, in its order; all of it or nothing.

    InvalidInputError `done_at_in_future`, `done_at_too_old`, `done_at_out_of_order`, `reason_missing`, `note_missing`;
    ConflictError as on the console.
    """
    incident = incident_by_id(session, incident_id)
    latest = _latest_on_paper(session, incident)
    news = next((index for index in range(len(done) - 1, -1, -1) if done[index].act != Act.NOTED), None)
    for index, one in enumerate(done):
        _check(one, latest, by.now)
        latest = latest if one.act == Act.NOTED else one.done_at
        _ACTS[one.act](session, incident_id, replace(by, done_at=one.done_at, is_news=index == news), one)
    return incident


def _check(one: Done, latest: datetime | None, now: datetime) -> None:
    if one.done_at > now:
        raise InvalidInputError("done_at_in_future", at=str(one.done_at))
    if one.done_at < now - LONGEST_BACK:
        raise InvalidInputError("done_at_too_old", at=str(one.done_at), days=LONGEST_BACK.days)
    if one.act != Act.NOTED and latest is not None and one.done_at < latest:
        raise InvalidInputError("done_at_out_of_order", at=str(one.done_at), after=str(latest))
    if one.act == Act.CLOSED and one.reason is None:
        raise InvalidInputError("reason_missing")
    if one.act == Act.NOTED and one.note is None:
        raise InvalidInputError("note_missing")


def _latest_on_paper(session: Session, incident: Incident) -> datetime | None:
    """Paper is compared with paper only: what was done on the console meanwhile was done after it."""
    query = sa.select(sa.func.max(TimelineEntry.done_at, type_=TimelineEntry.done_at.type))
    return session.scalar(query.where(TimelineEntry.incident_id == incident.id, TimelineEntry.act.in_(_STEPS)))


def _acknowledge(session: Session, incident_id: int, by: By, done: Done) -> None:
    """Take it as it was taken on paper; one that somebody took on the console since keeps its owner and state."""
    incident = incident_by_id(session, incident_id)
    if incident.state == IncidentState.OPEN or incident.state not in JOINABLE:
        acknowledge(session, incident_id, by)
    else:
        take(session, incident, by)
        if incident.state == IncidentState.ACKNOWLEDGED:
            renew_claim(incident, by.now, by.settings)
        tell(session, incident, Act.ACKNOWLEDGED, by.now, actor=by.actor, done_at=by.done_at, again=True)
        tell_families(session, incident, Act.ACKNOWLEDGED, by)
        record_incident(session, incident, by.now)
    if done.note:
        note(session, incident_id, by, done.note)


def _dispatch(session: Session, incident_id: int, by: By, done: Done) -> None:
    dispatch(session, incident_id, by, done.responder or Responder(), done.note)


def _on_scene(session: Session, incident_id: int, by: By, done: Done) -> None:
    on_scene(session, incident_id, by)
    if done.note:
        note(session, incident_id, by, done.note)


def _resolve(session: Session, incident_id: int, by: By, done: Done) -> None:
    resolve(session, incident_id, by, done.note)


def _close(session: Session, incident_id: int, by: By, done: Done) -> None:
    close(session, incident_id, by, Ending(done.reason or "", done.note))


def _note(session: Session, incident_id: int, by: By, done: Done) -> None:
    note(session, incident_id, by, done.note or "")


_ACTS: Mapping[Act, Callable[[Session, int, By, Done], None]] = {
    Act.ACKNOWLEDGED: _acknowledge,
    Act.DISPATCHED: _dispatch,
    Act.ON_SCENE: _on_scene,
    Act.RESOLVED: _resolve,
    Act.CLOSED: _close,
    Act.NOTED: _note,
}

__all__ = ["LONGEST_BACK", "Done", "enter", "open_afterwards"]
