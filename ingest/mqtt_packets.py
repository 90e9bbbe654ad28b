"""Rewrites topics in a stream of MQTT 3.1.1 packets, of any size, in bounded memory. Pure.

PUBLISH needs only its header and topic; the payload runs through as it comes. CONNECT, SUBSCRIBE and UNSUBSCRIBE are
read whole and are small. All other packets, and with them every acknowledgement, pass unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

CONNECT, PUBLISH, PUBREL, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT = 1, 3, 6, 8, 10, 14

MOST_WHOLE_BYTES = 1024 * 1024
"""A CONNECT, SUBSCRIBE or UNSUBSCRIBE beyond this is refused: they have to be held in memory."""

# What the low half of a packet's first byte must be; 0 for all others, and PUBLISH uses it.
_FLAGS = {PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}
_LARGEST_REMAINING = 268_435_455
_LARGEST_STRING = 65_535
_LENGTH_BYTES = 4
_CONTINUES = 0x80
_FLAG_WILL, _FLAG_PASSWORD, _FLAG_USERNAME, _MQTT_3_1_1 = 0x04, 0x40, 0x80, 4

Rewrite = Callable[[str], str]


class MalformedPacketError(ValueError):
    """Bytes that are no MQTT 3.1.1."""


def _keep(topic: str) -> str:
    return topic


@dataclass(frozen=True, slots=True)
class TopicRules:
    """How topics change in one direction: of publications (wills too), and of subscriptions."""

    publication: Rewrite = _keep
    subscription: Rewrite = _keep


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a CONNECT signs in with instead of what it says."""

    username: str
    password: str


class PacketRewriter:
    """One direction of one connection. Feed it what was read; send what it returns, in order."""

    def __init__(self, rules: TopicRules, credentials: Credentials | None = None) -> None:
        self._rules = rules
        self._credentials = credentials
        self._held = bytearray()
        self._passing = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The bytes to send on for the bytes that came; raises `MalformedPacketError`, after which the stream is lost."""
        out: list[bytes] = []
        view = memoryview(data)
        while view:
            if self._passing:
                piece = view[: self._passing]
                out.append(bytes(piece))
                self._passing -= len(piece)
                view = view[len(piece) :]
                continue
            # Take only what the head of a packet still needs, so that a payload is never held.
            wanted = self._wanted()
            piece = view[:wanted]
            self._held += piece
            view = view[len(piece) :]
            if self._wanted() == 0:
                out.append(self._rewritten())
                self._held.clear()
        # A packet without anything after its head may be complete already; nothing waits for a next byte.
        return out

    def _wanted(self) -> int:
        """How many more bytes the head needs at least; 0 when it is complete."""
        held = self._held
        if len(held) < 2:  # noqa: PLR2004 type and the first byte of the length
            return 2 - len(held)
        header = _header_length(held)
        if header is None:
            return 1
        kind, remaining = held[0] >> 4, _remaining(held, header)
        if not CONNECT <= kind <= DISCONNECT or (kind != PUBLISH and held[0] & 0x0F != _FLAGS.get(kind, 0)):
            raise MalformedPacketError(f"a packet that begins with {held[0]:#04x}")
        if kind == PUBLISH:
            if remaining < 2:  # noqa: PLR2004 a topic's length takes two bytes
                raise MalformedPacketError("a PUBLISH without a topic")
            if len(held) < header + 2:
                return header + 2 - len(held)
            topic = int.from_bytes(held[header : header + 2], "big")
            if topic + 2 > remaining:
                raise MalformedPacketError("a topic longer than its packet")
            return header + 2 + topic - len(held)
        if kind in {CONNECT, SUBSCRIBE, UNSUBSCRIBE}:
            if remaining > MOST_WHOLE_BYTES:
                raise MalformedPacketError(f"a packet of type {kind} with {remaining} bytes")
            return header + remaining - len(held)
        return 0

    def _rewritten(self) -> bytes:
        held = bytes(self._held)
        header = _header_length(held)
        if header is None:
            raise MalformedPacketError("a packet without its length")
        kind, remaining, body = held[0] >> 4, _remaining(held, header), held[header:]
        if kind == PUBLISH:
            self._passing = remaining - len(body)
            topic = _pack(self._rules.publication(_text(body[2:])))
            return held[:1] + _length(len(topic) + self._passing) + topic
        if kind == CONNECT:
            body = self._connect(body)
        elif kind in {SUBSCRIBE, UNSUBSCRIBE}:
            body = self._filters(body, with_qos=kind == SUBSCRIBE)
        else:
            self._passing = remaining
            return held
        return held[:1] + _length(len(body)) + body

    def _connect(self, body: bytes) -> bytes:
        protocol, after = _string(body, 0)
        if len(body) < after + 4:
            raise MalformedPacketError("a CONNECT that ends early")
        level, flags = body[after], body[after + 1]
        # 3 is MQTT 3.1 with the same layout; the broker itself refuses what it does not speak, such as 5.
        if level > _MQTT_3_1_1 or protocol not in {b"MQTT", b"MQIsdp"}:
            return body
        _client, at = _string(body, after + 4)
        begin = body[:at]
        if flags & _FLAG_WILL:
            topic, message = _string(body, at)
            _message, at = _string(body, message)
            begin += _pack(self._rules.publication(_text(topic))) + body[message:at]
        if self._credentials is None:
            return begin + body[at:]
        signed = _pack(self._credentials.username) + _pack(self._credentials.password)
        return begin[: after + 1] + bytes([flags | _FLAG_USERNAME | _FLAG_PASSWORD]) + begin[after + 2 :] + signed

    def _filters(self, body: bytes, *, with_qos: bool) -> bytes:
        out, at = bytearray(body[:2]), 2
        if len(body) <= at:
            raise MalformedPacketError("a subscription to nothing")
        while at < len(body):
            topic, at = _string(body, at)
            out += _pack(self._rules.subscription(_text(topic)))
            if with_qos:
                if at >= len(body):
                    raise MalformedPacketError("a subscription without its QoS")
                out.append(body[at])
                at += 1
        return bytes(out)


def _header_length(held: bytes | bytearray) -> int | None:
    """Bytes of the fixed header, or None while its length is incomplete."""
    for index in range(1, _LENGTH_BYTES + 1):
        if index >= len(held):
            return None
        if not held[index] & _CONTINUES:
            return index + 1
    raise MalformedPacketError("a length of more than four bytes")


def _remaining(held: bytes | bytearray, header: int) -> int:
    return sum((held[index] & ~_CONTINUES) << (7 * (index - 1)) for index in range(1, header))


def _length(value: int) -> bytes:
    if value > _LARGEST_REMAINING:
        raise MalformedPacketError("a packet that would grow past the protocol's limit")
    out = bytearray()
    while True:
        value, low = divmod(value, _CONTINUES)
        out.append(low | (_CONTINUES if value else 0))
        if not value:
            return bytes(out)


def _string(body: bytes, at: int) -> tuple[bytes, int]:
    """The length-prefixed string at `at`, and where it ends."""
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    if len(body) < at + 2 or len(body) < end:
        raise MalformedPacketError("a string longer than its packet")
    return body[at + 2 : end], end


def _text(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError as error:
        raise MalformedPacketError("a topic that is not UTF-8") from error


def _pack(topic: str) -> bytes:
    encoded = topic.encode()
    if len(encoded) > _LARGEST_STRING:
        raise MalformedPacketError("a topic that would grow past the protocol's limit")
    return len(encoded).to_bytes(2, "big") + encoded


__all__ = ["MOST_WHOLE_BYTES", "Credentials", "MalformedPacketError", "PacketRewriter", "TopicRules"]
