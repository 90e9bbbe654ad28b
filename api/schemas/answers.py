"""What a paged person sees and answers, without signing in; and what providers report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.base import ErrorContent, InstantOut, Out
from people.schemas import In

AnswerName = Literal["accepted", "declined", "received"]


class AnswerPage(Out):
    """One page: who, where, what, since when; what may be answered now, or why nothing may."""

    kind: Literal["alarm", "family_opened", "family_step", "test"]
    centre: str
    centre_phone: str | None
    person: str | None
    number: int | None
    drill: bool
    test: bool
    who: str
    where: str
    what: str
    incident_kind: str | None
    since: InstantOut | None
    step: str | None
    state: str | None
    """Of the incident."""
    owner: str | None
    """Who of the centre has it."""
    language: Literal["zh-CN", "en"]
    can: list[AnswerName]
    given: AnswerName | None
    refusal: ErrorContent | None


class AnswerGiven(In):
    """What the person answers."""

    answer: AnswerName


class Report(BaseModel):
    """What a generic provider reports of one message or call; `key` is the key that was pressed."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(min_length=1, max_length=200)]
    """The provider's own id."""
    idempotency_key: Annotated[str, Field(max_length=200)] | None = None
    """Ours, as it was sent: a report may come before the provider's id is written down."""
    status: Literal["delivered", "read", "undelivered", "invalid_number"] | None = None
    key: Annotated[str, Field(max_length=8)] | None = None


class Reports(BaseModel):
    """Several at once."""

    model_config = ConfigDict(extra="ignore")

    reports: Annotated[list[Report], Field(max_length=1000)]


class ReportsTaken(Out):
    """How many of them told something new; `say` is what a caller should hear after a key."""

    taken: int
    say: str | None


class AliyunAnswer(Out):
    """What Aliyun expects; anything else and it reports again."""

    code: int
    msg: str
