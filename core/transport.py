"""Which links of a centre leave the machine, and which of them speak TLS. Pure.

On loopback a link may be plain. Off loopback it speaks TLS, or its process does not start: whoever wants it plain (inside
a container network, behind a proxy) names it in `YINLING_PLAIN_LINKS`, so that it was a decision and can be read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url

Link = Literal["http", "mqtt", "gateway", "nats", "database", "influx", "grafana"]
"""The pages, devices, gateways, the broker's own port with its cluster, PostgreSQL, InfluxDB, Grafana.

No process waits for Grafana, so a plain way to it stops `yinling grafana` alone (`yinling/grafana/adapter.py`)."""

STRONG_SSLMODE = "verify-full"
REVOKED_LIST = "revoked.pem"
"""Beside an authority: what it took back."""
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 compared, not bound


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself and nobody else's way in; listening everywhere is not."""
    if host in _EVERYWHERE:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that would go in the clear off loopback: where to, and what would protect it."""

    link: Link
    host: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Transport:
    """What decides: where things listen and connect, whether there is a certificate, and what may be plain."""

    host: str
    nats_hosts: tuple[str, ...]
    """Everywhere the broker's own ports are: client ports, and those of a cluster."""
    database_url: str | None
    influx_url: str | None
    has_certificate: bool
    plain: Collection[Link]

    def speaks_tls(self, link: Literal["http", "mqtt", "gateway", "nats"]) -> bool:
        """Whether this link speaks TLS.

        The broker's own port does off loopback only: on it Yinling's processes are alone, and both ends decide alike
        without knowing each other's files.
        """
        if link in self.plain:
            return False
        if link == "nats":
            return not all(map(is_loopback, self.nats_hosts))
        if link == "mqtt":
            return self.has_certificate or not all(map(is_loopback, (self.host, *self.nats_hosts)))
        return self.has_certificate or not is_loopback(self.host)

    def open_links(self) -> Iterator[OpenLink]:
        """Every link that would have to speak TLS and cannot, in order."""
        certificate = "YINLING_TLS_CERTIFICATE and YINLING_TLS_KEY (`yinling certs server` makes them)"
        for link in ("http", "mqtt", "gateway"):
            if link not in self.plain and not self.has_certificate and not is_loopback(self.host):
                yield OpenLink(link, self.host, certificate)
        if not self.has_certificate and self.speaks_tls("nats"):
            yield OpenLink("nats", next(host for host in self.nats_hosts if not is_loopback(host)), certificate)
        if "database" not in self.plain and self.database_url is not None:
            yield from _open_database(make_url(self.database_url))
        if "influx" not in self.plain and self.influx_url is not None:
            address = urlsplit(self.influx_url)
            if address.scheme != "https" and not is_loopback(address.hostname or ""):
                yield OpenLink("influx", address.hostname or "", "an https:// address in YINLING_INFLUX_URL")


def database_hosts(url: URL) -> list[str]:
    """The hosts a PostgreSQL address names, in either of its places; a folder is a local socket."""
    named = url.query.get("host", ())
    hosts = [url.host] if url.host else []
    hosts += [named] if isinstance(named, str) else list(named)
    return [_without_port(host) for each in hosts if each for host in each.split(",") if not host.startswith(("/", "@"))]


def _without_port(host: str) -> str:
    """`db:5432` is how one of several hosts is written; an IPv6 address in brackets keeps its colons."""
    return host if host.endswith("]") or (host.count(":") > 1 and not host.startswith("[")) else host.rpartition(":")[0] or host


def with_verified_tls(database_url: str, authority: Path | None, plain: Collection[Link]) -> str:
    """The address with `sslmode=verify-full` where it leaves the machine and says nothing of TLS itself.

    With the authority goes the list of what it took back, which libpq reads at each connection, and passes over where there is
    none.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "postgresql" or "database" in plain or all(map(is_loopback, database_hosts(url))):
        return database_url
    added: dict[str, str] = {}
    if "sslmode" not in url.query:
        added["sslmode"] = STRONG_SSLMODE
    if "sslrootcert" not in url.query:
        added["sslrootcert"] = "system" if authority is None else str(authority)
        if authority is not None and "sslcrl" not in url.query:
            added["sslcrl"] = str(authority.with_name(REVOKED_LIST))
    return url.update_query_dict(added).render_as_string(hide_password=False)


def _open_database(url: URL) -> Iterator[OpenLink]:
    if url.get_backend_name() != "postgresql" or url.query.get("sslmode", STRONG_SSLMODE) == STRONG_SSLMODE:
        return
    for host in database_hosts(url):
        if not is_loopback(host):
            yield OpenLink(
                "database", host, f"sslmode={STRONG_SSLMODE} in YINLING_DATABASE_URL, or no sslmode, which means the same"
            )


__all__ = ["REVOKED_LIST", "STRONG_SSLMODE", "Link", "OpenLink", "Transport", "database_hosts", "is_loopback", "with_verified_tls"]
