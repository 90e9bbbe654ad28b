"""The signed tokens of the broker's sign-in callout, as text. Pure.

NATS asks with a JWT and wants one back, signed with the issuer's key, that holds either an error or a second JWT with
the user's rights. The claims used are the few that the server reads; algorithm `ed25519-nkey`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from ingest.broker_config import ACCOUNT, DEVICE_USER
from ingest.rights import Rights

CLIENT_ID_PREFIX = "yl-"
"""Before a device's code, in the client id it is issued."""

_UNLIMITED = -1
_HEADER = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"ed25519-nkey"}').rstrip(b"=").decode()


class MalformedRequestError(ValueError):
    """A sign-in request that is none."""


class Signer(Protocol):
    """An nkey pair."""

    def sign(self, input: bytes) -> bytes:  # noqa: A002 the name is nkeys'
        """The signature of `input`, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What the broker tells of somebody who wants in. `mqtt_client_id` is None for one who does not speak MQTT."""

    user_key: str
    server_id: str
    username: str
    password: str
    mqtt_client_id: str | None
    host: str


def parse_request(token: bytes) -> SignInRequest:
    """Read the broker's request; it came on the callout's own subject, which only the broker may publish to.

    Raises `MalformedRequestError`.
    """
    try:
        body = token.split(b".")[1]
        claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))["nats"]
        who, options = claims["client_info"], claims["connect_opts"]
        mqtt_client_id = (who.get("mqtt_id") or "") if who.get("type") in {"mqtt", "mqtt_websocket"} else None
        return SignInRequest(
            user_key=claims["user_nkey"],
            server_id=claims["server_id"]["id"],
            username=_name_of(options.get("user") or "", mqtt_client_id),
            password=options.get("pass") or "",
            mqtt_client_id=mqtt_client_id,
            host=who.get("host") or "",
        )
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedRequestError("not a sign-in request of the broker") from error


def _name_of(user: str, mqtt_client_id: str | None) -> str:
    """Who asks: at a reload of its certificates the broker asks again about those who are in, under the name it gave them."""
    return device_of(mqtt_client_id or "") if user == DEVICE_USER else user


def device_of(client_id: str) -> str:
    """The code of the device that was issued this client id."""
    return client_id.removeprefix(CLIENT_ID_PREFIX)


def admission(request: SignInRequest, rights: Rights, *, issuer: str, signer: Signer, now: datetime) -> bytes:
    """The answer that lets the device in with exactly `rights`, over MQTT only, under the name all devices share."""
    user = _encode(
        {
            "iss": issuer,
            "sub": request.user_key,
            "aud": ACCOUNT,
            "name": DEVICE_USER,
            "iat": int(now.timestamp()),
            "nats": {
                "type": "user",
                "version": 2,
                "subs": _UNLIMITED,
                "data": _UNLIMITED,
                "payload": _UNLIMITED,
                "pub": {"allow": rights.publish},
                "sub": {"allow": rights.subscribe},
                "allowed_connection_types": ["MQTT", "MQTT_WS"],
            },
        },
        signer,
    )
    return _answer(request, {"jwt": user}, issuer, signer, now)


def refusal(request: SignInRequest, reason: str, *, issuer: str, signer: Signer, now: datetime) -> bytes:
    """The answer that keeps the device out; the broker logs `reason`, the device hears only *not authorized*."""
    return _answer(request, {"error": reason}, issuer, signer, now)


def _answer(request: SignInRequest, verdict: dict[str, str], issuer: str, signer: Signer, now: datetime) -> bytes:
    claims = {
        "iss": issuer,
        "sub": request.user_key,
        "aud": request.server_id,
        "iat": int(now.timestamp()),
        "nats": {"type": "authorization_response", "version": 2, **verdict},
    }
    return _encode(claims, signer).encode()


def _encode(claims: dict[str, Any], signer: Signer) -> str:
    text = f"{_HEADER}.{_base64(orjson.dumps(claims))}"
    return f"{text}.{_base64(bytes(signer.sign(text.encode())))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


__all__ = ["MalformedRequestError", "SignInRequest", "Signer", "admission", "device_of", "parse_request", "refusal"]
