"""What a paged person opens and answers without signing in.

Looking changes nothing, so that a messenger that opens links beforehand answers nothing. All links that are none get one
sentence; whoever tries many has to wait, a link that is one always works.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session

from alerts.acts.answering import Opened, answer_by_link, open_page
from alerts.model import Incident
from alerts.paging.render import facts_of
from alerts.paging.templates import event_of
from alerts.paging.texts import Reader, values
from api.deps import Deps, Using
from api.errors import refusals
from api.schemas.answers import AnswerGiven, AnswerPage
from api.schemas.base import ErrorContent
from core.errors import ConflictError, NotFoundError, TooManyAttemptsError
from core.messages import language_of, text
from people.model import User

router = APIRouter(tags=["answers"])

Token = Annotated[str, Path(max_length=200)]
_UNKNOWN = NotFoundError("answer_link_unknown")
_REFUSED = (
    ConflictError("answer_link_used"),
    ConflictError("answer_link_expired"),
    ConflictError("already_taken"),
    ConflictError("answer_incident_over"),
    ConflictError("answer_not_possible"),
    ConflictError("answer_not_yours"),
)

_NOT_THEIRS = frozenset({"answer_link_expired", "answer_not_yours"})
"""A link that is over, or whose holder works here no longer, tells no more of who and where."""


@router.get("/answers/{token}", responses=refusals(_UNKNOWN, TooManyAttemptsError(), signed_in=False))
def read_answer_page(token: Token, request: Request, deps: Using) -> AnswerPage:
    """One page: who, where, what, since when, and what may be answered now."""
    now = deps.clock.now()
    with deps.database.snapshot() as session:
        try:
            opened = open_page(session, token, now)
        except NotFoundError:
            _count(request, deps)
            raise
        return _view(session, opened, request, deps)


@router.post("/answers/{token}", responses=refusals(_UNKNOWN, *_REFUSED, TooManyAttemptsError(), signed_in=False))
def give_answer(token: Token, wanted: AnswerGiven, request: Request, deps: Using) -> AnswerPage:
    """Answer once. Who of the staff accepts takes the incident; anybody else's answer is noted."""
    try:
        deps.desk.act(lambda session, now: answer_by_link(session, token, wanted.answer, now, deps.settings))
    except NotFoundError:
        _count(request, deps)
        raise
    with deps.database.snapshot() as session:
        return _view(session, open_page(session, token, deps.clock.now()), request, deps)


def _count(request: Request, deps: Deps) -> None:
    """A link that is none: TooManyAttemptsError for an address that tried many."""
    address = request.client.host if request.client is not None else "unknown"
    seconds = deps.clock.monotonic_seconds()
    wait = deps.answer_attempts.wait_seconds(f"link:{address}", address, seconds)
    if wait > 0:
        raise TooManyAttemptsError(wait_seconds=int(wait) + 1)
    deps.answer_attempts.failed(f"link:{address}", address, seconds)


def _nobody(told: Mapping[str, str]) -> dict[str, str]:
    return {**told, "who": "", "where": "", "what": ""}


def _view(session: Session, opened: Opened, request: Request, deps: Deps) -> AnswerPage:
    page = opened.page
    reader_language = language_of(request.headers.get("accept-language"))
    language = reader_language if page.language is None else page.language
    facts = facts_of(session, page, deps.clock.now())
    told = values(facts, Reader(language, deps.settings.timezone))
    incident = None if page.incident_id is None else session.get(Incident, page.incident_id)
    owner = None if incident is None or incident.owner_id is None else session.get(User, incident.owner_id)
    refusal = opened.refusal
    told, owner = (_nobody(told), None) if refusal is not None and refusal.code in _NOT_THEIRS else (told, owner)
    return AnswerPage(
        kind=cast("Any", event_of(page.cause)),
        centre=facts.centre,
        centre_phone=facts.phone,
        person=page.person_name,
        number=facts.number,
        drill=facts.drill,
        test=facts.test,
        who=told["who"],
        where=told["where"] if incident is not None else "",
        what=told["what"] if incident is not None else "",
        incident_kind=None if incident is None or not told["what"] else incident.kind,
        since=None if incident is None else facts.opened_at,
        step=facts.step,
        state=None if incident is None else incident.state,
        owner=None if owner is None else owner.name,
        language=cast("Any", language),
        can=cast("Any", list(opened.can)),
        given=cast("Any", opened.given),
        refusal=None
        if refusal is None
        else ErrorContent(code=refusal.code, message=text(refusal.code, reader_language, refusal.details), details=refusal.details),
    )
