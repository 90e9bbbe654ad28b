"""TLS of a centre: which links are plain, which certificates end, and whether what is shown is what lies on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from alerts.certificate_watch import GRAVE_DAYS, certificates_in_use
from core.certificate_folder import read_certificate
from core.certificates import describe
from core.clock import SystemClock
from core.config import Settings
from core.tls import (
    CertificateUnreadableError,
    client_context,
    file_fingerprint,
    served_certificate,
    shown_fingerprint,
)
from core.transport import is_loopback
from yinling.doctor.finding import Finding, Verdict
from yinling.ports import reachable


def check_links(settings: Settings) -> Iterator[Finding]:
    """Whether everything that leaves this machine speaks TLS, and what was decided to be plain."""
    open_links = list(settings.transport.open_links())
    for each in open_links:
        says = f"leaves this machine for {each.host} without TLS: set {each.remedy}; docs/tls.md"
        yield Finding(f"link {each.link}", Verdict.BAD, says)
    if settings.plain_links:
        yield Finding("plain links", Verdict.ODD, f"{' '.join(settings.plain_links)}: something else must protect them")
    elif not open_links:
        yield Finding("links", Verdict.GOOD, "nothing leaves this machine without TLS")


def check_certificates(settings: Settings) -> Iterator[Finding]:
    """Whether certificates can be used, and how long they hold."""
    try:
        client_context(settings, reachable(settings.host))
        served_certificate(settings)
    except CertificateUnreadableError as error:
        yield Finding("certificate", Verdict.BAD, str(error))
        return
    yield from _check_name(settings)
    now = SystemClock().now()
    for one in certificates_in_use(settings):
        left = one.days_left(now)
        says = f"ends {one.ends_at:%Y-%m-%d}, in {left} days" if left >= 0 else f"ended {one.ends_at:%Y-%m-%d}: nobody takes it"
        renew = "; `yinling certs renew`, or docs/tls.md for an authority"
        if left <= GRAVE_DAYS:
            yield Finding(f"certificate {one.name}", Verdict.BAD, says + renew)
        elif left <= settings.certificate_warning_days:
            yield Finding(f"certificate {one.name}", Verdict.ODD, says + renew)
        else:
            yield Finding(f"certificate {one.name}", Verdict.GOOD, says)


def _check_name(settings: Settings) -> Iterator[Finding]:
    """Whether what we show answers to the name that devices and people are told."""
    host = settings.device_host
    if settings.tls_certificate is None or is_loopback(host) or reachable(host) != host:
        return
    hosts = describe(read_certificate(settings.tls_certificate)).hosts
    if not any(_answers_to(name, host) for name in hosts):
        names = ", ".join(hosts) or "no host"
        says = (
            f"is for {names}, and devices are told {host}: they refuse it; issue it with --host {host}, or set YINLING_PUBLIC_HOST"
        )
        yield Finding("certificate name", Verdict.BAD, says)


def _answers_to(name: str, host: str) -> bool:
    _, _, domain = host.partition(".")
    return name.casefold() == host.casefold() or (bool(domain) and name.casefold() == f"*.{domain}".casefold())


def check_shown(settings: Settings, ports: Mapping[str, int]) -> Iterator[Finding]:
    """Beside a running centre, on its ports: whether new connections see the certificate that lies on the disk."""
    if settings.tls_certificate is None:
        return
    wanted = file_fingerprint(settings.tls_certificate)
    links: tuple[Literal["http", "mqtt", "gateway"], ...] = ("http", "mqtt", "gateway")
    for link in links:
        port = ports.get(link)
        if port is None or not settings.transport.speaks_tls(link):
            continue
        if shown_fingerprint(reachable(settings.host), port) in {None, wanted}:
            continue
        yield Finding(f"{link} certificate", Verdict.BAD, f"port {port} still shows an older one than the file: restart the centre")


__all__ = ["check_certificates", "check_links", "check_shown"]
