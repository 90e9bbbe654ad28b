"""How topics look on their way in, pure: lanes, partitions, and the device's own words behind them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NO_BREAK_SPACE = "\u00a0"
"""What the gateway port puts in place of a space, which the broker does not take in a topic."""

_LANE_LEVELS = 3
_HOME_LEVEL = 2
_DEVICE_LEVEL = 3
_CHANNEL_LEVEL = 4


class Lane(StrEnum):
    """The two ways in, so that a press never queues behind a backlog of measurements."""

    ALARM = "alarm"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class TopicParts:
    """A device's topic taken apart; `rest` is what follows the device's level."""

    home: str
    device: str
    rest: tuple[str, ...]
    original: str


def lane_filter(partition: int, lane: Lane) -> str:
    """The MQTT filter of one lane of one partition."""
    return f"part/{partition}/{lane}/#"


def strip_lane(topic: str) -> str:
    """`part/0/alarm/yl/v1/h/g/up/zigbee2mqtt/x` → `yl/v1/h/g/zigbee2mqtt/x`, with plain spaces: as the device said it."""
    levels = topic.replace(NO_BREAK_SPACE, " ").split("/")
    if levels[0] == "part":
        levels = levels[_LANE_LEVELS:]
    if len(levels) > _CHANNEL_LEVEL and levels[_CHANNEL_LEVEL] == "up":
        del levels[_CHANNEL_LEVEL]
    return "/".join(levels)


def parse(topic: str) -> TopicParts | None:
    """Take an original topic `yl/v1/{home}/{device}/…` apart; None when it is not of this contract."""
    levels = topic.split("/")
    if len(levels) <= _CHANNEL_LEVEL or levels[0] != "yl" or levels[1] != "v1":
        return None
    return TopicParts(levels[_HOME_LEVEL], levels[_DEVICE_LEVEL], tuple(levels[_CHANNEL_LEVEL:]), topic)
