"""What a device may say and hear, as broker subjects. Pure.

The broker checks publications on the *mapped* subject, so a device is granted exactly its own subjects in the
partition of its home; with a wildcard there it could speak to another worker. Refused publications are still PUBACKed
(MQTT 3.1.1 has no other answer), which is why the broker's log is watched (`ingest.watch`).
"""

from __future__ import annotations

from dataclasses import dataclass

from core.partition import partition_of
from ingest.broker_config import LANE_OF_CHANNEL

DOWNWARD_CHANNELS = ("receipt", "command")


@dataclass(frozen=True, slots=True)
class Rights:
    """Subjects a device may publish (wills too) and subscribe; everything else is refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def rights_of(code: str, home: str, partitions: int, *, is_gateway: bool) -> Rights:
    """The rights of the device `code` at `home`; a gateway also speaks below `up` and hears its whole subtree."""
    own = f"yl.v1.{home}.{code}"
    part = f"part.{partition_of(home, partitions)}"
    publish = tuple(f"{part}.{lane}.{own}.{channel}" for channel, lane in LANE_OF_CHANNEL.items())
    if is_gateway:
        # `own` itself because the broker subscribes `…/#` twice: to what is below, and to the level itself.
        return Rights((*publish, f"{part}.alarm.{own}.up.>"), (own, f"{own}.>"))
    return Rights(publish, tuple(f"{own}.{channel}" for channel in DOWNWARD_CHANNELS))


__all__ = ["DOWNWARD_CHANNELS", "Rights", "rights_of"]
