"""By the buttons of the installer's page: what is downloaded signs in over TLS with an ordinary client, until it is taken back."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.browser import Desk
from support.centre import Centre, running_centre
from support.certificates import Certificates
from support.keyboard import typed
from support.ports import free_ports
from support.processes import until

PUBLISHER = "mosquitto_pub"


@pytest.fixture(scope="module")
def tls_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    if shutil.which(PUBLISHER) is None:
        pytest.skip(f"there is no {PUBLISHER} on this machine")
    certificates = Certificates(tmp_path_factory.mktemp("certs"))
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("centre")
    with running_centre(folder, certificate_port=port, ring_again_seconds=600, **certificates.settings) as centre:
        yield centre


@dataclass(frozen=True)
class Access:
    """What a page or a command told of one device."""

    certificate: Path
    key: Path
    port: str
    client_id: str
    topic: str

    def press(self, centre: Centre, event_id: str) -> int:
        """How an ordinary client ends that presses with these files."""
        command = [PUBLISHER, "-h", "127.0.0.1", "-p", self.port, "-i", self.client_id, "-q", "1"]
        command += [
            "--cafile",
            centre.environment["YINLING_TLS_AUTHORITY"],
            "--cert",
            str(self.certificate),
            "--key",
            str(self.key),
        ]
        command += ["-t", f"{self.topic}/event", "-m", json.dumps({"id": event_id, "type": "sos.pressed"})]
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode


def _shown(page: Page, folder: Path) -> Access:
    """What the card shows and gives to download."""
    expect(page.get_by_test_id("save_certificate")).to_be_visible()
    folder.mkdir()
    for button in ("save_certificate", "save_key"):
        with page.expect_download() as download:
            page.get_by_test_id(button).click()
        download.value.save_as(folder / download.value.suggested_filename)
    certificate, key = next(folder.glob("*.pem")), next(folder.glob("*.key"))
    words = {name: page.get_by_test_id(f"mqtt-{name}").inner_text() for name in ("port", "client_id", "topic")}
    return Access(certificate, key, **words)


def _device(page: Page, device: dict[str, Any]) -> None:
    page.goto(f"/installer?home={device['home']}&device={device['id']}")
    expect(page.get_by_test_id("new-certificate")).to_be_visible()


def test_what_the_page_gives_works_until_the_page_takes_it_back(tls_centre: Centre, open_page: Desk, tmp_path: Path) -> None:
    centre = tls_centre
    home = centre.home()
    device = centre.post("/devices", {"home": home, "name": "门口的按钮", "profile": "sos-button"})
    page = open_page(centre, "installer", centre.user("installer", "installer", homes=[home]), width=390, height=844)
    _device(page, device)
    page.get_by_test_id("new-certificate").click()
    first = _shown(page, tmp_path / "first")
    assert first.press(centre, "a") == 0
    assert centre.wait_incident(home)["kind"] == "sos"

    _device(page, device)
    page.get_by_test_id("new-certificate").click()
    second = _shown(page, tmp_path / "second")
    assert second.press(centre, "b") == 0
    assert first.press(centre, "c") != 0, "only the newest one opens the device"

    _device(page, device)
    page.get_by_test_id("new-secret").click()
    expect(page.get_by_test_id("mqtt-password")).to_be_visible()
    expect(page.get_by_test_id("save_certificate")).to_have_count(0)
    assert second.press(centre, "d") != 0, "a secret takes the certificate back"
    refused = until(lambda: centre.get(f"/devices/{device['id']}")["refused_reason"], what="what the page shows beside the device")
    assert refused == "wrong_certificate"


def test_the_page_revokes_it_and_nothing_signs_in_until_it_gives_another(
    tls_centre: Centre, open_page: Desk, tmp_path: Path
) -> None:
    centre = tls_centre
    home = centre.home()
    device = centre.post("/devices", {"home": home, "name": "床头的按钮", "profile": "sos-button"})
    page = open_page(centre, "installer-2", centre.user("installer-2", "installer", homes=[home]), width=390, height=844)
    _device(page, device)
    expect(page.get_by_test_id("revoke-certificate")).to_have_count(0)
    page.get_by_test_id("new-certificate").click()
    access = _shown(page, tmp_path / "given")
    assert access.press(centre, "a") == 0
    _device(page, device)
    revoke = page.get_by_test_id("revoke-certificate")
    revoke.click()
    expect(revoke).to_contain_text("再按一次")
    assert centre.get(f"/devices/{device['id']}")["credential"] == "certificate", "one press only asks"
    revoke.click()
    expect(page.get_by_test_id("no-credential")).to_be_visible()
    expect(revoke).to_have_count(0)
    until(lambda: access.press(centre, "b") != 0, what="the certificate no longer signs in", every_seconds=0.2)
    refused = until(lambda: centre.get(f"/devices/{device['id']}")["refused_reason"], what="why is told beside the device")
    assert refused == "wrong_certificate"
    page.get_by_test_id("new-certificate").click()
    assert _shown(page, tmp_path / "given-anew").press(centre, "c") == 0
    _device(page, device)
    expect(page.get_by_test_id("no-credential")).to_have_count(0)


def test_what_the_keyboard_gives_works_too(tls_centre: Centre, tmp_path: Path) -> None:
    centre = tls_centre
    home = centre.home()
    device = centre.device(home)
    told = typed(centre.environment, "certs", "device", home, device.code, "--folder", str(tmp_path))
    assert told.exit_code == 0, told.output
    files = tmp_path / f"{device.code}.pem", tmp_path / f"{device.code}.key"
    access = Access(*files, centre.environment["YINLING_CERTIFICATE_PORT"], device.client_id, device.topic)
    assert access.press(centre, "a") == 0
    assert centre.wait_incident(home)["kind"] == "sos"
