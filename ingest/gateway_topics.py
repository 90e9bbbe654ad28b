"""How a gateway's topics differ on the two sides of the gateway port. Pure.

The broker ends a connection that publishes to a topic with a space, and its mappings must tell what a gateway says from
the `…/set` it is told. So towards the broker a space is U+00A0 and upward publications stand below `up`; towards the
gateway U+00A0 is a space again.
"""

from __future__ import annotations

from ingest.broker_config import LANE_OF_CHANNEL
from ingest.mqtt_packets import TopicRules
from ingest.rights import DOWNWARD_CHANNELS
from ingest.topics import NO_BREAK_SPACE

UP = "up"

_NATIVE = frozenset({*LANE_OF_CHANNEL, *DOWNWARD_CHANNELS})
_PREFIX_LEVELS = 4


def spaces_hidden(topic: str) -> str:
    """As the broker can carry it."""
    return topic.replace(" ", NO_BREAK_SPACE)


def spaces_shown(topic: str) -> str:
    """As people and gateways know it."""
    return topic.replace(NO_BREAK_SPACE, " ")


def upward(topic: str) -> str:
    """Where a gateway's publication travels: `yl/v1/{home}/{gateway}/up/{rest}`, its own native channels excepted."""
    topic = spaces_hidden(topic)
    levels = topic.split("/", _PREFIX_LEVELS)
    if len(levels) <= _PREFIX_LEVELS or levels[:2] != ["yl", "v1"]:
        return topic
    rest = levels[_PREFIX_LEVELS]
    if rest in _NATIVE or rest.startswith(f"{UP}/"):
        return topic
    return "/".join([*levels[:_PREFIX_LEVELS], UP, rest])


TO_BROKER = TopicRules(publication=upward, subscription=spaces_hidden)
TO_GATEWAY = TopicRules(publication=spaces_shown)


__all__ = ["TO_BROKER", "TO_GATEWAY", "UP", "spaces_hidden", "spaces_shown", "upward"]
