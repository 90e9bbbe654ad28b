"""What is sent about the ways to reach a person: checked here, once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from people.schemas import In

ChannelName = Literal["sms", "voice", "apprise", "webhook"]
"""Channels a person of the staff may enter; a browser enters itself."""
LanguageName = Literal["zh-CN", "en"]
Address = Annotated[str, Field(min_length=2, max_length=1000)]
Label = Annotated[str, Field(max_length=60)]
Place = Annotated[int, Field(ge=1, le=100)]
Base64Url = Annotated[str, Field(min_length=10, max_length=200, pattern=r"^[A-Za-z0-9_\-]+={0,2}$")]


class PointCreate(In):
    """A number, account or address of one person."""

    channel: ChannelName
    address: Address
    label: Label | None = None
    language: LanguageName | None = None
    order: Place = 1


class PointChange(In):
    """What is to change; fields left out stay. A changed address, or `broken: false`, is tried again."""

    channel: ChannelName | None = None
    """As it is: a point never changes its channel."""
    address: Address | None = None
    label: Label | None = None
    language: LanguageName | None = None
    order: Place | None = None
    broken: Literal[False] | None = None


class SubscriptionKeys(In):
    """A browser's keys (RFC 8291)."""

    p256dh: Base64Url
    auth: Base64Url


class Subscription(In):
    """What a browser gives when it subscribes."""

    endpoint: Annotated[str, Field(max_length=1000, pattern=r"^https?://[^\s]+$")]
    keys: SubscriptionKeys
    label: Label | None = None
    language: LanguageName | None = None


__all__ = ["ChannelName", "LanguageName", "PointChange", "PointCreate", "Subscription", "SubscriptionKeys"]
