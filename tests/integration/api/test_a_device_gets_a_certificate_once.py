"""Certificates of devices over HTTP: shown once, for its own key if it has one, and the secret ends with it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.api_town import Town

from core.certificate_folder import CertificateFolder
from core.certificates import Kind, describe
from devices.model import Device
from people.model import AuditEntry

PORT = 8884
BODY = {"home": "h-north", "name": "Button", "profile": "sos-button", "credential": "certificate"}


@pytest.fixture
def certificate_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the town is made with has a certificate port; ask for it before the town."""
    monkeypatch.setenv("YINLING_CERTIFICATE_PORT", str(PORT))


@pytest.fixture
def certified(certificate_port: None, town: Town) -> Town:  # noqa: ARG001 the order in which they are made
    """The town with a certificate port and the authorities."""
    CertificateFolder(town.deps.settings.certificates_folder).make_authorities("test", town.clock.now())
    return town


def _made(town: Town, **more: Any) -> dict[str, Any]:
    answer = town.client.post("/api/v1/devices", json=BODY | more, headers=town.bearer("administrator"))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _row(town: Town, device: int) -> Device:
    with town.deps.database.snapshot() as session:
        return session.get_one(Device, device)


def _refused(town: Town, path: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = town.client.post(f"/api/v1{path}", json=body, headers=town.bearer("administrator"))
    return answer.status_code, answer.json()["error"]["code"]


def test_it_is_for_this_device_and_its_key_is_kept_nowhere(certified: Town) -> None:
    made = _made(certified)
    access = made["mqtt"]
    assert (access["port"], access["password"], access["username"]) == (PORT, None, made["code"])
    described = describe(x509.load_pem_x509_certificate(access["certificate"]["certificate"].encode()))
    assert (described.name, described.kind) == (made["code"], Kind.DEVICE)
    row = _row(certified, made["id"])
    assert (row.certificate_hash, row.certificate_ends_at, row.secret_hash) == (described.fingerprint, described.ends_at, None)
    key = access["certificate"]["key"].splitlines()[1]
    assert key not in str(row.__dict__)
    assert all(key not in path.read_text() for path in certified.deps.settings.certificates_folder.iterdir())
    seen = certified.client.get(f"/api/v1/devices/{made['id']}", headers=certified.bearer("administrator")).json()
    assert "mqtt" not in seen
    assert seen["certificate_ends_at"] == access["certificate"]["ends_at"]


def test_a_device_that_made_its_own_key_never_shows_it(certified: Town) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM).decode()
    given = _made(certified, certificate_request=pem)["mqtt"]["certificate"]
    assert given["key"] is None
    assert x509.load_pem_x509_certificate(given["certificate"].encode()).public_key() == key.public_key()


def test_a_new_certificate_ends_the_old_and_a_new_secret_ends_both(certified: Town) -> None:
    made = _made(certified)
    first = _row(certified, made["id"]).certificate_hash
    headers = certified.bearer("administrator")
    again = certified.client.post(f"/api/v1/devices/{made['id']}/certificate", json={}, headers=headers)
    assert again.status_code == 200
    assert _row(certified, made["id"]).certificate_hash not in {None, first}
    back = certified.client.post(f"/api/v1/devices/{made['id']}/secret", headers=headers).json()
    row = _row(certified, made["id"])
    assert (row.certificate_hash, row.certificate_ends_at) == (None, None)
    assert row.secret_hash is not None
    assert back["mqtt"]["certificate"] is None


@pytest.mark.parametrize("username", ["administrator", "supervisor", "installer"])
def test_a_certificate_that_was_revoked_leaves_the_device_with_nothing_until_it_is_given_anew(
    certified: Town, username: str
) -> None:
    made = _made(certified)
    CertificateFolder(certified.deps.settings.certificates_folder).key_path("devices").unlink()
    path = f"/api/v1/devices/{made['id']}/certificate/revoke"
    told = certified.client.post(path, headers=certified.bearer(username))
    assert told.status_code == 200, "no authority is needed for it"
    assert (told.json()["credential"], told.json()["certificate_ends_at"], told.json()["state"]) == (None, None, "registered")
    row = _row(certified, made["id"])
    assert (row.certificate_hash, row.certificate_ends_at, row.secret_hash) == (None, None, None)
    assert _refused(certified, f"/devices/{made['id']}/certificate/revoke", {}) == (409, "device_has_no_certificate")
    with certified.deps.database.snapshot() as session:
        written = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "device.certificate_revoked")).all()
    assert [(one.user_id, one.subject) for one in written] == [(certified.users[username], made["code"])]
    back = certified.client.post(f"/api/v1/devices/{made['id']}/secret", headers=certified.bearer(username)).json()
    assert back["credential"] == "secret"


def test_what_cannot_be_revoked_is_refused_with_its_reason(certified: Town) -> None:
    plain = certified.client.post(
        "/api/v1/devices", json=BODY | {"credential": "secret"}, headers=certified.bearer("administrator")
    ).json()
    assert plain["credential"] == "secret"
    assert _refused(certified, f"/devices/{plain['id']}/certificate/revoke", {}) == (409, "device_has_no_certificate")
    assert _row(certified, plain["id"]).secret_hash is not None
    retired = _made(certified)
    assert retired["credential"] == "certificate"
    certified.client.post(f"/api/v1/devices/{retired['id']}/retire", headers=certified.bearer("administrator"))
    assert _refused(certified, f"/devices/{retired['id']}/certificate/revoke", {}) == (409, "device_retired")
    assert _refused(certified, "/devices/999999/certificate/revoke", {}) == (404, "device_not_found")


@pytest.mark.parametrize("username", ["operator", "responder", "doctor", "family"])
def test_nobody_else_revokes_a_certificate(certified: Town, username: str) -> None:
    made = _made(certified)
    answer = certified.client.post(f"/api/v1/devices/{made['id']}/certificate/revoke", headers=certified.bearer(username))
    assert answer.status_code == 403
    assert _row(certified, made["id"]).certificate_hash is not None


def test_a_gateway_with_a_certificate_keeps_its_own_port(certified: Town) -> None:
    assert _made(certified, profile="zigbee2mqtt-gateway")["mqtt"]["port"] == certified.deps.settings.gateway_port


def test_what_cannot_be_signed_makes_no_device(certified: Town) -> None:
    assert _refused(certified, "/devices", BODY | {"certificate_request": "nonsense"}) == (422, "certificate_request_invalid")
    listed = certified.client.get("/api/v1/devices?home=h-north", headers=certified.bearer("administrator")).json()["items"]
    assert "Button" not in [each["name"] for each in listed]


def test_a_retired_device_gets_none(certified: Town) -> None:
    made = _made(certified)
    certified.client.post(f"/api/v1/devices/{made['id']}/retire", headers=certified.bearer("administrator"))
    assert _refused(certified, f"/devices/{made['id']}/certificate", {}) == (409, "device_retired")


def test_without_the_authoritys_key_it_says_what_is_missing(certified: Town) -> None:
    CertificateFolder(certified.deps.settings.certificates_folder).key_path("devices").unlink()
    assert _refused(certified, "/devices", BODY) == (409, "device_certificates_unavailable")


def test_a_centre_without_a_certificate_port_gives_none(town: Town) -> None:
    assert _refused(town, "/devices", BODY) == (409, "device_certificates_unavailable")


def test_an_operator_gives_nobody_a_certificate(certified: Town) -> None:
    made = _made(certified)
    answer = certified.client.post(f"/api/v1/devices/{made['id']}/certificate", json={}, headers=certified.bearer("operator"))
    assert answer.status_code == 403
