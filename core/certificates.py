"""X.509 certificates of a private authority, made and read. Pure but for the randomness of keys and serial numbers.

Two authorities, so that the key that is online with the pages (it signs devices) can never make a server or a process of
ours: one for servers and processes, one for devices. Keys are EC P-256, which every TLS stack of a device speaks.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""What browsers still take from anybody."""
DEVICE_DAYS = 1825
EARLIER = timedelta(minutes=10)
"""Certificates hold from a little before now: clocks in homes are late."""
_LEAST_RSA_BITS = 2048
_ORGANISATION = "Yinling"

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Kind(StrEnum):
    """What a certificate is for."""

    AUTHORITY = "authority"
    SERVER = "server"
    CLIENT = "client"
    DEVICE = "device"


class BadRequestError(ValueError):
    """A certificate signing request that cannot be signed; the text says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate that signs others, and its key."""

    certificate: x509.Certificate
    key: PrivateKey


@dataclass(frozen=True, slots=True)
class Described:
    """What people want to know of a certificate."""

    name: str
    kind: Kind
    hosts: tuple[str, ...]
    fingerprint: str
    serial: int
    ends_at: datetime
    issuer: str

    def days_left(self, now: datetime) -> int:
        """Whole days until it ends; negative afterwards."""
        return (self.ends_at - now) // timedelta(days=1)


def new_key() -> PrivateKey:
    """A private key."""
    return ec.generate_private_key(ec.SECP256R1())


def make_authority(name: str, now: datetime, days: int = AUTHORITY_DAYS) -> Authority:
    """An authority that signs certificates, and no further authorities."""
    key = new_key()
    subject = _subject(name)
    builder = (
        _builder(subject, subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def issue(  # noqa: PLR0913, PLR0917 what a certificate says
    authority: Authority, kind: Kind, name: str, public_key: PublicKey, now: datetime, days: int, *, hosts: Sequence[str] = ()
) -> x509.Certificate:
    """A certificate for a server (with its hosts), a process (client) or a device; never outlives its authority."""
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if kind is Kind.SERVER:
        uses.insert(0, ExtendedKeyUsageOID.SERVER_AUTH)  # and client: broker nodes are both to each other
    builder = _builder(_subject(name), authority.certificate.subject, public_key, now, days, authority.certificate)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(kind, name, hosts)), critical=False)
        .add_extension(_key_identifier_of(authority.certificate), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def read_request(pem: bytes) -> PublicKey:
    """The key of a device's own signing request, proved to be its own. What else the request wishes is not looked at.

    Raises `BadRequestError`.
    """
    try:
        request = x509.load_pem_x509_csr(pem)
        key = request.public_key()
        proved = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadRequestError("it is no PEM certificate signing request") from error
    if not proved:
        raise BadRequestError("its signature does not fit its key")
    if isinstance(key, ec.EllipticCurvePublicKey) or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS):
        return key
    raise BadRequestError(f"its key must be an elliptic curve key or RSA of at least {_LEAST_RSA_BITS} bits")


def describe(certificate: x509.Certificate) -> Described:
    """What it says of itself."""
    return Described(
        name=_common_name(certificate.subject),
        kind=_kind_of(certificate),
        hosts=_hosts_of(certificate),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        serial=certificate.serial_number,
        ends_at=certificate.not_valid_after_utc,
        issuer=_common_name(certificate.issuer),
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """As the file that servers and devices read."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: PrivateKey) -> bytes:
    """As a file, without a password: processes start by themselves."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(  # noqa: PLR0913, PLR0917 the fields of a certificate
    subject: x509.Name,
    issuer: x509.Name,
    public_key: PublicKey,
    now: datetime,
    days: int,
    authority: x509.Certificate | None = None,
) -> x509.CertificateBuilder:
    ends_at = now + timedelta(days=days)
    if authority is not None:
        ends_at = min(ends_at, authority.not_valid_after_utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(ends_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _key_identifier_of(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _names(kind: Kind, name: str, hosts: Sequence[str]) -> list[x509.GeneralName]:
    if kind is not Kind.SERVER:
        return [x509.UniformResourceIdentifier(f"urn:yinling:{kind}:{name}")]
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _kind_of(certificate: x509.Certificate) -> Kind:
    extensions = certificate.extensions
    try:
        if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return Kind.AUTHORITY
        uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return Kind.SERVER
    if ExtendedKeyUsageOID.SERVER_AUTH in uses:
        return Kind.SERVER
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Kind.CLIENT
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return Kind.DEVICE if any(uri.startswith("urn:yinling:device:") for uri in uris) else Kind.CLIENT


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


__all__ = [
    "AUTHORITY_DAYS",
    "DEVICE_DAYS",
    "EARLIER",
    "SERVER_DAYS",
    "Authority",
    "BadRequestError",
    "Described",
    "Kind",
    "PrivateKey",
    "PublicKey",
    "certificate_pem",
    "describe",
    "issue",
    "key_pem",
    "make_authority",
    "new_key",
    "read_request",
]
