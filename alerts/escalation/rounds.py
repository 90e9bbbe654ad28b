"""Rounds: each time an incident begins to ask for somebody, the steps of its policy are counted from there.

A round begins at opening, and after a release, an expired claim, a reopening, or a new alarm on an incident somebody had
taken. While one runs, a repeat changes nothing, and getting worse may only bring the next step nearer. The clock is a
column; a process that dies leaves it as it was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.escalation.pages import Errand, is_critical, write_pages
from alerts.escalation.people import Recipient
from alerts.escalation.policy import CAUSES, NOBODY_WATCHING, NOT_ACKNOWLEDGED, Frozen, freeze, thaw
from alerts.escalation.store import policy_for
from alerts.escalation.ways import Way
from alerts.model import Incident, IncidentState
from alerts.paging.model import Page
from core.config import Settings

REST = timedelta(seconds=30)
"""Whoever was paged of an incident this lately is not paged again because somebody took it and gave it back."""
_WAITING = ("pending", "claimed")


def is_ringing(incident: Incident) -> bool:
    """Whether it asks for somebody now: nobody took it, or it got worse since."""
    return incident.state == IncidentState.OPEN or incident.ring_due_at is not None


def arm(session: Session, incident: Incident, now: datetime, settings: Settings, *, watched: bool) -> None:
    """Give an incident that rings the clock of its policy, never a later one than it has; page now when nobody watches."""
    frozen = policy_for(session, incident, settings)
    if frozen is None:
        disarm(incident)
        return
    latest = incident.escalation_due_at
    if latest is None or not frozen.same_policy(read_policy(incident)):
        _begin(session, incident, frozen, now, latest)
    if not watched and is_critical(incident):
        _hurry_unwatched(session, incident, now, settings)


def disarm(incident: Incident) -> None:
    """Nobody is paged for it: it has no policy."""
    incident.policy = None
    incident.escalation_due_at = None


def read_policy(incident: Incident) -> Frozen | None:
    """The frozen policy; None where there is none, or it cannot be read."""
    try:
        return thaw(incident.policy)
    except (ValueError, KeyError, TypeError):
        return None


def _begin(session: Session, incident: Incident, frozen: Frozen, now: datetime, latest: datetime | None) -> None:
    was_asking = latest is not None
    first_after = frozen.due_at(0, now) - now
    due_at = now + first_after
    if incident.escalation_round > 0 and not was_asking:
        _give_up_waiting(session, incident)
        due_at = max(due_at, _rested_at(session, incident, now))
    if latest is not None:
        due_at = min(due_at, latest)
    incident.policy = freeze(frozen)
    incident.escalation_round += 1
    incident.escalation_step = 0
    incident.escalation_from_at = due_at - first_after
    incident.escalation_due_at = due_at


def _hurry_unwatched(session: Session, incident: Incident, now: datetime, settings: Settings) -> None:
    """Nobody has the queue before their eyes: the first step is due now, and the fallback addresses are paged with this."""
    frozen = read_policy(incident)
    if frozen is None or incident.escalation_step > 0 or frozen.cause == NOBODY_WATCHING:
        return
    if incident.escalation_round > 1 and _rested_at(session, incident, now) > now:
        return
    frozen = replace(frozen, cause=NOBODY_WATCHING)
    incident.policy = freeze(frozen)
    incident.escalation_from_at = now - (frozen.due_at(0, now) - now)
    incident.escalation_due_at = now
    for number, step in enumerate(frozen.spec.steps):
        if any(target.who == "fallback" for target in step.targets):
            addresses = [Recipient(None, None, (Way("apprise", url),)) for url in settings.fallback_urls]
            write_pages(session, incident, addresses, errand_of(incident, frozen, number), now)


def errand_of(incident: Incident, frozen: Frozen, number: int) -> Errand:
    """What the pages of a step are for."""
    critical = is_critical(incident)
    return Errand(
        cause=frozen.cause,
        scope=f"{incident.escalation_round}:{number}",
        deadline=timedelta(seconds=frozen.spec.steps[number].retry_for_seconds),
        step=number,
        round=incident.escalation_round,
        critical=critical,
        bundles=not critical,
    )


def repeat_round(incident: Incident, frozen: Frozen, now: datetime) -> None:
    """Every step was taken and nobody came: take them again, from now."""
    again = frozen.again()
    incident.policy = freeze(again)
    incident.escalation_round += 1
    incident.escalation_step = 0
    incident.escalation_from_at = now
    incident.escalation_due_at = again.due_at(0, now)


def _rested_at(session: Session, incident: Incident, now: datetime) -> datetime:
    """When those who were paged of it lately may be paged again."""
    lately = sa.select(sa.func.max(Page.sent_at)).where(Page.incident_id == incident.id, Page.cause.in_(CAUSES))
    last = session.scalar(lately)
    return now if last is None else max(now, last + REST)


def _give_up_waiting(session: Session, incident: Incident) -> None:
    """What an earlier round did not get sent is no longer asked for: the new one asks again."""
    old = sa.update(Page).where(Page.incident_id == incident.id, Page.cause.in_(CAUSES), Page.state.in_(_WAITING))
    session.execute(old.values(state="given_up", error="superseded").execution_options(synchronize_session="fetch"))


def give_up_step(session: Session, incident: Incident, number: int) -> None:
    """A step of this round has its pages: what the same step of earlier rounds did not get sent would be said twice."""
    earlier = sa.and_(Page.step == number, Page.round < incident.escalation_round)
    old = sa.update(Page).where(Page.incident_id == incident.id, earlier, Page.cause.in_(CAUSES), Page.state.in_(_WAITING))
    session.execute(old.values(state="given_up", error="superseded").execution_options(synchronize_session="fetch"))


__all__ = ["NOT_ACKNOWLEDGED", "REST", "arm", "disarm", "errand_of", "give_up_step", "is_ringing", "read_policy", "repeat_round"]
