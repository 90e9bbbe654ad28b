"""Who may work on which incident: `people.rights` applied to one that the caller sees."""

from __future__ import annotations

from sqlalchemy.orm import Session

from alerts import incidents as acts
from alerts.model import Incident
from core.errors import ForbiddenError
from people.rights import Caller, Capability


def check_may_act(caller: Caller, incident: Incident) -> None:
    """Doctors work on doctor calls, responders on what they were sent to, operators on everything."""
    if _handles(caller, incident):
        return
    if caller.can(Capability.SERVE_DISPATCHED) and incident.responder_id == caller.user_id:
        return
    raise ForbiddenError


def only_repairs(caller: Caller) -> bool:
    """Whether what the caller may end is a fault that is meant for installers, and nothing else."""
    works = caller.can(Capability.ACT_ON_INCIDENTS) or caller.can(Capability.ANSWER_DOCTOR_CALLS)
    return caller.can(Capability.CLOSE_FAULTS) and not works


def may_close(session: Session, caller: Caller, incident: Incident) -> bool:
    """Whether it is the caller's to close, for the pages; the act judges again."""
    if only_repairs(caller):
        return acts.is_repairable(session, incident)
    return _handles(caller, incident)


def _handles(caller: Caller, incident: Incident) -> bool:
    if caller.can(Capability.ACT_ON_INCIDENTS):
        return True
    return caller.can(Capability.ANSWER_DOCTOR_CALLS) and incident.kind == "doctor_call"
