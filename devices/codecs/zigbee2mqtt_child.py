"""Who a Zigbee2MQTT topic is about: a child that is known, or one met for the first time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devices.codecs.scalars import text
from devices.codecs.types import ChildKey, ChildSeen, CodecContext, DeviceView, Speaker
from devices.profiles import Profile

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Child:
    """The device behind the gateway that a message is about."""

    name: str
    """Its name on the topic."""
    speaker: Speaker
    view: DeviceView | None
    profile: Profile | None
    model: str | None
    address: str

    def seen(self, profile: str) -> tuple[ChildSeen, ...]:
        """Its registration, where it is not known yet."""
        if self.view is not None or not isinstance(self.speaker, ChildKey):
            return ()
        return (ChildSeen(self.address, (self.name,), self.model, profile),)


def find_child(name: str, context: CodecContext, body: Mapping[str, Any]) -> Child:
    """The child called `name`; a gateway set to include device information tells the lasting address in `body`."""
    about = body.get("device")
    told = about if isinstance(about, dict) else {}
    address = text(told.get("ieeeAddr") or told.get("ieee_address"), LONGEST_NAME)
    view = (context.children.get(address) if address else None) or context.children.get(name)
    model = (view.model if view else None) or text(told.get("model"), LONGEST_NAME)
    if view is not None:
        key = view.address or name
        return Child(name, ChildKey(key), view, context.profiles.get(view.profile), model, key)
    if not storable(name):
        # No row can hold such a name, but its press counts: the gateway speaks for it.
        return Child(name[:LONGEST_NAME], context.device.code, None, None, model, name[:LONGEST_NAME])
    return Child(name, ChildKey(address or name), None, None, model, address or name)


def storable(name: str) -> bool:
    """Whether a name can stand in the register."""
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()
