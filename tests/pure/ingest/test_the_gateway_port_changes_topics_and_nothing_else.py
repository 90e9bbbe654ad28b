"""The packet rewriter and the topics of gateways, in any cutting of the stream."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.gateway_topics import TO_BROKER, TO_GATEWAY, upward
from ingest.mqtt_packets import MOST_WHOLE_BYTES, MalformedPacketError, PacketRewriter, TopicRules
from ingest.topics import NO_BREAK_SPACE, strip_lane

OWN = "yl/v1/home-1/gw-1"


def length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def packed(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return len(data).to_bytes(2, "big") + data


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + length(len(body)) + body


def publish(topic: str, payload: bytes, qos: int = 1) -> bytes:
    return packet(0x30 | qos << 1, packed(topic) + (b"\x00\x07" if qos else b"") + payload)


def connect(will: str | None, *, level: int = 4, client: str = "yl-gw 1") -> bytes:
    flags = 0xC2 | (0x04 if will is not None else 0)
    body = packed("MQTT") + bytes([level, flags]) + b"\x00\x3c" + packed(client)
    if will is not None:
        body += packed(will) + packed(b"off line \xff")
    return packet(0x10, body + packed("gw 1") + packed("se cret"))


def subscribe(*filters: str) -> bytes:
    return packet(0x82, b"\x00\x01" + b"".join(packed(each) + b"\x01" for each in filters))


def unsubscribe(*filters: str) -> bytes:
    return packet(0xA2, b"\x00\x02" + b"".join(packed(each) for each in filters))


def through(rules: TopicRules, stream: bytes, sizes: list[int] | None = None) -> bytes:
    rewriter, out, at = PacketRewriter(rules), bytearray(), 0
    for size in [*(sizes or []), len(stream)]:
        for piece in rewriter.feed(stream[at : at + size]):
            out += piece
        at += size
    return bytes(out)


STREAM = b"".join(
    [
        connect(f"{OWN}/zigbee2mqtt/bridge/state"),
        subscribe(f"{OWN}/zigbee2mqtt/bridge/request/#", f"{OWN}/zigbee2mqtt/Living room/set"),
        publish(f"{OWN}/zigbee2mqtt/Living room/a/b", b"pay load"),
        publish(f"{OWN}/event", b"", qos=0),
        b"\xc0\x00",  # PINGREQ
        b"\x40\x02\x00\x09",  # PUBACK
        unsubscribe(f"{OWN}/x y"),
        publish(f"{OWN}/zigbee2mqtt/老人 房", b"x" * 300),
        b"\xe0\x00",  # DISCONNECT
    ]
)
REWRITTEN = b"".join(
    [
        connect(f"{OWN}/up/zigbee2mqtt/bridge/state"),
        subscribe(f"{OWN}/zigbee2mqtt/bridge/request/#", f"{OWN}/zigbee2mqtt/Living{NO_BREAK_SPACE}room/set"),
        publish(f"{OWN}/up/zigbee2mqtt/Living{NO_BREAK_SPACE}room/a/b", b"pay load"),
        publish(f"{OWN}/event", b"", qos=0),
        b"\xc0\x00",
        b"\x40\x02\x00\x09",
        unsubscribe(f"{OWN}/x{NO_BREAK_SPACE}y"),
        publish(f"{OWN}/up/zigbee2mqtt/老人{NO_BREAK_SPACE}房", b"x" * 300),
        b"\xe0\x00",
    ]
)


@given(st.lists(st.integers(1, 40)))
@example([1] * 1000)
def test_every_packet_comes_out_right_however_the_stream_is_cut(sizes: list[int]) -> None:
    assert through(TO_BROKER, STREAM, sizes) == REWRITTEN


def test_towards_the_gateway_the_spaces_come_back_and_payloads_stay() -> None:
    payload = f"a{NO_BREAK_SPACE}b".encode()
    stream = b"\x20\x02\x00\x00" + publish(f"{OWN}/zigbee2mqtt/Living{NO_BREAK_SPACE}room/set", payload)
    assert through(TO_GATEWAY, stream) == b"\x20\x02\x00\x00" + publish(f"{OWN}/zigbee2mqtt/Living room/set", payload)


@pytest.mark.parametrize(
    ("said", "carried"),
    [
        (f"{OWN}/zigbee2mqtt/bridge/devices", f"{OWN}/up/zigbee2mqtt/bridge/devices"),
        (f"{OWN}/zigbee2mqtt/a b/c", f"{OWN}/up/zigbee2mqtt/a{NO_BREAK_SPACE}b/c"),
        (f"{OWN}/event/extra", f"{OWN}/up/event/extra"),
        (f"{OWN}//", f"{OWN}/up//"),
    ],
)
def test_what_a_gateway_says_goes_below_up_and_back(said: str, carried: str) -> None:
    assert upward(said) == carried
    assert strip_lane(carried) == said


@pytest.mark.parametrize("channel", ["event", "status", "telemetry", "reply", "receipt", "command"])
def test_a_gateways_own_channels_stay_where_they_are(channel: str) -> None:
    assert upward(f"{OWN}/{channel}") == f"{OWN}/{channel}"


@pytest.mark.parametrize("topic", ["homeassistant/x", "yl/v1/home-1", OWN, "yl/v2/a/b/c", f"{OWN}/up/zigbee2mqtt/x"])
def test_other_topics_are_not_moved(topic: str) -> None:
    assert upward(topic) == topic


@given(st.text(alphabet=st.characters(exclude_characters="\u00a0", exclude_categories=["Cs"]), max_size=60))
def test_no_space_reaches_the_broker_and_every_name_comes_back(rest: str) -> None:
    carried = upward(f"{OWN}/zigbee2mqtt/{rest}")
    assert " " not in carried
    assert strip_lane(carried) == f"{OWN}/zigbee2mqtt/{rest}"


def test_a_large_payload_is_never_held() -> None:
    rewriter = PacketRewriter(TO_BROKER)
    size = 3 * 1024 * 1024
    stream = publish(f"{OWN}/zigbee2mqtt/bridge/devices", b"d" * size)
    out = 0
    for at in range(0, len(stream), 65536):
        out += sum(len(piece) for piece in rewriter.feed(stream[at : at + 65536]))
        assert len(rewriter._held) < 100
    assert out == len(stream) + len("up/")


def test_a_connect_of_mqtt_5_passes_untouched_for_the_broker_to_refuse() -> None:
    stream = connect(f"{OWN}/zigbee2mqtt/bridge/state", level=5)
    assert through(TO_BROKER, stream) == stream


def test_a_connect_without_a_will_passes_untouched() -> None:
    stream = connect(None)
    assert through(TO_BROKER, stream) == stream


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x00",
        b"\xf0\x00",
        b"\x32\xff\xff\xff\xff\x01",
        b"\x32\x01\x00",
        b"\x32\x04\x00\x09ab",
        packet(0x32, packed(b"\xff\xfe") + b"\x00\x01"),
        packet(0x10, packed("MQTT")),
        packet(0x10, packed("MQTT") + b"\x04\x04\x00\x3c" + packed("c") + b"\x00\xff"),
        packet(0x82, b"\x00\x01"),
        packet(0x82, b"\x00\x01" + packed("a")),
        packet(0xA2, b"\x00\x01\x00"),
        b"\x82" + length(MOST_WHOLE_BYTES + 1),
        publish(f"{OWN}/" + " " * 40000, b""),
    ],
)
def test_what_is_no_mqtt_is_refused(stream: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        through(TO_BROKER, stream)


@given(st.binary(max_size=200), st.lists(st.integers(1, 7)))
def test_no_bytes_at_all_do_anything_worse_than_be_refused(stream: bytes, sizes: list[int]) -> None:
    try:
        through(TO_BROKER, stream, sizes)
    except MalformedPacketError:
        return
