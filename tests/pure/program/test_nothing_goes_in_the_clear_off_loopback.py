"""Off loopback every link speaks TLS or its process does not start; plain is a decision that stands in a setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from core.config import Settings
from core.transport import Transport, is_loopback
from yinling.checks import refuse_open_links
from yinling.environment import read_settings
from yinling.errors import CannotStartError

TLS: dict[str, Any] = {"tls_certificate": Path("server.pem"), "tls_key": Path("server.key")}
REMOTE = "postgresql+psycopg://yinling:secret@db.county.example/yinling"


def _refused(process: str, **settings: Any) -> str | None:
    try:
        refuse_open_links(Settings(**settings), process)
    except CannotStartError as error:
        return str(error)
    return None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_alone_is_loopback(host: str) -> None:
    assert is_loopback(host)
    assert _refused("run", host=host, nats_host=host) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4", "centre.example", "127.example.com"])
def test_anything_else_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("process", "settings", "link"),
    [
        ("run", {"host": "0.0.0.0"}, "http"),
        ("api", {"host": "10.0.0.1"}, "http"),
        ("broker", {"host": "10.0.0.1"}, "mqtt"),
        ("ingest-0", {"host": "10.0.0.1"}, "gateway"),
        ("pager", {"nats_host": "broker"}, "nats"),
        ("pager", {"database_url": f"{REMOTE}?sslmode=require"}, "database"),
        ("migrate", {"database_url": f"{REMOTE}?sslmode=disable"}, "database"),
        ("api", {"database_url": "postgresql+psycopg://u:p@/y?host=db1,db2&sslmode=prefer"}, "database"),
    ],
)
def test_a_plain_link_off_loopback_is_refused_by_name_unless_it_was_decided(
    process: str, settings: dict[str, Any], link: str
) -> None:
    said = _refused(process, **settings)
    assert said is not None
    assert f"'{link}'" in said
    assert "YINLING_PLAIN_LINKS" in said
    assert "secret" not in said
    assert _refused(process, **settings, plain_links=("http", "mqtt", "gateway", "nats", "database")) is None


def test_a_process_is_not_refused_for_a_link_it_does_not_have() -> None:
    assert _refused("pager", host="0.0.0.0") is None
    assert _refused("migrate", host="0.0.0.0", nats_host="broker") is None


def test_with_a_certificate_everything_listens_with_tls() -> None:
    settings = Settings(host="0.0.0.0", nats_host="broker", **TLS)
    assert _refused("run", host="0.0.0.0", nats_host="broker", **TLS) is None
    assert all(settings.transport.speaks_tls(link) for link in ("http", "mqtt", "gateway", "nats"))
    assert settings.page_address.startswith("https://")


def test_a_certificate_on_loopback_is_used_and_the_brokers_own_port_stays_as_it_is() -> None:
    transport = Settings(**TLS).transport
    assert transport.speaks_tls("mqtt")
    assert not transport.speaks_tls("nats")


def test_plain_links_are_plain_also_with_a_certificate() -> None:
    settings = Settings(host="0.0.0.0", plain_links=("http",), **TLS)
    assert not settings.transport.speaks_tls("http")
    assert settings.transport.speaks_tls("mqtt")


def test_an_influxdb_off_loopback_is_asked_over_https() -> None:
    def open_links(url: str) -> list[str]:
        transport = Transport(host="::1", nats_hosts=("::1",), database_url=None, influx_url=url, has_certificate=False, plain=())
        return [each.link for each in transport.open_links()]

    assert open_links("http://influx.county.example:8086") == ["influx"]
    assert open_links("https://influx.county.example:8086") == []
    assert open_links("http://127.0.0.1:8086") == []


def test_postgresql_off_loopback_is_verified_against_the_authority() -> None:
    asked = make_url(Settings(database_url=REMOTE, tls_authority=Path("/etc/authority.pem")).relational_url)
    assert asked.query == {"sslmode": "verify-full", "sslrootcert": "/etc/authority.pem", "sslcrl": "/etc/revoked.pem"}
    assert asked.password == "secret"
    assert make_url(Settings(database_url=REMOTE).relational_url).query["sslrootcert"] == "system"


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://p@/db?host=/run/postgresql", "postgresql+psycopg://p@127.0.0.1/db", "sqlite:///x.db"],
)
def test_a_database_on_this_machine_is_reached_as_written(url: str) -> None:
    assert Settings(database_url=url).relational_url == url


def test_a_cookie_is_for_tls_only_as_soon_as_the_pages_are() -> None:
    assert not Settings().secure_cookies
    assert Settings(**TLS).secure_cookies
    assert Settings(public_url="https://centre.example").secure_cookies
    assert Settings(cookie_secure=True).secure_cookies


def test_a_certificate_without_its_key_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINLING_TLS_CERTIFICATE", "/etc/server.pem")
    monkeypatch.setenv("YINLING_ADMIN_PASSWORD", "not-to-be-shown")
    with pytest.raises(CannotStartError, match="YINLING_TLS_KEY") as refusal:
        read_settings()
    assert "not-to-be-shown" not in str(refusal.value)
