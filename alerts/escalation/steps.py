"""The clock of escalation: one step of the policy is taken, or skipped at once because nobody can be reached by it.

Inside a small transaction of the pager. Pages and the next clock commit together, so that a death in between takes the
step again and writes nothing twice. Only a person's act ends it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.changes import record_incident
from alerts.escalation.pages import is_critical, write_pages
from alerts.escalation.people import Recipient, about, resolve
from alerts.escalation.policy import CAUSES, Frozen, freeze
from alerts.escalation.rounds import disarm, errand_of, give_up_step, is_ringing, read_policy, repeat_round
from alerts.escalation.store import policy_for
from alerts.escalation.ways import Way
from alerts.model import Incident, TimelineEntry
from alerts.paging.model import Page
from alerts.timeline import Act, tell
from core.config import Settings
from core.failpoints import reach

_WAITING = ("pending", "claimed")
_ADDRESSES = frozenset({"fallback", "second_centre", "address"})


def escalate(session: Session, incident: Incident, now: datetime, settings: Settings) -> None:
    """Take the step that is due; steps that reach nobody are passed over at once."""
    frozen = _policy(session, incident, now, settings)
    if not is_ringing(incident) or frozen is None or not frozen.covers(incident.severity):
        incident.escalation_due_at = None
        return
    number = incident.escalation_step
    if frozen.step(number) is None:
        _end(session, incident, frozen, now)
        return
    reached = False
    passed: list[tuple[int, list[str]]] = []
    while not reached and frozen.step(number) is not None:
        reached, unreachable = _take(session, incident, frozen, number, now, settings)
        if not reached:
            passed.append((number, unreachable))
        number += 1
    incident.escalation_step = number
    incident.escalation_due_at = _next_due(incident, frozen, now)
    nobody = not reached and not _has_pages(session, incident) and not _last_resort(session, incident, frozen, now, settings)
    for one, unreachable in passed:
        if not (nobody and _is_of_addresses(frozen, one)):
            _tell_once(session, incident, Act.NOBODY_ON_DUTY, now, step=one, unreachable=unreachable)
    if nobody:
        _tell_once(session, incident, Act.NOBODY_TO_PAGE, now, cause=frozen.cause)
    record_incident(session, incident, now)
    session.flush()
    reach("escalation.before_commit")


def _next_due(incident: Incident, frozen: Frozen, now: datetime) -> datetime:
    """Steps keep their times from the beginning of the round; the pause before a repetition is whole, also after a delay."""
    due_at = frozen.due_at(incident.escalation_step, incident.escalation_from_at or now)
    if frozen.step(incident.escalation_step) is not None:
        return due_at
    return max(due_at, now + timedelta(seconds=frozen.pause_seconds(critical=is_critical(incident))))


def _policy(session: Session, incident: Incident, now: datetime, settings: Settings) -> Frozen | None:
    """The frozen policy. One that cannot be read is replaced by the one in force, and the timeline says so."""
    frozen = read_policy(incident)
    if frozen is not None:
        return frozen
    frozen = policy_for(session, incident, settings)
    if frozen is None:
        disarm(incident)
        return None
    if incident.policy:
        tell(session, incident, Act.REPAIRED, now, what="policy_unreadable")
    incident.policy = freeze(frozen)
    incident.escalation_step = min(incident.escalation_step, len(frozen.spec.steps) - 1)
    incident.escalation_round = max(incident.escalation_round, 1)
    return frozen


def _take(  # noqa: PLR0913, PLR0917 a step's facts
    session: Session, incident: Incident, frozen: Frozen, number: int, now: datetime, settings: Settings
) -> tuple[bool, list[str]]:
    """Write the pages of one step; whether anybody is reached by it, and whom it meant and cannot reach."""
    step = frozen.spec.steps[number]
    recipients = resolve(session, about(session, incident), step, now, settings)
    reached, new = write_pages(session, incident, recipients, errand_of(incident, frozen, number), now)
    if new:
        give_up_step(session, incident, number)
        tell(session, incident, Act.ESCALATED, now, step=number, round=incident.escalation_round, to=_names(reached), pages=new)
    return bool(reached), _names([one for one in recipients if not one.ways])


def _last_resort(session: Session, incident: Incident, frozen: Frozen, now: datetime, settings: Settings) -> bool:
    """Not one step of the policy reaches anybody: the fallback addresses are paged, whether it names them or not."""
    number = len(frozen.spec.steps) - 1
    addresses = [Recipient(None, None, (Way("apprise", url),)) for url in settings.fallback_urls]
    reached, new = write_pages(session, incident, addresses, errand_of(incident, frozen, number), now)
    if new:
        give_up_step(session, incident, number)
        tell(session, incident, Act.ESCALATED, now, step=number, round=incident.escalation_round, to=_names(reached), pages=new)
    return bool(reached)


def _is_of_addresses(frozen: Frozen, number: int) -> bool:
    """A step of addresses alone: where nothing at all is set up, `nobody_to_page` says enough."""
    return all(target.who in _ADDRESSES for target in frozen.spec.steps[number].targets)


def _names(recipients: list[Recipient]) -> list[str]:
    """People by name; an address by its channel only, since it may hold a secret."""
    return [one.name or (one.ways[0].channel if one.ways else "") for one in recipients]


def _end(session: Session, incident: Incident, frozen: Frozen, now: datetime) -> None:
    """Every step was taken: again from the first, or, where no life is in danger, it rings on without."""
    if frozen.goes_on(critical=is_critical(incident)):
        repeat_round(incident, frozen, now)
    else:
        incident.escalation_due_at = None
        _tell_once(session, incident, Act.POLICY_ENDED, now, round=incident.escalation_round)
    record_incident(session, incident, now)


def _has_pages(session: Session, incident: Incident) -> bool:
    of_round = sa.select(Page.id).where(Page.incident_id == incident.id, Page.round == incident.escalation_round)
    return session.scalar(of_round.limit(1)) is not None


def _tell_once(session: Session, incident: Incident, act: Act, now: datetime, **details: Any) -> None:
    """Say it once for each step of an incident: the same line every round would drown the others."""
    told = sa.select(TimelineEntry.details).where(TimelineEntry.incident_id == incident.id, TimelineEntry.act == act)
    if any((known or {}).get("step") == details.get("step") for known in session.scalars(told)):
        return
    tell(session, incident, act, now, **details)


def page_failed(session: Session, page: Page, incident: Incident, now: datetime) -> None:
    """A page will never arrive, or its person said no: bring the next way, person or step forward to now.

    Somebody who said no is not asked again over their other ways.
    """
    if page.cause not in CAUSES or page.round != incident.escalation_round or not is_ringing(incident):
        return
    of_step = sa.select(Page).where(Page.incident_id == incident.id, Page.round == page.round, Page.step == page.step)
    others = session.scalars(of_step.where(Page.id != page.id).order_by(Page.due_at, Page.id)).all()
    if page.state == "sent":
        others = [one for one in others if not _is_declined(one, page)]
    later = [one for one in others if one.state == "pending" and one.attempts == 0 and one.due_at > now]
    moved = [one for one in later if one.person == page.person] or later
    by = moved[0].due_at - now if moved else timedelta(0)
    for one in moved:
        one.due_at -= by
    if any(one.state in {*_WAITING, "sent"} for one in others):
        return
    due_at = incident.escalation_due_at
    if incident.escalation_step == (page.step or 0) + 1 and due_at is not None and due_at > now and not _is_over(incident):
        incident.escalation_due_at = now


def _is_declined(one: Page, page: Page) -> bool:
    """Whether it goes to the person who said no; what was not sent of it is not sent any more."""
    if one.person is None or one.person != page.person:
        return False
    if one.state == "pending":
        one.state = "given_up"
        one.error = "answered"
    return True


def _is_over(incident: Incident) -> bool:
    frozen = read_policy(incident)
    return frozen is None or frozen.step(incident.escalation_step) is None


__all__ = ["escalate", "page_failed"]
