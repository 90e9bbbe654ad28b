"""Certificates of devices in the place of secrets: through the certificate port and the gateway port, each as itself only."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.beside import beside
from support.broker import BrokerHandle, running_broker
from support.certificates import Certificates, DevicePair, now
from support.devices import SECRET, RunningSignIn, Speaker, running_sign_in
from support.ports import free_ports
from support.processes import until

from core.tls import shown_fingerprint
from ingest.certificate_badge import CertificateBadge
from ingest.directory import DeviceCredentials
from ingest.doors import Doors
from ingest.refusals import RefusalReason


@dataclass
class Ground:
    """A broker with TLS, its sign-in, both doors, and two devices with certificates."""

    broker: BrokerHandle
    sign_in: RunningSignIn
    certificates: Certificates
    first: DevicePair
    second: DevicePair

    def know(self, code: str, home: str, pair: DevicePair, *, is_gateway: bool = False, retired: bool = False) -> None:
        """What the device's row says."""
        self.sign_in.directory.devices[code] = DeviceCredentials(
            code, home, None, f"yl-{code}", is_gateway, retired, pair.fingerprint
        )

    def speaker(
        self, pair: DevicePair | None, *, username: str = "", password: str = "", client_id: str, port: int | None = None
    ) -> Speaker:
        """An MQTT client; what it says of user and password is up to it."""
        speaker = Speaker(port or self.broker.settings.certificate_port or 0, username, password, client_id)
        speaker.client.tls_set_context(self.certificates.client(pair))
        return speaker


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    certificates = Certificates(tmp_path / "certs")
    (port,) = free_ports(1)
    with (
        running_broker(tmp_path / "data", certificate_port=port, **certificates.settings) as broker,
        running_sign_in(broker) as sign_in,
        beside(_open_doors(broker)),
    ):
        made = Ground(broker, sign_in, certificates, certificates.device("dev-1"), certificates.device("dev-2"))
        made.know("dev-1", "home-1", made.first)
        made.know("dev-2", "home-2", made.second)
        yield made


@asynccontextmanager
async def _open_doors(broker: BrokerHandle) -> AsyncIterator[None]:
    """Both doors of worker 0."""
    doors = Doors(broker.settings, broker.secrets)
    await doors.open()
    fresh = asyncio.create_task(doors.keep_fresh())
    try:
        yield
    finally:
        fresh.cancel()
        await asyncio.gather(fresh, return_exceptions=True)
        await doors.close()


def _refused(speaker: Speaker) -> bool:
    """Whether it was kept out, by the handshake or by the sign-in."""
    try:
        speaker.connect()
        with suppress(AssertionError):
            until(lambda: speaker.disconnections or speaker.is_in)
    except (ssl.SSLError, ConnectionError):
        return True
    else:
        return not speaker.is_in
    finally:
        speaker.close()


def test_it_needs_no_secret_and_has_exactly_its_own_rights(ground: Ground) -> None:
    device = ground.speaker(ground.first, client_id="yl-dev-1").connect()
    assert device.is_in
    assert device.subscribe("yl/v1/home-1/dev-1/receipt", "yl/v1/home-2/dev-2/receipt") == [0, 128]
    device.publish("yl/v1/home-1/dev-1/event", b"mine")
    device.publish("yl/v1/home-2/dev-2/event", b"another's")
    said = ground.broker.log_path
    until(lambda: 'Publish Violation - Subject "part.0.alarm.yl.v1.home-2.dev-2.event"' in said.read_text(), what="the refusal")
    assert "home-1.dev-1.event" not in said.read_text()
    assert ground.sign_in.refusals == []
    device.close()


def test_its_will_is_kept_for_when_it_is_cut_off(ground: Ground) -> None:
    worker = Speaker(ground.broker.mqtt_port, "ingest", ground.broker.secrets.password, "ingest", persistent=True)
    worker.client.tls_set_context(ground.certificates.client())
    worker.connect().subscribe("part/0/alarm/#", qos=1)
    device = ground.speaker(ground.first, client_id="yl-dev-1")
    device.client.will_set("yl/v1/home-1/dev-1/status", b'{"online": false}', 1)
    device.connect()
    device.cut()
    until(lambda: b'{"online": false}' in worker.payloads(), what="the will")
    worker.close()


@pytest.mark.parametrize("username", ["dev-2", "dev-1", "", "ingest", "yinling"])
def test_another_name_beside_its_certificate_makes_it_nobody_else(ground: Ground, username: str) -> None:
    assert _refused(ground.speaker(ground.first, username=username, password=SECRET, client_id="yl-dev-2"))
    assert [each.reason for each in ground.sign_in.refusals] == [RefusalReason.WRONG_CLIENT_ID]
    assert ground.sign_in.refusals[0].client == "dev-1"


def test_a_certificate_that_was_replaced_is_refused(ground: Ground) -> None:
    ground.know("dev-1", "home-1", ground.certificates.device("dev-1"))
    assert _refused(ground.speaker(ground.first, client_id="yl-dev-1"))
    assert [each.reason for each in ground.sign_in.refusals] == [RefusalReason.WRONG_CERTIFICATE]


def test_a_retired_device_is_refused(ground: Ground) -> None:
    ground.know("dev-1", "home-1", ground.first, retired=True)
    assert _refused(ground.speaker(ground.first, client_id="yl-dev-1"))
    assert [each.reason for each in ground.sign_in.refusals] == [RefusalReason.RETIRED]


def test_a_certificate_of_another_authority_does_not_get_as_far_as_the_broker(ground: Ground, tmp_path: Path) -> None:
    forged = Certificates(tmp_path / "other").device("dev-1")
    assert _refused(ground.speaker(forged, client_id="yl-dev-1"))
    assert ground.sign_in.responder.admitted == 0
    assert ground.sign_in.refusals == []


def test_an_ended_certificate_does_not_get_as_far_as_the_broker(ground: Ground) -> None:
    ended = ground.certificates.device("dev-1", days=0)
    ground.know("dev-1", "home-1", ended)
    assert _refused(ground.speaker(ended, client_id="yl-dev-1"))
    assert ground.sign_in.responder.admitted == 0


def test_who_has_no_certificate_is_not_heard_at_the_certificate_port(ground: Ground) -> None:
    ground.sign_in.directory.add("dev-3", "home-3")
    assert _refused(ground.speaker(None, username="dev-3", password=SECRET, client_id="yl-dev-3"))
    assert ground.sign_in.responder.admitted == 0


def test_a_secret_does_not_open_a_device_that_has_a_certificate(ground: Ground) -> None:
    broker = ground.broker
    assert _refused(ground.speaker(None, username="dev-1", password=SECRET, client_id="yl-dev-1", port=broker.mqtt_port))
    assert [each.reason for each in ground.sign_in.refusals] == [RefusalReason.WRONG_SECRET]


def test_a_badge_made_up_or_of_another_device_opens_nothing(ground: Ground) -> None:
    badge = CertificateBadge(ground.broker.secrets.password)
    for password in (
        badge.seal("dev-2", ground.second.fingerprint),
        badge.seal("dev-2", ground.first.fingerprint),
        CertificateBadge("a guess").seal("dev-1", ground.first.fingerprint),
        f"certificate.{ground.first.fingerprint}.",
    ):
        stranger = ground.speaker(None, username="dev-1", password=password, client_id="yl-dev-1", port=ground.broker.mqtt_port)
        assert _refused(stranger)
    assert {each.reason for each in ground.sign_in.refusals} == {RefusalReason.WRONG_SECRET}


def test_a_gateway_may_show_a_certificate_or_say_a_secret_at_its_own_port(ground: Ground) -> None:
    ground.know("dev-1", "home-1", ground.first, is_gateway=True)
    ground.sign_in.directory.add("gw-2", "home-2", is_gateway=True)
    port = ground.broker.settings.gateway_port
    certified = ground.speaker(ground.first, client_id="yl-dev-1", port=port).connect()
    secret = ground.speaker(None, username="gw-2", password=SECRET, client_id="yl-gw-2", port=port).connect()
    assert certified.is_in
    assert secret.is_in
    certified.subscribe("yl/v1/home-1/dev-1/zigbee2mqtt/#")
    secret.publish("yl/v1/home-2/gw-2/zigbee2mqtt/Living room", b"{}")
    certified.publish("yl/v1/home-1/dev-1/zigbee2mqtt/Living room", b"{}")
    assert certified.is_in
    assert secret.is_in
    certified.close()
    secret.close()


def test_both_doors_show_a_new_certificate_and_keep_who_is_in(ground: Ground) -> None:
    device = ground.speaker(ground.first, client_id="yl-dev-1").connect()
    ports = (ground.broker.settings.certificate_port or 0, ground.broker.settings.gateway_port)
    before = {_shown(ground, port) for port in ports}
    ground.certificates.folder.renew("server", now())
    for port in ports:
        until(lambda port=port: _shown(ground, port) == ground.certificates.shown, what="the new certificate")  # type: ignore[misc]
    assert ground.certificates.shown not in before
    device.publish("yl/v1/home-1/dev-1/event", b"still here")
    assert device.is_in
    device.close()


def _shown(ground: Ground, port: int) -> str | None:
    assert ground.broker.process is not None
    return shown_fingerprint("127.0.0.1", port)
