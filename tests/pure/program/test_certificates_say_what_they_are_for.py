"""The private authority: what it issues, for whom and how long, and that no key is ever overwritten or shown to others."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from core.certificate_folder import AUTHORITY, DEVICES, CertificateFolder, CertificateFolderError
from core.certificates import BadRequestError, Kind, describe, read_request
from core.config import Settings
from core.tls import CertificateUnreadableError, ServedCertificate, client_context

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> CertificateFolder:
    made = CertificateFolder(tmp_path / "certs")
    made.make_authorities("青山", NOW)
    return made


def test_there_are_two_authorities_and_only_their_owner_reads_the_keys(folder: CertificateFolder) -> None:
    for name in (AUTHORITY, DEVICES):
        assert describe(folder.read(name)).kind is Kind.AUTHORITY
        assert folder.key_path(name).stat().st_mode & 0o777 == 0o600
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    assert describe(folder.read(AUTHORITY)).issuer != describe(folder.read(DEVICES)).issuer


def test_authorities_that_are_there_stay_as_they_are(folder: CertificateFolder) -> None:
    before = folder.key_path(AUTHORITY).read_bytes()
    assert folder.make_authorities("another", NOW) == []
    assert folder.key_path(AUTHORITY).read_bytes() == before


def test_a_server_is_named_and_a_second_of_its_name_is_refused(folder: CertificateFolder) -> None:
    path = folder.issue(Kind.SERVER, "server", NOW, 30, hosts=["centre.example", "10.0.0.3"])
    described = describe(folder.read("server"))
    assert (described.kind, described.hosts) == (Kind.SERVER, ("centre.example", "10.0.0.3"))
    assert described.days_left(NOW) == 30
    kept = path.read_bytes(), folder.key_path("server").read_bytes()
    with pytest.raises(CertificateFolderError, match="renew server"):
        folder.issue(Kind.SERVER, "server", NOW, 30, hosts=["other"])
    assert (path.read_bytes(), folder.key_path("server").read_bytes()) == kept


@pytest.mark.parametrize("name", ["../server", "", ".hidden", "a/b", AUTHORITY, DEVICES])
def test_a_name_that_would_leave_the_folder_or_replace_an_authority_is_refused(folder: CertificateFolder, name: str) -> None:
    before = folder.key_path(AUTHORITY).read_bytes()
    with pytest.raises(CertificateFolderError):
        folder.issue(Kind.CLIENT, name, NOW, 30)
    assert folder.key_path(AUTHORITY).read_bytes() == before


def test_a_renewal_keeps_the_old_pair_and_says_the_same_for_as_long(folder: CertificateFolder) -> None:
    folder.issue(Kind.SERVER, "server", NOW, 90, hosts=["centre.example"])
    old_key, old = folder.key_path("server").read_bytes(), describe(folder.read("server"))
    later = NOW + timedelta(days=80)
    folder.renew("server", later)
    fresh = describe(folder.read("server"))
    assert (fresh.hosts, fresh.days_left(later)) == (old.hosts, 90)
    assert fresh.serial != old.serial
    assert folder.key_path("server").read_bytes() != old_key
    assert [path.read_bytes() for path in (folder.folder / "old").glob("*.key")] == [old_key]
    assert folder.key_path("server").stat().st_mode & 0o777 == 0o600


def test_nothing_outlives_its_authority(folder: CertificateFolder) -> None:
    late = NOW + timedelta(days=3600)
    folder.issue(Kind.SERVER, "late", late, 397, hosts=["x"])
    assert describe(folder.read("late")).ends_at == describe(folder.read(AUTHORITY)).ends_at


def test_an_authority_whose_key_was_taken_away_says_so(folder: CertificateFolder) -> None:
    folder.key_path(AUTHORITY).unlink()
    with pytest.raises(CertificateFolderError, match="bring the authority's key back"):
        folder.issue(Kind.SERVER, "server", NOW, 30, hosts=["x"])
    assert not folder.path("server").exists()


def test_what_was_revoked_is_on_the_list_beside_the_authority_and_out_of_the_way(folder: CertificateFolder) -> None:
    serials = []
    for name in ("first", "second"):
        folder.issue(Kind.SERVER, name, NOW, 30, hosts=["x"])
        serials.append(describe(folder.read(name)).serial)
        folder.revoke(name, NOW)
    listed = x509.load_pem_x509_crl((folder.folder / "revoked.pem").read_bytes())
    assert sorted(each.serial_number for each in listed) == sorted(serials)
    assert [kept.path.stem for kept in folder.kept()] == [AUTHORITY, DEVICES]
    context = client_context(Settings(tls_authority=folder.path(AUTHORITY)), "centre.example")
    assert context.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF
    assert context.check_hostname


def _request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "anybody") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def test_a_devices_own_request_gives_its_key_and_not_its_wishes(folder: CertificateFolder) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signed = folder.sign_device("dev-1", read_request(_request(key, "ingest")), NOW, 365)
    described = describe(signed)
    assert (described.name, described.kind) == ("dev-1", Kind.DEVICE)
    assert signed.public_key() == key.public_key()


@pytest.mark.parametrize(
    ("request_pem", "reason"),
    [
        (b"", "no PEM"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "no PEM"),
        (_request(rsa.generate_private_key(65537, 1024)), "2048"),  # noqa: S505 to be refused
    ],
)
def test_a_request_that_cannot_be_signed_says_why(request_pem: bytes, reason: str) -> None:
    with pytest.raises(BadRequestError, match=reason):
        read_request(request_pem)


def test_a_key_of_another_certificate_is_refused_and_never_taken(folder: CertificateFolder) -> None:
    for name in ("server", "other"):
        folder.issue(Kind.SERVER, name, NOW, 30, hosts=["x"])
    with pytest.raises(CertificateUnreadableError, match=r"server\.pem"):
        ServedCertificate(folder.path("server"), folder.key_path("other"))
    served = ServedCertificate(folder.path("server"), folder.key_path("server"))
    folder.path("server").write_bytes(folder.path("other").read_bytes())
    assert not served.refresh()
    folder.key_path("server").write_bytes(folder.key_path("other").read_bytes())
    assert served.refresh()
    assert not served.refresh()


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateUnreadableError, match="YINLING_TLS_AUTHORITY"):
        client_context(Settings(tls_authority=tmp_path / "missing.pem"), "centre.example")
