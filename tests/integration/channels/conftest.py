"""Every channel before a real HTTP server: what the contract asks of all of them."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr
from support.providers import Heard, ProviderServer, provider

from alerts.channels.provider import Timeouts
from alerts.channels.registry import make_channels
from alerts.channels.web_push import topic_of
from alerts.ports import Channel, Message
from core.config import Settings

QUICK = Timeouts(connect_seconds=1.0, read_seconds=0.6, whole_seconds=1.2)
KEY = "7:0:1:user:3:9"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Browser:
    """What a browser keeps of its subscription."""

    private: ec.EllipticCurvePrivateKey
    auth: bytes

    @property
    def keys(self) -> dict[str, str]:
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": b64(point), "auth": b64(self.auth)}


def new_browser() -> Browser:
    return Browser(ec.generate_private_key(ec.SECP256R1()), os.urandom(16))


@dataclass
class Bench:
    """One channel, the server behind it, and how that channel differs from the others."""

    name: str
    server: ProviderServer
    channel: Channel
    target: str
    key_of: Callable[[Heard], str | None]
    key: str
    reads_answers: bool
    tells_wait: bool = True
    knows_numbers: bool = True
    browser: Browser | None = None

    def message(self, target: str | None = None) -> Message:
        details = {"values": {"who": "李秀英", "where": "幸福路1号", "what": "紧急求助", "since": "11-22 11:00", "link": "x"}}
        if self.browser is not None:
            details["point"] = self.browser.keys
        return Message(
            target=target or self.target,
            title="【中心】紧急求助",
            body="李秀英 紧急求助，幸福路1号",
            idempotency_key=KEY,
            link="https://centre.example/a/TOKEN",
            accept_digit="1",
            details=details,
        )


NAMES = ("apprise", "sms_generic", "sms_aliyun", "voice_generic", "voice_aliyun", "web_push", "webhook")


def make_bench(name: str, server: ProviderServer, folder: Path) -> Bench:
    kind, _, dialect = name.partition("_")
    settings = Settings(
        data_dir=folder,
        sms_provider=dialect if kind == "sms" else "none",
        sms_url=server.url,
        sms_key="account",
        sms_secret=SecretStr("s3cret"),
        sms_sign_name="银铃",
        sms_template="SMS_1",
        voice_provider=dialect if kind == "voice" else "none",
        voice_url=server.url,
        voice_key="account",
        voice_secret=SecretStr("s3cret"),
        voice_template="TTS_1",
        voice_bye_template="TTS_2",
        webhook_secret=SecretStr("whsec"),
    )
    channels = make_channels(settings, timeouts=QUICK)

    def header(heard: Heard) -> str | None:
        return heard.headers.get("Idempotency-Key")

    def out_id(heard: Heard) -> str | None:
        return heard.query.get("OutId")

    if kind in {"sms", "voice"}:
        is_aliyun = dialect == "aliyun"
        server.dialect = f"aliyun_{kind}" if is_aliyun else "generic"  # type: ignore[assignment]  # one of the four by construction
        return Bench(name, server, channels[kind], "13800138000", out_id if is_aliyun else header, KEY, reads_answers=True)
    if name == "web_push":
        return Bench(
            name,
            server,
            channels["web_push"],
            f"http://{server.host}/push/abc",
            lambda heard: heard.headers.get("Topic"),
            topic_of(KEY),
            reads_answers=False,
            browser=new_browser(),
        )
    if name == "webhook":
        return Bench(name, server, channels["webhook"], server.url, header, KEY, reads_answers=False)
    return Bench(
        name,
        server,
        channels["apprise"],
        f"json://{server.host}/page",
        header,
        KEY.replace(":", "-"),
        reads_answers=False,
        tells_wait=False,
        knows_numbers=False,
    )


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with provider() as running:
        yield running


@pytest.fixture(params=NAMES)
def bench(request: pytest.FixtureRequest, server: ProviderServer, tmp_path: Path) -> Bench:
    return make_bench(request.param, server, tmp_path)


@pytest.fixture
def make(server: ProviderServer, tmp_path: Path) -> Callable[[str], Bench]:
    return lambda name: make_bench(name, server, tmp_path)
