"""Rights and verdicts of the sign-in, without a broker."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import nkeys
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import hash_secret
from core.partition import partition_of
from ingest.directory import DeviceCredentials, profile_is_gateway
from ingest.refusals import RefusalReason
from ingest.rights import rights_of
from ingest.sign_in import Gate, judge
from ingest.sign_in_tokens import MalformedRequestError, SignInRequest, admission, parse_request

DEVICE = DeviceCredentials("dev-1", "home-1", hash_secret("right"), "yl-dev-1", is_gateway=False, retired=False)
REQUEST = SignInRequest("UKEY", "SERVER", "dev-1", "right", "yl-dev-1", "127.0.0.1")


def test_a_device_may_publish_its_four_channels_and_hear_two() -> None:
    rights = rights_of("dev-1", "home-1", 1, is_gateway=False)
    assert set(rights.publish) == {
        "part.0.alarm.yl.v1.home-1.dev-1.event",
        "part.0.alarm.yl.v1.home-1.dev-1.status",
        "part.0.alarm.yl.v1.home-1.dev-1.reply",
        "part.0.data.yl.v1.home-1.dev-1.telemetry",
    }
    assert set(rights.subscribe) == {"yl.v1.home-1.dev-1.receipt", "yl.v1.home-1.dev-1.command"}


def test_a_gateway_also_speaks_below_up_and_hears_its_subtree() -> None:
    rights = rights_of("gw-1", "home-1", 1, is_gateway=True)
    assert "part.0.alarm.yl.v1.home-1.gw-1.up.>" in rights.publish
    assert rights.subscribe == ("yl.v1.home-1.gw-1", "yl.v1.home-1.gw-1.>")


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.integers(1, 64))
def test_no_right_of_a_device_but_a_gateways_tree_has_a_wildcard(home: str, partitions: int) -> None:
    rights = rights_of("dev-1", home, partitions, is_gateway=False)
    assert not any("*" in each or ">" in each for each in rights.publish + rights.subscribe)
    assert 0 <= partition_of(home, partitions) < partitions


def test_only_gateway_profiles_are_gateways() -> None:
    assert profile_is_gateway("zigbee2mqtt-gateway")
    assert not profile_is_gateway("sos-button")


@pytest.mark.parametrize(
    ("request_", "device", "ready", "reason"),
    [
        (REQUEST, DEVICE, True, None),
        (REQUEST, DEVICE, False, RefusalReason.NOT_READY),
        (REQUEST, None, True, RefusalReason.UNKNOWN_DEVICE),
        (SignInRequest("U", "S", "dev-1", "wrong", "yl-dev-1", ""), DEVICE, True, RefusalReason.WRONG_SECRET),
        (SignInRequest("U", "S", "dev-1", "right", "yl-dev-2", ""), DEVICE, True, RefusalReason.WRONG_CLIENT_ID),
        (SignInRequest("U", "S", "dev-1", "right", "客户", ""), DEVICE, True, RefusalReason.WRONG_CLIENT_ID),
        (SignInRequest("U", "S", "dev-1", "right", None, ""), DEVICE, True, RefusalReason.WRONG_CLIENT_ID),
    ],
)
def test_verdicts(request_: SignInRequest, device: DeviceCredentials | None, ready: bool, reason: RefusalReason | None) -> None:
    assert judge(request_, device, ready=ready) is reason


def test_the_gate_opens_when_all_partitions_were_heard_and_keeps_absent_workers_sessions() -> None:
    gate = Gate(0, 3)
    gate.open()
    gate.hear([1, 7, -1])
    assert not gate.is_open
    gate.hear([1, 2])
    assert gate.is_open
    gate.close()
    assert not gate.is_open
    assert gate.known == [1, 2]
    gate.open()
    gate.forget_others()
    assert gate.known == [0]


def test_another_workers_word_does_not_open_ones_own_partition() -> None:
    gate = Gate(0, 2)
    gate.hear([0, 1])
    assert gate.known == [1]


def test_one_partition_needs_nobody_else() -> None:
    gate = Gate(0, 1)
    assert not gate.is_open
    gate.open()
    assert gate.is_open


@pytest.mark.parametrize("token", [b"", b"a.b.c", b"a.e30.c", b"a.bnVsbA.c", b"\xff.\xff"])
def test_what_is_no_request_says_so(token: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        parse_request(token)


def test_an_admission_holds_a_user_token_for_mqtt_only() -> None:
    def claims(token: str) -> dict[str, object]:
        body = token.split(".")[1]
        decoded: dict[str, object] = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return decoded

    signer = nkeys.from_seed(bytearray(nkeys.encode_seed(b"7" * 32, nkeys.PREFIX_BYTE_ACCOUNT)))
    answer = admission(
        REQUEST,
        rights_of("dev-1", "home-1", 1, is_gateway=False),
        issuer="AISSUER",
        signer=signer,
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    outer = claims(answer.decode())
    assert (outer["sub"], outer["aud"]) == ("UKEY", "SERVER")
    verdict = outer["nats"]
    assert isinstance(verdict, dict)
    user = claims(verdict["jwt"])
    assert user["sub"] == "UKEY"
    assert isinstance(user["nats"], dict)
    assert user["nats"]["allowed_connection_types"] == ["MQTT", "MQTT_WS"]
