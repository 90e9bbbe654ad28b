"""The edge of the alerts room: channels that carry a page to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it. That is not a person's act: escalation goes on."""

    provider_id: str | None = None
    """How the provider calls it in its delivery receipts."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The provider did not take it. `permanent`: it never will, so trying again is no use."""

    reason: str
    permanent: bool = False
    retry_after_seconds: float | None = None
    """What the provider asked for; it may wait longer than our own pause, never past the page's deadline."""
    broken: bool = False
    """The address itself can never work (no such number, a browser that is gone): its contact point is marked so."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is carried: texts already written in the person's language."""

    target: str
    """A telephone number, or an address of the channel."""
    title: str
    body: str
    idempotency_key: str
    """The same for every attempt of one page."""
    language: str = "zh-CN"
    link: str | None = None
    """Where the person answers; it is in `body` too, for channels that show it apart."""
    accept_digit: str | None = None
    """For a telephone call: the digit that means "I accept"."""
    critical: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)
    """The contact point's own details (a browser's keys), and facts for signed webhooks; nothing medical."""


class Channel(Protocol):
    """Sends one page, within some seconds, and never raises for what a provider does."""

    def send(self, message: Message) -> Sent | NotSent:
        """One attempt."""
        ...


Channels: TypeAlias = Mapping[str, Channel]
"""Channels by the name a page carries: `sms`, `voice`, `apprise`, `web_push`, `webhook`."""


__all__ = ["Channel", "Channels", "Message", "NotSent", "Sent"]
