"""How people are reached: contact points, browsers, test pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import InstantIn, InstantOut, Out
from people.schemas import In

PageChannel = Literal["sms", "voice", "apprise", "web_push", "webhook"]
PageTestState = Literal["scheduled", "sent", "answered", "unanswered", "failed"]


class ContactPointOut(Out):
    """One way to reach somebody. Of an address that carries secrets only its service is shown."""

    id: int
    channel: PageChannel
    address: str
    label: str | None
    language: str | None
    order: int
    broken_at: InstantOut | None
    broken_reason: str | None


class ContactPointList(Out):
    """Those of one person, in the order they are used."""

    items: list[ContactPointOut]


class PageTestWanted(In):
    """When to send a test page; now when it is left out."""

    at: InstantIn | None = None


class PageTestOut(Out):
    """One test page."""

    id: int
    contact_point_id: int
    person_name: str | None
    channel: PageChannel
    address: str
    label: str | None
    state: PageTestState
    due_at: InstantOut | None
    sent_at: InstantOut | None
    answered_at: InstantOut | None
    answered_after_seconds: float | None
    window_seconds: int
    created_by: str | None
    error: str | None


class PageTestSummary(Out):
    """Of the tests that are over: how many were answered, and how fast."""

    over: int
    answered: int
    unanswered: int
    failed: int
    answered_percent: float | None
    median_seconds: float | None
    p90_seconds: float | None


class PageTestList(Out):
    """The report, newest first."""

    items: list[PageTestOut]
    summary: PageTestSummary


class WebPushKey(Out):
    """What a browser subscribes with (VAPID, base64url)."""

    key: str


class Endpoint(In):
    """A browser's subscription."""

    endpoint: Annotated[str, Field(max_length=1000)]
