"""The ways one person is reached for a page, in order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.escalation.schemas import Channel
from core.config import Settings

_ALWAYS: frozenset[str] = frozenset({"apprise", "web_push", "webhook"})
_PHONE: tuple[Channel, ...] = ("voice", "sms")
_WORDS: tuple[Channel, ...] = ("sms", "voice")


@dataclass(frozen=True, slots=True)
class Way:
    """One number, account or browser."""

    channel: str
    address: str
    contact_point_id: int | None = None
    language: str | None = None


def usable_channels(settings: Settings) -> frozenset[str]:
    """The channels this centre can send over at all."""
    phone = {"sms": settings.sms_provider, "voice": settings.voice_provider}
    return _ALWAYS | {name for name, provider in phone.items() if provider != "none"}


def ways_of(
    points: Sequence[Way], phone: str | None, wanted: Sequence[str], usable: AbstractSet[str], *, aloud: bool = True
) -> tuple[Way, ...]:
    """A person's ways over the `wanted` channels, in their order (none: all, in the person's own order).

    Without a contact point of their own the telephone number is used, called first; with `aloud` False, for news that
    does not ask for anything, a text message comes first and a call last.
    """
    own = list(points)
    if not own and phone:
        own = [Way(channel, phone) for channel in (_PHONE if aloud else _WORDS)]
    own = [way for way in own if way.channel in usable]
    if wanted:
        own = sorted((way for way in own if way.channel in wanted), key=lambda way: wanted.index(way.channel))
    elif not aloud:
        own = sorted(own, key=lambda way: way.channel == "voice")
    return tuple(own)


def way_to_address(address: str) -> Way:
    """An address of the settings or of a policy: a webhook when it is a plain web address, else Apprise's."""
    return Way("webhook" if address.startswith(("http://", "https://")) else "apprise", address)


def is_available(windows: Sequence[Any] | None, local: datetime) -> bool:
    """Whether a contact may be called now: `[{"days": [1, …, 7], "from": "08:00", "to": "22:00"}]`, over midnight too.

    None, an empty list, and whatever cannot be read mean always: in doubt somebody is called.
    """
    if not windows:
        return True
    try:
        return any(_is_inside(window, local) for window in windows)
    except (TypeError, ValueError, KeyError, AttributeError):
        return True


def _is_inside(window: Any, local: datetime) -> bool:
    at = local.strftime("%H:%M")
    days, since, until = window.get("days") or range(1, 8), window["from"], window["to"]
    today, yesterday = local.isoweekday(), (local.isoweekday() - 2) % 7 + 1
    if since < until:
        return today in days and since <= at < until
    return (today in days and at >= since) or (yesterday in days and at < until)


__all__ = ["Way", "is_available", "usable_channels", "way_to_address", "ways_of"]
