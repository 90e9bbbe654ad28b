"""The whole program with TLS everywhere: a press with a certificate rings, and certificates change while it runs."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.centre import Centre, running_centre
from support.certificates import Certificates, now
from support.devices import Speaker
from support.ports import free_ports
from support.processes import until

from core.tls import shown_fingerprint


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Centre]:
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("centre")
    with running_centre(folder, certificate_port=port, ring_again_seconds=600, **certificates.settings) as centre:
        yield centre


def _certified(centre: Centre, home: str, folder: Path) -> tuple[dict[str, Any], Speaker]:
    """A new button with a certificate, and its client."""
    body = centre.post("/devices", {"home": home, "name": "button", "profile": "sos-button", "credential": "certificate"})
    access = body["mqtt"]
    assert access["password"] is None
    assert access["tls"] is True
    return body, _client(centre, access, folder)


def _client(centre: Centre, access: dict[str, Any], folder: Path) -> Speaker:
    certificate, key = folder / "device.pem", folder / "device.key"
    certificate.write_text(access["certificate"]["certificate"])
    key.write_text(access["certificate"]["key"])
    context = ssl.create_default_context(cafile=centre.environment["YINLING_TLS_AUTHORITY"])
    context.load_cert_chain(certificate, key)
    speaker = Speaker(access["port"], "", "", access["client_id"])
    speaker.client.tls_set_context(context)
    return speaker


def test_a_press_with_a_certificate_rings_and_a_new_secret_ends_it(centre: Centre, tmp_path: Path) -> None:
    home = centre.home()
    body, button = _certified(centre, home, tmp_path)
    button.connect()
    assert button.is_in
    topic = body["mqtt"]["topic"]
    button.subscribe(f"{topic}/receipt")
    button.publish(f"{topic}/event", b'{"id": "1", "type": "sos.pressed"}')
    assert centre.wait_incident(home)["kind"] == "sos"
    until(lambda: any(b'"accepted"' in each for each in button.payloads()), what="the receipt")
    centre.post(f"/devices/{body['id']}/secret")
    until(lambda: button.disconnections, what="the end of the connection its certificate opened")
    button.close()
    again = _client(centre, body["mqtt"], tmp_path).connect()
    assert not again.is_in
    again.close()


def test_a_retired_device_is_put_out_within_seconds(centre: Centre, tmp_path: Path) -> None:
    body, button = _certified(centre, centre.home(), tmp_path)
    button.connect()
    centre.post(f"/devices/{body['id']}/retire")
    until(lambda: button.disconnections, what="the end of its connection")
    button.close()


def test_every_port_takes_a_new_certificate_and_nobody_is_thrown_out(
    centre: Centre, certificates: Certificates, tmp_path: Path
) -> None:
    home = centre.home()
    with_secret = centre.device(home)
    speaker = Speaker(centre.mqtt_port, with_secret.username, with_secret.password, with_secret.client_id)
    speaker.client.tls_set_context(certificates.client())
    speaker.connect()
    _body, button = _certified(centre, home, tmp_path)
    button.connect()
    assert speaker.is_in
    pids = centre.pids()
    certificates.folder.renew("server", now())
    ports = (
        centre.run["ports"]["http"],
        centre.mqtt_port,
        centre.gateway_port,
        int(centre.environment["YINLING_CERTIFICATE_PORT"]),
    )
    until(lambda: all(shown_fingerprint("127.0.0.1", port) == certificates.shown for port in ports), 60, "the new certificate")
    speaker.publish(f"{with_secret.topic}/event", b'{"id": "9", "type": "sos.pressed"}')
    centre.wait_incident(home)
    assert speaker.disconnections == []
    assert button.disconnections == []
    assert centre.pids() == pids
    for each in (speaker, button):
        each.close()


def test_browsers_are_told_to_stay_with_tls(centre: Centre) -> None:
    signed_in = centre.api.post("/api/v1/sign-in", json={"username": "admin", "password": "a-password-of-tests"})
    assert "secure" in signed_in.headers["set-cookie"].lower()
    assert signed_in.headers["strict-transport-security"].startswith("max-age=")
    with pytest.raises(httpx.TransportError):
        httpx.get(centre.url.replace("https://", "http://"), timeout=5)
