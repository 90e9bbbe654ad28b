"""The folder of `yinling certs`: both authorities and what they issued, one pair of files each.

`authority.pem` signs servers and processes (its key may be taken away from the machine), `devices.pem` signs devices (its
key stays with the pages that provision them). Keys are readable by their owner only and appear whole or not at all. No
key is ever overwritten: a renewal keeps the old pair under `old/`, a revoked one goes to `revoked/`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.certificates import (
    AUTHORITY_DAYS,
    EARLIER,
    Authority,
    Described,
    Kind,
    PublicKey,
    certificate_pem,
    describe,
    issue,
    key_pem,
    make_authority,
    new_key,
)
from core.transport import REVOKED_LIST

AUTHORITY = "authority"
DEVICES = "devices"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class CertificateFolderError(RuntimeError):
    """What is asked for cannot be done with this folder; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate in the folder."""

    path: Path
    described: Described


class CertificateFolder:
    """One folder. Every method raises `CertificateFolderError` for what a person must put right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """The certificate's file."""
        if not _NAME.fullmatch(name):
            raise CertificateFolderError(f"{name!r} is no name for a certificate: letters, digits, dots and dashes")
        return self.folder / f"{name}.pem"

    def key_path(self, name: str) -> Path:
        """Its private key's file."""
        return self.path(name).with_suffix(".key")

    def make_authorities(self, centre: str, now: datetime) -> list[Path]:
        """Make whichever of the two authorities is missing; the paths made."""
        made = []
        for name, title in ((AUTHORITY, f"{centre} authority"), (DEVICES, f"{centre} devices")):
            if not self.path(name).exists():
                authority = make_authority(title, now)
                self._keep(name, authority.certificate, key_pem(authority.key))
                made.append(self.path(name))
        return made

    def issue(self, kind: Kind, name: str, now: datetime, days: int, *, hosts: Sequence[str] = ()) -> Path:
        """Make a key and its certificate under a new name."""
        if name in {AUTHORITY, DEVICES}:
            raise CertificateFolderError(f"{name} is the name of an authority: choose another with --name")
        if self.path(name).exists() or self.key_path(name).exists():
            raise CertificateFolderError(f"{self.path(name)} is there already: `yinling certs renew {name}` replaces it")
        key = new_key()
        certificate = issue(self.authority(AUTHORITY), kind, name, key.public_key(), now, days, hosts=hosts)
        self._keep(name, certificate, key_pem(key))
        return self.path(name)

    def sign_device(self, code: str, public_key: PublicKey, now: datetime, days: int) -> x509.Certificate:
        """A device's certificate; nothing of it is kept here, the device's row knows its fingerprint."""
        return issue(self.authority(DEVICES), Kind.DEVICE, code, public_key, now, days)

    def renew(self, name: str, now: datetime) -> Path:
        """A new key and certificate in the same files, for as long and for the same hosts; the old pair is kept aside."""
        if name in {AUTHORITY, DEVICES}:
            raise CertificateFolderError(f"{name} is an authority: docs/tls.md says how one is replaced without an outage")
        old = self.read(name)
        described = describe(old)
        days = max(1, round((old.not_valid_after_utc - old.not_valid_before_utc) / timedelta(days=1)))
        key = new_key()
        fresh = issue(self.authority(AUTHORITY), described.kind, name, key.public_key(), now, days, hosts=described.hosts)
        aside = self.folder / "old" / f"{name}-{described.serial:x}"
        _write(aside.with_suffix(".pem"), certificate_pem(old))
        if self.key_path(name).exists():
            _write(aside.with_suffix(".key"), self.key_path(name).read_bytes())
        # The key first: a server that looks in between meets a pair that does not fit, and looks again.
        _replace(self.key_path(name), key_pem(key))
        _replace(self.path(name), certificate_pem(fresh))
        return self.path(name)

    def revoke(self, name: str, now: datetime) -> Path:
        """Take a server's or process's certificate back: Yinling's own connections refuse it from then on."""
        if name in {AUTHORITY, DEVICES}:
            raise CertificateFolderError(f"{name} is an authority: docs/tls.md says what to do when one is lost")
        described = describe(self.read(name))
        authority = self.authority(AUTHORITY)
        before = self._revoked_before()
        # From a little before now, as certificates: a list of the future closes every link of a machine whose clock is late.
        at = now - EARLIER
        if before is not None:  # of two lists that a process has read the later one counts, by the second
            at = max(at, before.last_update_utc + timedelta(seconds=1))
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(at)
            # An ended list would close every link, so it lasts as long as its authority may.
            .next_update(at + timedelta(days=AUTHORITY_DAYS))
            .add_revoked_certificate(_revoked(described.serial, now))
        )
        for earlier in before or ():
            builder = builder.add_revoked_certificate(earlier)
        _replace(self.folder / REVOKED_LIST, builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        away = self.folder / "revoked"
        away.mkdir(mode=0o700, exist_ok=True)
        for path in (self.path(name), self.key_path(name)):
            if path.exists():
                path.replace(away / f"{name}-{described.serial:x}{path.suffix}")
        return away

    def authority(self, name: str) -> Authority:
        """One of the two authorities with its key."""
        certificate = self.read(name)
        try:
            key = serialization.load_pem_private_key(self.key_path(name).read_bytes(), password=None)
        except FileNotFoundError as error:
            raise CertificateFolderError(f"{self.key_path(name)} is not here: bring the authority's key back for this") from error
        except (OSError, ValueError, TypeError) as error:
            raise CertificateFolderError(f"{self.key_path(name)} cannot be read: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertificateFolderError(f"{self.key_path(name)} is no key of `yinling certs`")
        return Authority(certificate, key)

    def read(self, name: str) -> x509.Certificate:
        """A certificate of the folder."""
        return read_certificate(self.path(name))

    def kept(self) -> Iterator[Kept]:
        """Every certificate in force, by name; what cannot be read is passed over."""
        for path in sorted(self.folder.glob("*.pem")):
            if path.name == REVOKED_LIST:
                continue
            try:
                yield Kept(path, describe(read_certificate(path)))
            except CertificateFolderError:
                continue

    def _keep(self, name: str, certificate: x509.Certificate, key: bytes) -> None:
        _write(self.key_path(name), key)
        _write(self.path(name), certificate_pem(certificate))

    def _revoked_before(self) -> x509.CertificateRevocationList | None:
        try:
            return x509.load_pem_x509_crl((self.folder / REVOKED_LIST).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CertificateFolderError(f"{self.folder / REVOKED_LIST} cannot be read: {error}") from error


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file. Raises `CertificateFolderError`."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError as error:
        raise CertificateFolderError(f"{path} is not there: `yinling certs authority` makes the authorities") from error
    except (OSError, ValueError) as error:
        raise CertificateFolderError(f"{path} cannot be read: {error}") from error


def _revoked(serial: int, now: datetime) -> x509.RevokedCertificate:
    return x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()


def _write(path: Path, body: bytes) -> None:
    """A new file for its owner only, whole or not at all; never over one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = _aside(path, body)
    try:
        os.link(aside, path)
    except FileExistsError as error:
        raise CertificateFolderError(f"{path} is there already, and nothing is overwritten") from error
    finally:
        aside.unlink()


def _replace(path: Path, body: bytes) -> None:
    _aside(path, body).replace(path)


def _aside(path: Path, body: bytes) -> Path:
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return aside


__all__ = [
    "AUTHORITY",
    "DEVICES",
    "CertificateFolder",
    "CertificateFolderError",
    "Kept",
    "read_certificate",
]
