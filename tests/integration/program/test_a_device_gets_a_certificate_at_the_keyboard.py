"""`yinling certs device`: two files that only this device's row goes by, or one sentence and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from support.certificates import Certificates
from support.keyboard import Told, typed
from support.stores import SqliteStores

from core.certificates import Kind, describe, new_key
from core.clock import SystemClock
from core.database import Database
from devices.model import Device
from devices.schemas import NewDevice
from devices.service import provision, retire
from people.model import AuditEntry, Home

NAMES = ("门口的按钮", "床边的按钮", "床边的按钮")


@pytest.fixture
def database(sqlite_stores: SqliteStores) -> Iterator[Database]:
    made = Database(sqlite_stores.fresh())
    now = SystemClock().now()
    with made.transaction() as session:
        home = Home(code="home-1", name="张桂英", address="1-2-3", created_at=now)
        session.add(home)
        session.flush()
        for serial, name in enumerate(NAMES):
            provision(session, home, NewDevice(name=name, profile="sos-button", serial=f"SN-{serial}"), now)
    yield made
    made.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path / "certs")


@pytest.fixture
def environment(database: Database, certificates: Certificates, tmp_path: Path) -> dict[str, str]:
    return {
        "YINLING_DATA_DIR": str(tmp_path / "data"),
        "YINLING_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "YINLING_CERTIFICATES_DIR": str(certificates.folder.folder),
        "YINLING_CERTIFICATE_PORT": "8886",
    }


def rows(database: Database) -> list[Device]:
    with database.snapshot() as session:
        return list(session.scalars(sa.select(Device).order_by(Device.id)))


def give(environment: dict[str, str], folder: Path, device: str, *more: str) -> Told:
    return typed(environment, "certs", "device", "home-1", device, "--folder", str(folder), *more)


def test_its_files_open_this_device_and_its_secret_no_longer_does(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    told = give(environment, tmp_path / "out", "门口的按钮")
    assert told.exit_code == 0, told.output
    device, other, _ = rows(database)
    certificate, key = (tmp_path / "out" / f"{device.code}{suffix}" for suffix in (".pem", ".key"))
    assert sorted((tmp_path / "out").iterdir()) == [key, certificate]
    assert key.stat().st_mode & 0o777 == 0o600
    signed = x509.load_pem_x509_certificate(certificate.read_bytes())
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert signed.public_key() == private.public_key()
    described = describe(signed)
    assert (described.name, described.kind) == (device.code, Kind.DEVICE)
    assert (device.certificate_hash, device.secret_hash) == (described.fingerprint, None)
    assert other.secret_hash is not None
    assert f"127.0.0.1:8886 over TLS with client id {device.client_id}" in told.output
    with database.snapshot() as session:
        entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "device.certified")).one()
    assert (entry.actor, entry.subject) == ("command line", device.code)


def test_a_device_that_made_its_own_key_keeps_it(database: Database, environment: dict[str, str], tmp_path: Path) -> None:
    key = new_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    (tmp_path / "own.csr").write_bytes(request.public_bytes(serialization.Encoding.PEM))
    told = give(environment, tmp_path / "out", "SN-1", "--request", str(tmp_path / "own.csr"))
    assert told.exit_code == 0, told.output
    [made] = (tmp_path / "out").iterdir()
    assert made.name == f"{rows(database)[1].code}.pem"
    assert x509.load_pem_x509_certificate(made.read_bytes()).public_key() == key.public_key()


def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(
    database: Database, environment: dict[str, str], certificates: Certificates, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first, second, third = rows(database)
    with database.transaction() as session:
        retire(session, session.get_one(Device, third.id))
    (tmp_path / "no.csr").write_text("nonsense")
    out.mkdir()
    (out / f"{first.code}.key").write_text("of another day")
    cases = [
        (typed(environment, "certs", "device", "home-9", "x"), "There is no home 'home-9'"),
        (give(environment, out, "窗边"), f"No device of 'home-1' with the code, serial or name '窗边'; there are: {first.code}"),
        (give(environment, out, third.code), "The device got no certificate: "),
        (give(environment, out, second.code, "--request", str(tmp_path / "no.csr")), "The device got no certificate: "),
        (give(environment, out, second.code, "--request", str(tmp_path / "none.csr")), "cannot be read"),
        (give(environment, out, first.code), "is there already, and nothing is overwritten"),
        (give({**environment, "YINLING_CERTIFICATE_PORT": ""}, out, second.code), "YINLING_CERTIFICATE_PORT"),
    ]
    certificates.folder.key_path("devices").unlink()
    cases.append((give(environment, out, second.code), "devices.key"))
    for told, sentence in cases:
        assert told.exit_code == 2, told.output
        assert sentence in told.output, told.output
        assert "Traceback" not in told.output
    assert [path.name for path in out.iterdir()] == [f"{first.code}.key"], "what was written was taken away again"
    assert [device.certificate_hash for device in rows(database)] == [None, None, None]


def test_two_of_one_name_are_told_apart_by_their_codes(database: Database, environment: dict[str, str], tmp_path: Path) -> None:
    told = give(environment, tmp_path / "out", "床边的按钮")
    assert told.exit_code == 2
    _, second, third = rows(database)
    assert f"Several devices of 'home-1' with the code, serial or name '床边的按钮'; there are: {second.code}" in told.output
    assert third.code in told.output
