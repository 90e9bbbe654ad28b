"""Which codec reads which topic.

`yl/v1/{home}/{device}/{channel}` with a channel of the native contract is read by the native codec, everything else
below a device by the codec of the dialect its next level names; None means that nobody here speaks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from devices.codecs.native import NATIVE_CHANNELS, NativeCodec
from devices.codecs.types import Codec
from devices.codecs.zigbee2mqtt import Zigbee2MqttCodec

_DIALECT_LEVEL = 4
_CHANNEL_LEVELS = 5

_NATIVE = NativeCodec()

DIALECTS: Mapping[str, Codec] = MappingProxyType({codec.dialect: codec for codec in (Zigbee2MqttCodec(),)})
"""Every dialect spoken below a gateway, by the topic level that names it."""

CODECS: tuple[Codec, ...] = (_NATIVE, *DIALECTS.values())
"""All codecs there are."""


def codec_for(topic_parts: Sequence[str]) -> Codec | None:
    """The codec for a topic split at its slashes, `yl` first."""
    if len(topic_parts) < _CHANNEL_LEVELS:
        return None
    level = topic_parts[_DIALECT_LEVEL]
    if level in NATIVE_CHANNELS and len(topic_parts) == _CHANNEL_LEVELS:
        return _NATIVE
    return DIALECTS.get(level)
