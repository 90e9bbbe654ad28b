"""MQTT over TLS and WebSocket by the broker itself: who trusts whom, and a new certificate that throws nobody out."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

import pytest
from support.beside import beside
from support.broker import BrokerHandle, running_broker
from support.certificates import Certificates, now
from support.devices import SECRET, RunningSignIn, Speaker, running_sign_in
from support.ports import free_ports
from support.processes import until

from core.bus import Bus
from core.certificates import Kind
from core.config import Settings
from core.tls import shown_fingerprint
from ingest.broker import mqtt_context, nats_context, nats_servers
from ingest.broker_reload import BrokerReload
from yinling.doctor.certificates import check_shown
from yinling.doctor.finding import Verdict


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path / "certs")


@pytest.fixture
def broker(tmp_path: Path, certificates: Certificates) -> Iterator[BrokerHandle]:
    (websocket,) = free_ports(1)
    with running_broker(tmp_path / "data", mqtt_websocket_port=websocket, **certificates.settings) as broker:
        yield broker


@pytest.fixture
def sign_in(broker: BrokerHandle) -> Iterator[RunningSignIn]:
    with running_sign_in(broker) as running:
        running.directory.add("dev-1", "home-1")
        running.directory.add("dev-2", "home-2")
        yield running


def _device(broker: BrokerHandle, code: str, tls: ssl.SSLContext) -> Speaker:
    speaker = Speaker(broker.mqtt_port, code, SECRET, f"yl-{code}")
    speaker.client.tls_set_context(tls)
    return speaker.connect()


@contextmanager
def _reloading(broker: BrokerHandle) -> Iterator[BrokerReload]:
    """What worker 0 does for the broker's certificate, in a thread."""

    @asynccontextmanager
    async def watch() -> AsyncIterator[BrokerReload]:
        bus = Bus(broker.url, user="watcher", password=broker.secrets.password, name="watch")
        await bus.start()
        reload = BrokerReload(broker.settings, bus, lambda: True)
        work = asyncio.create_task(reload.run())
        try:
            yield reload
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await bus.stop()

    with beside(watch()) as reload:
        yield reload


def test_a_device_that_trusts_the_authority_speaks(
    broker: BrokerHandle, sign_in: RunningSignIn, certificates: Certificates
) -> None:
    device = _device(broker, "dev-1", certificates.client())
    assert device.is_in
    device.publish("yl/v1/home-1/dev-1/event", b"{}")
    assert device.is_in
    assert sign_in.refusals == []
    device.close()


def test_a_device_that_trusts_another_authority_says_nothing_to_this_one(
    broker: BrokerHandle, sign_in: RunningSignIn, tmp_path: Path
) -> None:
    stranger = Certificates(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        _device(broker, "dev-1", stranger.client())
    assert sign_in.responder.admitted == 0


def test_without_tls_nobody_is_heard(broker: BrokerHandle, sign_in: RunningSignIn) -> None:
    plain = Speaker(broker.mqtt_port, "dev-1", SECRET, "yl-dev-1").connect()
    assert not plain.is_in
    assert sign_in.responder.admitted == 0
    plain.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_an_old_tls_is_refused(broker: BrokerHandle, sign_in: RunningSignIn, certificates: Certificates) -> None:
    assert sign_in.responder.is_open
    old = certificates.client()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", broker.mqtt_port), timeout=10) as plain,
        pytest.raises(ssl.SSLError, match="protocol version"),
        old.wrap_socket(plain, server_hostname="localhost"),
    ):
        pass


def _over_websocket(broker: BrokerHandle, code: str, tls: ssl.SSLContext) -> Speaker:
    speaker = Speaker(broker.settings.mqtt_websocket_port or 0, code, SECRET, f"yl-{code}", transport="websockets")
    speaker.client.ws_set_options(path="/mqtt")
    speaker.client.tls_set_context(tls)
    return speaker.connect()


def test_mqtt_over_websocket_speaks_tls_too(broker: BrokerHandle, sign_in: RunningSignIn, certificates: Certificates) -> None:
    device = _over_websocket(broker, "dev-1", certificates.client())
    assert device.is_in
    assert sign_in.responder.admitted == 1
    device.close()


def test_websockets_see_a_new_certificate_and_those_that_stand_go_on(
    broker: BrokerHandle, sign_in: RunningSignIn, certificates: Certificates
) -> None:
    device = _over_websocket(broker, "dev-1", certificates.client())
    device.subscribe("yl/v1/home-1/dev-1/receipt")
    port = broker.settings.mqtt_websocket_port or 0
    before = shown_fingerprint("127.0.0.1", port)
    with _reloading(broker) as reload:
        certificates.folder.renew("server", now())
        until(lambda: reload.reloads == 1, what="the reload to end")
        until(lambda: shown_fingerprint("127.0.0.1", port) == certificates.shown, what="the new certificate")
        assert before != certificates.shown
        late = _over_websocket(broker, "dev-2", certificates.client())
        assert late.is_in
        late.publish("yl/v1/home-2/dev-2/event", b"{}")
        worker = Speaker(broker.mqtt_port, "ingest", broker.secrets.password, "ingest")
        worker.client.tls_set_context(certificates.client())
        worker.connect().client.publish("yl/v1/home-1/dev-1/receipt", b"still here", 0)
        until(lambda: device.payloads() == [b"still here"], what="the receipt on the old connection")
    assert sign_in.refusals == []
    for each in (device, late, worker):
        assert each.disconnections == []
        each.close()


def test_a_new_certificate_is_seen_by_new_connections_and_leaves_those_that_stand(
    broker: BrokerHandle, sign_in: RunningSignIn, certificates: Certificates
) -> None:
    """The broker throws out, at every reload, whoever has a name its file does not know: devices therefore share one."""
    device = _device(broker, "dev-1", certificates.client())
    device.subscribe("yl/v1/home-1/dev-1/receipt")
    worker = Speaker(broker.mqtt_port, "ingest", broker.secrets.password, "ingest", persistent=True)
    worker.client.tls_set_context(certificates.client())
    worker.connect()
    assert sign_in.responder.admitted == 1
    before = shown_fingerprint("127.0.0.1", broker.mqtt_port)
    with _reloading(broker) as reload:
        certificates.folder.renew("server", now())
        until(lambda: shown_fingerprint("127.0.0.1", broker.mqtt_port) == certificates.shown, what="the new certificate")
        until(lambda: reload.reloads == 1, what="the reload to end")
        assert before != certificates.shown
        late = _device(broker, "dev-2", certificates.client())
        assert late.is_in
        worker.client.publish("yl/v1/home-1/dev-1/receipt", b"still here", 0)
        until(lambda: device.payloads() == [b"still here"], what="the receipt on the old connection")
        device.publish("yl/v1/home-1/dev-1/event", b"{}")
        device.publish("yl/v1/home-2/dev-2/event", b"{}")
        until(lambda: "home-2.dev-2.event" in broker.log_path.read_text(), what="the refusal of another's topic")
        assert device.disconnections == []
        assert worker.disconnections == []
    for each in (device, late, worker):
        each.close()


def test_a_device_that_may_not_be_in_any_more_is_put_out_by_the_reload(
    broker: BrokerHandle, sign_in: RunningSignIn, certificates: Certificates
) -> None:
    device = _device(broker, "dev-1", certificates.client())
    sign_in.directory.add("dev-1", "home-1", retired=True)
    with _reloading(broker):
        certificates.folder.renew("server", now())
        until(lambda: device.disconnections, what="the end of the retired device's connection")
    device.close()


def test_half_a_renewal_changes_nothing(broker: BrokerHandle, sign_in: RunningSignIn, certificates: Certificates) -> None:
    device = _device(broker, "dev-1", certificates.client())
    before = shown_fingerprint("127.0.0.1", broker.mqtt_port)
    with _reloading(broker) as reload:
        certificate = certificates.folder.path("server")
        whole = certificate.read_bytes()
        other = Certificates(certificate.parent / "other")
        certificate.write_bytes(other.folder.path("server").read_bytes())  # whose key is not there
        until(lambda: reload.refused, what="the refused reload")
        assert shown_fingerprint("127.0.0.1", broker.mqtt_port) == before
        certificate.write_bytes(whole)
    assert reload.reloads == 0
    assert device.is_in
    device.close()
    assert sign_in.refusals == []


def test_the_doctor_tells_of_a_port_that_shows_an_older_certificate(broker: BrokerHandle, certificates: Certificates) -> None:
    ports = {"mqtt": broker.mqtt_port}
    assert list(check_shown(broker.settings, ports)) == []
    certificates.folder.renew("server", now())  # and nobody tells the broker
    [finding] = check_shown(broker.settings, ports)
    assert (finding.what, finding.verdict) == ("mqtt certificate", Verdict.BAD)


def test_yinlings_own_port_speaks_tls_off_loopback_before_a_word_is_said(tmp_path: Path, certificates: Certificates) -> None:
    with running_broker(tmp_path / "data", nats_host="0.0.0.0", **certificates.settings) as broker:
        settings: Settings = broker.settings
        with socket.create_connection(("127.0.0.1", broker.nats_port), timeout=5) as plain:
            plain.settimeout(0.5)
            with pytest.raises(TimeoutError):
                plain.recv(1)  # not even the greeting, which a stranger in between could change
        assert asyncio.run(_reaches(settings, broker, nats_context(settings)))
        other = Certificates(tmp_path / "other")
        assert not asyncio.run(_reaches(settings, broker, other.client()))


def test_a_process_that_runs_refuses_what_was_taken_back_since_it_started(tmp_path: Path, certificates: Certificates) -> None:
    with running_broker(tmp_path / "data", nats_host="0.0.0.0", **certificates.settings) as broker:
        settings: Settings = broker.settings
        own_port, devices_port = nats_context(settings), mqtt_context(settings)
        assert own_port is not None
        assert devices_port is not None
        worker = Speaker(broker.mqtt_port, "ingest", broker.secrets.password, "ingest")
        worker.client.tls_set_context(devices_port)
        assert worker.connect().is_in
        worker.close()
        assert asyncio.run(_reaches(settings, broker, own_port))
        for name in ("earlier", "server"):  # two within a second
            if name == "earlier":
                certificates.folder.issue(Kind.SERVER, name, now(), 30, hosts=["localhost"])
            certificates.folder.revoke(name, now())
            with socket.create_connection(("127.0.0.1", broker.mqtt_port), timeout=10) as plain:
                _shake(devices_port, plain, refused=name == "server")
        assert not asyncio.run(_reaches(settings, broker, own_port))
        again = Speaker(broker.mqtt_port, "ingest", broker.secrets.password, "ingest")
        again.client.tls_set_context(devices_port)
        with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
            again.connect()


def _shake(context: ssl.SSLContext, plain: socket.socket, *, refused: bool) -> None:
    expected = pytest.raises(ssl.SSLCertVerificationError, match="revoked") if refused else nullcontext()
    with expected, context.wrap_socket(plain, server_hostname="localhost"):
        pass


async def _reaches(settings: Settings, broker: BrokerHandle, tls: ssl.SSLContext | None) -> bool:
    bus = Bus(nats_servers(settings), user="yinling", password=broker.secrets.password, name="test", tls=tls)
    await bus.start()
    try:
        await asyncio.wait_for(bus.connected(), 5)
    except TimeoutError:
        return False
    else:
        return bus.is_connected
    finally:
        await bus.stop()
