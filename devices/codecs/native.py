"""placeholder"""

from __future__ import annotations
from devices.codecs.types import CodecContext, Decoded, RawMessage

NATIVE_CHANNELS = frozenset({"event", "telemetry", "status", "reply"})


class NativeCodec:
    dialect = "native"

    def decode(self, message: RawMessage, context: CodecContext) -> Decoded:
        return Decoded()
