"""placeholder"""

from __future__ import annotations
from devices.codecs.types import CodecContext, Decoded, RawMessage


class Zigbee2MqttCodec:
    dialect = "zigbee2mqtt"

    def decode(self, message: RawMessage, context: CodecContext) -> Decoded:
        return Decoded()
