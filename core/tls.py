"""TLS on both ends of Yinling's links: whom it trusts, what it shows, and new and revoked certificates without a restart.

A `ServedCertificate` reads its files again when they changed: new connections see the new certificate, those that stand
are not touched. Files that do not fit together (a renewal half written) change nothing and are tried again; a process
that starts with such files says so in one sentence.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from pathlib import Path
from typing import Any

import structlog

from core.config import Settings
from core.transport import REVOKED_LIST, is_loopback

log = structlog.get_logger()

CONNECT_SECONDS = 5.0
LOOK_SECONDS = 2.0
"""How often files are looked at for a new certificate."""


class CertificateUnreadableError(RuntimeError):
    """A certificate, its key or an authority that cannot be used; the text says which file and why."""


class VerifyingContext(ssl.SSLContext):
    """Verifies servers by an authority, or by the system's; looks at what the authority took back before every connection.

    So a certificate that is revoked is refused by the next connection of every running process. A list that cannot be read
    then leaves the one before in force, and says so. Raises `CertificateUnreadableError` when it is made.
    """

    _list: Path | None = None
    _read: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def of(cls, authority: Path | None) -> VerifyingContext:
        """One that trusts this file of authorities; the system's when None."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if authority is None:
            context.load_default_certs()
            return context
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError) as error:
            raise CertificateUnreadableError(f"YINLING_TLS_AUTHORITY {authority}: {error}") from error
        context._list = authority.with_name(REVOKED_LIST)
        context._heed_revocations()
        return context

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """As any context does, with the list of now."""
        self._look_again()
        return super().wrap_socket(*args, **options)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """As any context does, with the list of now."""
        self._look_again()
        return super().wrap_bio(*args, **options)

    def _look_again(self) -> None:
        try:
            self._heed_revocations()
        except CertificateUnreadableError as error:
            log.warning("revocations_not_taken", error=str(error))

    def _heed_revocations(self) -> None:
        """Refuse what `yinling certs revoke` took back: its list lies beside the authority."""
        if self._list is None or not self._list.exists():
            return
        stamp = _stamp((self._list,))
        if stamp == self._read:
            return
        try:
            self.load_verify_locations(self._list)
        except (OSError, ssl.SSLError) as error:
            raise CertificateUnreadableError(f"{self._list}: {error}") from error
        self.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        self._read = stamp


def client_context(settings: Settings, *hosts: str) -> ssl.SSLContext:
    """What Yinling verifies servers by: the authority, and their names unless all are this machine itself.

    A certificate for people carries the centre's public name; over loopback, or to the address we listen on, nobody
    else can answer. Raises `CertificateUnreadableError`.
    """
    context = VerifyingContext.of(settings.tls_authority)
    if all(is_loopback(host) or host == settings.host for host in hosts):
        context.check_hostname = False
    return context


class ServedCertificate:
    """The certificate this process shows; `context` may be used by any number of servers. Not thread-safe: one event loop."""

    def __init__(self, certificate: Path, key: Path, *, clients: Path | None = None, required: bool = False) -> None:
        self._certificate = certificate
        self._key = key
        self._clients = clients
        self._stamp = _stamp(self._files())
        self.context = self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        if clients is not None:
            self.context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL

    def refresh(self) -> bool:
        """Read the files again if they changed; whether new connections now see another certificate."""
        stamp = _stamp(self._files())
        if stamp == self._stamp:
            return False
        try:
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # a pair that does not fit must not reach the one in use
            self._load(self.context)
        except CertificateUnreadableError as error:
            log.warning("certificate_not_taken", error=str(error))
            return False
        self._stamp = stamp
        log.info("certificate_taken", certificate=str(self._certificate))
        return True

    def _files(self) -> tuple[Path, ...]:
        return tuple(path for path in (self._certificate, self._key, self._clients) if path is not None)

    def _load(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
            if self._clients is not None:
                context.load_verify_locations(self._clients)
        except (OSError, ssl.SSLError, ValueError) as error:
            names = ", ".join(map(str, self._files()))
            raise CertificateUnreadableError(f"cannot use {names}: {error}") from error
        return context


def served_certificate(settings: Settings, *, clients: Path | None = None, required: bool = False) -> ServedCertificate | None:
    """The certificate of the settings; None when there is none. Raises `CertificateUnreadableError`.

    Certificates of `clients`' authority are asked for, and `required` refuses who has none.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return ServedCertificate(settings.tls_certificate, settings.tls_key, clients=clients, required=required)


async def keep_fresh(*served: ServedCertificate | None) -> None:
    """Take new certificates until cancelled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for each in served:
            if each is not None:
                each.refresh()


def shown_fingerprint(host: str, port: int) -> str | None:
    """SHA-256 of the certificate a server shows now, whoever signed it; None when it does not answer with TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as shaken,
        ):
            certificate = shaken.getpeercert(binary_form=True)
    except OSError:
        return None
    return None if certificate is None else hashlib.sha256(certificate).hexdigest()


def file_fingerprint(path: Path) -> str | None:
    """SHA-256 of the first certificate in a PEM file; None when it cannot be read."""
    try:
        text = path.read_text(encoding="ascii")
        head, _, _ = text[text.index("-----BEGIN CERTIFICATE-----") :].partition("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f"{head}-----END CERTIFICATE-----\n")).hexdigest()
    except (OSError, ValueError):
        return None


def _no_password() -> str:
    raise ValueError("the key has a password: Yinling starts by itself and can ask nobody")


def _stamp(files: tuple[Path, ...]) -> tuple[tuple[int, int, int], ...]:
    stamps = []
    for file in files:
        try:
            found = file.stat()
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
        except OSError:
            stamps.append((0, 0, 0))
    return tuple(stamps)


__all__ = [
    "CertificateUnreadableError",
    "ServedCertificate",
    "VerifyingContext",
    "client_context",
    "file_fingerprint",
    "keep_fresh",
    "served_certificate",
    "shown_fingerprint",
]
