"""From a delivery to what it says and who said it; no store is asked, only the book."""

from __future__ import annotations

from dataclasses import dataclass

from devices.codecs.registry import codec_for
from devices.codecs.types import ChildKey, Decoded, RawMessage, Speaker
from ingest.book import HomeBook, HomePage, KnownDevice
from ingest.source import Delivery
from ingest.topics import parse, strip_lane
from ingest.unknown import Unknown

_NOTHING = Decoded()


@dataclass(slots=True)
class Item:
    """One delivery, taken apart. `page` and `speaker` are None when home or device are not known."""

    delivery: Delivery
    raw: RawMessage
    home: str
    device: str
    page: HomePage | None
    speaker: KnownDevice | None
    decoded: Decoded
    reason: str | None = None
    """Why nothing of it could be decoded."""

    def device_of(self, speaker: Speaker) -> KnownDevice | None:
        """The device a part of the message is about."""
        if self.page is None or self.speaker is None:
            return None
        if isinstance(speaker, ChildKey):
            return self.page.child(self.speaker, speaker.address)
        return self.page.by_code.get(speaker)

    def unknowns(self) -> list[Unknown]:
        """What of it was not understood."""
        home_id = None if self.page is None else self.page.id
        device_id = None if self.speaker is None else self.speaker.view.id
        reasons = [(self.reason, "")] if self.reason else [(each.reason, each.detail) for each in self.decoded.not_understood]
        return [
            Unknown(self.raw.topic, reason, detail, self.raw.payload, self.raw.received_at, home_id, device_id)
            for reason, detail in reasons
            if reason is not None
        ]


def decode(book: HomeBook, delivery: Delivery) -> Item:
    """Take one delivery apart with the codec of its topic."""
    topic = strip_lane(delivery.topic)
    raw = RawMessage(topic, delivery.payload, delivery.received_at, delivery.retained, delivery.redelivered)
    parts = parse(topic)
    if parts is None:
        return Item(delivery, raw, "", "", None, None, _NOTHING, "unknown_channel")
    page = book.page(parts.home)
    if page is None:
        return Item(delivery, raw, parts.home, parts.device, None, None, _NOTHING, "unknown_home")
    speaker = page.by_code.get(parts.device)
    if speaker is None:
        return Item(delivery, raw, parts.home, parts.device, page, None, _NOTHING, "unknown_device")
    codec = codec_for(topic.split("/"))
    if codec is None:
        return Item(delivery, raw, parts.home, parts.device, page, speaker, _NOTHING, "unknown_channel")
    return Item(delivery, raw, parts.home, parts.device, page, speaker, codec.decode(raw, page.contexts[parts.device]))
