from __future__ import annotations

import base64
import quopri
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import http_ece
import orjson
import pytest
from py_vapid import Vapid02
from pydantic import SecretStr

from alerts.channels.aliyun import Account, Action, signed
from alerts.channels.apprise import AppriseChannel, is_readable
from alerts.channels.keys import load_or_create_keys, public_key_of
from alerts.channels.registry import make_channels
from alerts.channels.signing import is_signed
from alerts.ports import Message, NotSent, Sent
from core.clock import SystemClock
from core.config import Settings

if TYPE_CHECKING:
    from integration.channels.conftest import Bench

    Make = Callable[[str], Bench]


def test_a_webhook_is_signed_and_carries_the_facts(make: Make) -> None:
    bench = make("webhook")
    bench.channel.send(bench.message())
    (heard,) = bench.server.heard
    assert is_signed("whsec", heard.body, heard.headers, SystemClock().now())
    assert not is_signed("whsec", heard.body, heard.headers, SystemClock().now() + timedelta(minutes=6))
    assert heard.json["id"] == "7:0:1:user:3:9"
    assert heard.json["facts"]["who"] == "李秀英"
    assert "point" not in heard.json


def test_a_generic_provider_gets_number_text_key_and_signature(make: Make) -> None:
    for name in ("sms_generic", "voice_generic"):
        bench = make(name)
        bench.channel.send(bench.message("+86 138-0013-8000"))
        heard = bench.server.heard[-1]
        assert is_signed("s3cret", heard.body, heard.headers, SystemClock().now())
        assert heard.headers["Authorization"] == "Bearer account"
        assert (heard.json["to"], heard.json["text"]) == ("13800138000", "李秀英 紧急求助，幸福路1号")
        assert heard.json.get("accept_digit") == ("1" if name.startswith("voice") else None)


@pytest.mark.parametrize(("name", "action"), [("sms_aliyun", "SendSms"), ("voice_aliyun", "IvrCall")])
def test_an_aliyun_request_is_signed_over_everything_it_says(make: Make, name: str, action: str) -> None:
    bench = make(name)
    bench.channel.send(bench.message())
    (heard,) = bench.server.heard
    headers = {key.lower(): value for key, value in heard.headers.items()}
    at = SystemClock().now().replace(microsecond=0)
    for seconds in range(5):  # it was dated within the last seconds
        again = signed(
            Account("account", "s3cret", bench.server.url),
            Action(action, "2017-05-25", heard.query, headers["x-acs-signature-nonce"]),
            at - timedelta(seconds=seconds),
        )
        if again.headers["x-acs-date"] == headers["x-acs-date"]:
            break
    assert again.headers["Authorization"] == headers["authorization"]
    told = orjson.loads(heard.query.get("TemplateParam") or heard.query["StartTtsParams"])
    assert (told["who"], told["code_1"] + told["code_2"]) == ("李秀英", "TOKEN" if action == "SendSms" else "——")
    if action == "IvrCall":
        assert (heard.query["MenuKeyMap.1.Key"], heard.query["MenuKeyMap.2.Key"]) == ("1", "2")


def test_a_push_is_readable_by_its_browser_only_and_signed_by_us(make: Make, tmp_path: Path) -> None:
    bench = make("web_push")
    bench.channel.send(bench.message())
    (heard,) = bench.server.heard
    assert bench.browser is not None
    plain = http_ece.decrypt(heard.body, private_key=bench.browser.private, auth_secret=bench.browser.auth, version="aes128gcm")
    told = orjson.loads(plain)
    assert (told["title"], told["link"], told["critical"]) == ("【中心】紧急求助", "https://centre.example/a/TOKEN", True)
    assert "李秀英".encode() not in heard.body
    assert heard.headers["Urgency"] == "high"
    authorization = heard.headers["Authorization"]
    assert Vapid02.verify(authorization)
    parts = dict(part.split("=", 1) for part in authorization.removeprefix("vapid ").split(","))
    assert parts["k"].rstrip("=") == load_or_create_keys(Settings(data_dir=tmp_path)).vapid_public
    claims = parts["t"].split(".")[1]
    audience = orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["aud"]
    assert audience == f"http://{bench.server.host}"


def test_a_browser_without_keys_is_broken(make: Make) -> None:
    bench = make("web_push")
    for keys in ({}, {"p256dh": "AAAA", "auth": "AAAA"}, {"p256dh": "!", "auth": "!"}):
        message = bench.message()
        result = bench.channel.send(Message(message.target, "t", "b", "k", details={"point": keys}))
        assert isinstance(result, NotSent)
        assert (result.permanent, result.broken) == (True, True)
    assert bench.server.heard == []


@pytest.mark.parametrize(
    ("name", "target"),
    [("sms_generic", "0797-8120120"), ("sms_aliyun", "120"), ("voice_generic", "none"), ("voice_aliyun", "+12")],
)
def test_a_number_that_can_never_work_is_not_even_asked_for(make: Make, name: str, target: str) -> None:
    bench = make(name)
    result = bench.channel.send(bench.message(target))
    assert isinstance(result, NotSent)
    assert result.broken
    assert bench.server.heard == []


def test_keys_are_made_once_whoever_starts_first(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(load_or_create_keys(settings).vapid_private)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
    file = tmp_path / "paging" / "keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


def test_settings_win_over_kept_keys_and_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    mine = load_or_create_keys(Settings(data_dir=tmp_path / "a"))
    settings = Settings(data_dir=tmp_path / "b", web_push_private_key=SecretStr(mine.vapid_private), webhook_secret=SecretStr("w"))
    theirs = load_or_create_keys(settings)
    assert (theirs.vapid_public, theirs.webhook_secret) == (mine.vapid_public, "w")
    assert not (tmp_path / "b").exists()
    assert mine.vapid_private not in repr(mine)
    with pytest.raises(ValueError, match="32 bytes"):
        public_key_of("AAAA")


@pytest.mark.parametrize("provider", ["none", "aliyun", "generic"])
def test_a_channel_nobody_set_up_fails_at_once_and_breaks_nobody(tmp_path: Path, provider: str) -> None:
    channels = make_channels(Settings(data_dir=tmp_path, sms_provider=provider, voice_provider=provider))
    for name in ("sms", "voice"):
        result = channels[name].send(Message("13800138000", "t", "b", "k"))
        assert isinstance(result, NotSent)
        assert (result.permanent, result.broken) == (True, False)


@pytest.mark.parametrize(
    "address",
    [
        "wecombot://3482a1b0-1111-2222-3333-aaaaaaaaaaaa/",
        "dingtalk://SecretTokenabcdef0123456789/13800138000/",
        "feishu://0123456789abcdef/",
        "lark://0123456789abcdef-0123456789/",
        "mailtos://user:password@example.com",
    ],
)
def test_the_services_of_the_country_are_readable(address: str) -> None:
    assert is_readable(address)


def serve_one_mail(listener: socket.socket, said: list[bytes]) -> None:
    """One SMTP conversation that takes everything."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb", buffering=0) as line:
        line.write(b"220 test\r\n")
        in_data = False
        while text := line.readline():
            said.append(text)
            if in_data:
                in_data = text != b".\r\n"
                if not in_data:
                    line.write(b"250 taken\r\n")
                continue
            word = text[:4].upper()
            in_data = word == b"DATA"
            line.write({b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n"))


def test_a_mail_arrives_as_mail() -> None:
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve_one_mail, args=(listener, said), daemon=True)
        thread.start()
        target = f"mailto://127.0.0.1:{listener.getsockname()[1]}?from=centre@example.com&to=duty@example.com&mode=insecure"
        result = AppriseChannel().send(Message(target, "【中心】紧急求助", "李秀英 幸福路1号", "k"))
        thread.join(60)
    assert isinstance(result, Sent)
    whole = b"".join(said)
    assert b"<duty@example.com>" in whole
    assert "李秀英" in quopri.decodestring(whole).decode(errors="replace")


def test_no_proxy_of_the_environment_is_used(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    bench = make("sms_generic")
    assert isinstance(bench.channel.send(bench.message()), Sent)
    assert urlsplit(bench.server.url).hostname == "127.0.0.1"
