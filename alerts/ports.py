"""The edge of the alerts room: a channel that carries a page to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it. That is not a person's act: escalation goes on."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The provider did not take it. `permanent`: it never will, so trying again is no use."""

    reason: str
    permanent: bool = False


class Channel(Protocol):
    """Sends one page, within some seconds, and never raises for what a provider does."""

    def send(self, target: str, title: str, body: str, idempotency_key: str) -> Sent | NotSent:
        """Carry `title` and `body` to `target`; the key is the same for every attempt of one page."""
        ...


__all__ = ["Channel", "NotSent", "Sent"]
