"""What a paged person answers, by the link of their page or a key of their telephone: each for themselves.

A person of the staff who accepts takes the incident, as on the console: one wins, the next is told who. A contact who
accepts is noted and stops nothing. Declining brings the next way or step forward. A stale, used or expired link is
refused with a sentence, and refusing changes nothing. The caller owns the transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.acts.claim import acknowledge
from alerts.changes import hold_order, record_incident
from alerts.escalation.policy import CAUSES
from alerts.escalation.steps import page_failed
from alerts.model import Incident, IncidentState
from alerts.paging.model import Page, PageAnswer, PageTest, PageToken
from alerts.paging.texts import ACCEPT_DIGIT, DECLINE_DIGIT
from alerts.paging.tokens import find
from alerts.timeline import Act, Actor, tell
from core.config import Settings
from core.errors import ConflictError, NotFoundError, YinlingError
from people.model import Role, User

ACCEPTED = "accepted"
DECLINED = "declined"
RECEIVED = "received"
BY_DIGIT = {ACCEPT_DIGIT: ACCEPTED, DECLINE_DIGIT: DECLINED}

_OVER = frozenset({IncidentState.RESOLVED, IncidentState.CLOSED})
_TEST = "test"
_DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Opened:
    """A page somebody opened by its link: what may be answered now, or why nothing may."""

    page: Page
    can: tuple[str, ...]
    given: str | None
    refusal: YinlingError | None


def open_page(session: Session, token: str, now: datetime) -> Opened:
    """Look at a page by its link, changing nothing; NotFoundError `answer_link_unknown`."""
    row = find(session, token)
    if row is None:
        raise NotFoundError("answer_link_unknown")
    page = session.get_one(Page, row.page_id)
    given = session.scalar(sa.select(PageAnswer.answer).where(PageAnswer.page_id == page.id))
    try:
        _check_token(row, now)
        _check_page(session, page)
    except YinlingError as refusal:
        return Opened(page, (), given, refusal)
    return Opened(page, answers_to(page), given, None)


def answers_to(page: Page) -> tuple[str, ...]:
    """What may be answered to a page at all: news is only received."""
    return (ACCEPTED, DECLINED) if page.cause in CAUSES else (RECEIVED,)


def answer_by_link(session: Session, token: str, answer: str, now: datetime, settings: Settings) -> PageAnswer:
    """Answer once; NotFoundError `answer_link_unknown`, ConflictError with its own code for each reason why not."""
    hold_order(session)
    row = find(session, token, lock=True)
    if row is None:
        raise NotFoundError("answer_link_unknown")
    _check_token(row, now)
    page = session.get_one(Page, row.page_id)
    return _answer(session, page, answer, "link", By(Actor(0, ""), now, settings))


def answer_by_key(session: Session, page: Page, digit: str, now: datetime, settings: Settings) -> PageAnswer:
    """Answer a telephone call by its key; ConflictError as by link, and `answer_not_possible` for a key that means nothing."""
    hold_order(session)
    answer = BY_DIGIT.get(digit)
    if answer is None or (answer == DECLINED and page.cause not in CAUSES):
        raise ConflictError("answer_not_possible")
    if now > (page.sent_at or page.due_at) + timedelta(hours=settings.page_link_hours):
        raise ConflictError("answer_link_expired")
    return _answer(session, page, answer if page.cause in CAUSES else RECEIVED, "key", By(Actor(0, ""), now, settings))


def undelivered(session: Session, page: Page, now: datetime) -> None:
    """The provider could not deliver a page: whoever comes next is paged now, as after any page that will not arrive."""
    if page.incident_id is not None and not _given(session, page):
        page_failed(session, page, session.get_one(Incident, page.incident_id), now)


def _check_token(row: PageToken, now: datetime) -> None:
    if row.used_at is not None:
        raise ConflictError("answer_link_used")
    if now >= row.expires_at:
        raise ConflictError("answer_link_expired")


def _check_page(session: Session, page: Page) -> None:
    """Whether this page may be answered now, whoever holds it."""
    if page.cause == _DIGEST:
        raise ConflictError("answer_not_possible")
    if _given(session, page):
        raise ConflictError("answer_link_used")
    if page.incident_id is None:
        return
    incident = session.get_one(Incident, page.incident_id)
    if page.cause not in CAUSES:
        return
    if incident.state in _OVER:
        raise ConflictError("answer_incident_over", number=incident.number)
    user = _user(session, page)
    if user is not None and _is_anothers(incident, user):
        owner = session.get(User, incident.owner_id)
        raise ConflictError("already_taken", state=incident.state, owner=None if owner is None else owner.name)


def _given(session: Session, page: Page) -> bool:
    return session.scalar(sa.select(PageAnswer.id).where(PageAnswer.page_id == page.id).limit(1)) is not None


def _is_anothers(incident: Incident, user: User) -> bool:
    return incident.state != IncidentState.OPEN and incident.owner_id not in {None, user.id}


def _user(session: Session, page: Page) -> User | None:
    """The person of the staff it was sent to; ConflictError `answer_not_yours` for one who may not act any more."""
    kind, _, number = (page.person or "").partition(":")
    if kind != "user":
        return None
    user = session.get(User, int(number))
    if user is None or user.disabled_at is not None or user.role == Role.FAMILY:
        raise ConflictError("answer_not_yours")
    return user


def _answer(session: Session, page: Page, answer: str, via: str, by: By) -> PageAnswer:
    """`by` carries the moment and the settings; who acts is the person the page was sent to."""
    session.refresh(page, with_for_update=True)
    incident = None if page.incident_id is None else session.get(Incident, page.incident_id, populate_existing=True)
    _check_page(session, page)
    if answer not in answers_to(page):
        raise ConflictError("answer_not_possible")
    user = _user(session, page)
    if answer == ACCEPTED and user is not None and incident is not None:
        _take(session, incident, By(Actor(user.id, user.name), by.now, by.settings))
    given = PageAnswer(
        page_id=page.id,
        incident_id=page.incident_id,
        person=page.person,
        person_name=page.person_name,
        answer=answer,
        via=via,
        at=by.now,
    )
    session.add(given)
    session.execute(sa.update(PageToken).where(PageToken.page_id == page.id, PageToken.used_at.is_(None)).values(used_at=by.now))
    if page.cause == _TEST:
        _end_test(session, page, by.now)
    if incident is not None:
        actor = None if user is None else Actor(user.id, user.name)
        told: dict[str, Any] = {"page": page.id, "answer": answer, "via": via, "person": page.person_name}
        tell(session, incident, Act.PAGE_ANSWERED, by.now, actor=actor, **told)
        if answer == DECLINED:
            _decline(session, page, incident, by.now)
        record_incident(session, incident, by.now)
    session.flush()
    return given


def _take(session: Session, incident: Incident, by: By) -> None:
    """Acknowledge for this person; nothing is left to take when it is theirs already."""
    is_theirs = incident.owner_id == by.actor.id and incident.state != IncidentState.OPEN and incident.ring_due_at is None
    if not is_theirs:
        acknowledge(session, incident.id, by)


def _decline(session: Session, page: Page, incident: Incident, now: datetime) -> None:
    """This person is not asked again over another way; the next way, person or step comes at once."""
    waiting = sa.update(Page).where(
        Page.incident_id == incident.id,
        Page.person == page.person,
        Page.round == page.round,
        Page.state == "pending",
        Page.id != page.id,
    )
    if page.person is not None:
        session.execute(waiting.values(state="given_up", error="declined"))
    page_failed(session, page, incident, now)


def _end_test(session: Session, page: Page, now: datetime) -> None:
    query = sa.select(PageTest).where(PageTest.page_id == page.id, PageTest.state == "sent")
    for test in session.scalars(query):
        test.state = "answered"
        test.answered_at = now
        test.due_at = None


__all__ = [
    "ACCEPTED",
    "BY_DIGIT",
    "DECLINED",
    "RECEIVED",
    "Opened",
    "answer_by_key",
    "answer_by_link",
    "answers_to",
    "open_page",
    "undelivered",
]
