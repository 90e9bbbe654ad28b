"""A private authority in a test's folder, made as `yinling certs` makes it, and clients that trust it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from core.certificate_folder import AUTHORITY, CertificateFolder
from core.certificates import Kind, certificate_pem, describe, key_pem, new_key

HOSTS = ("localhost", "127.0.0.1", "0.0.0.0")


def now() -> datetime:
    """The real clock: OpenSSL knows no other."""
    return datetime.now(tz=UTC)


@dataclass(frozen=True)
class DevicePair:
    """A device's certificate and key as files, and what its row knows of it."""

    certificate: Path
    key: Path
    fingerprint: str


class Certificates:
    """An authority, a device authority, and a server's pair."""

    def __init__(self, folder: Path) -> None:
        self.folder = CertificateFolder(folder)
        self.folder.make_authorities("test", now())
        self.folder.issue(Kind.SERVER, "server", now(), 30, hosts=HOSTS)

    @property
    def settings(self) -> dict[str, Any]:
        """What makes a process speak TLS with them."""
        return {
            "tls_certificate": self.folder.path("server"),
            "tls_key": self.folder.key_path("server"),
            "tls_authority": self.folder.path(AUTHORITY),
            "certificates_dir": self.folder.folder,
        }

    @property
    def shown(self) -> str:
        """The fingerprint of what servers show, as the file has it."""
        return describe(self.folder.read("server")).fingerprint

    def device(self, code: str, *, days: int = 30) -> DevicePair:
        """A certificate for a device."""
        key = new_key()
        return self._pair(code, self.folder.sign_device(code, key.public_key(), now(), days), key_pem(key))

    def client(self, pair: DevicePair | None = None) -> ssl.SSLContext:
        """A client that trusts the authority, and shows a device's certificate."""
        context = ssl.create_default_context(cafile=str(self.folder.path(AUTHORITY)))
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
        return context

    def _pair(self, name: str, certificate: x509.Certificate, key: bytes) -> DevicePair:
        described = describe(certificate)
        paths = [self.folder.folder / f"{name}-{described.serial:x}.{kind}" for kind in ("crt", "secret")]
        paths[0].write_bytes(certificate_pem(certificate))
        paths[1].write_bytes(key)
        return DevicePair(paths[0], paths[1], described.fingerprint)
