"""The gateway port in front of the real broker."""

from __future__ import annotations

import asyncio
import resource
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from support.beside import beside
from support.broker import BrokerHandle, running_broker
from support.devices import SECRET, Cast, House, Speaker, running_sign_in
from support.processes import until

from ingest.gateway_port import GatewayPort

OWN = "yl/v1/home-1/gw-1"
UP = f"alarm/{OWN}/up/zigbee2mqtt"


@contextmanager
def running_gateway_port(broker: BrokerHandle, tls: ssl.SSLContext | None = None) -> Iterator[GatewayPort]:
    """A gateway port in a thread of its own."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[GatewayPort]:
        port = GatewayPort(broker.settings.model_copy(update={"gateway_port": 0}), tls=tls)
        await port.start()
        try:
            yield port
        finally:
            await port.stop()

    with beside(serve()) as port:
        yield port


@pytest.fixture
def port(house: House) -> Iterator[GatewayPort]:
    with running_gateway_port(house.broker) as port:
        yield port


def test_white_space_ends_the_connection_on_the_devices_port(house: House) -> None:
    gateway = house.cast.device("gw-1")
    gateway.publish(f"{OWN}/up/zigbee2mqtt/Living room", b"{}")
    until(lambda: gateway.disconnections)
    assert not gateway.published


def test_names_with_spaces_slashes_and_chinese_pass_the_gateway_port(house: House, port: GatewayPort) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/+/alarm/#", qos=1)
    gateway = house.cast.device("gw-1", port=port.port)
    names = ["Living room", "a/b c/d", "老人 房间", "dot.ted * name > x", "/leading"]
    for name in names:
        gateway.publish(f"{OWN}/zigbee2mqtt/{name}", name.encode())
    until(lambda: len(worker.heard) == len(names))
    assert [each.split("/", 1)[1].split("/", 1)[1] for each in worker.topics()] == [
        f"{UP}/{name}".replace(" ", "\u00a0") for name in names
    ]
    assert worker.payloads() == [name.encode() for name in names]
    assert gateway.is_in


def test_commands_reach_a_gateway_under_its_own_names(house: House, port: GatewayPort) -> None:
    gateway = house.cast.device("gw-1", port=port.port)
    assert gateway.subscribe(f"{OWN}/zigbee2mqtt/bridge/request/#", f"{OWN}/zigbee2mqtt/+/set") == [0, 0]
    assert gateway.subscribe(f"{OWN}/zigbee2mqtt/Living room/get", qos=1) == [1]
    worker = house.cast.ingest("observer", persistent=False)
    for rest in ("bridge/request/permit_join", "Living\u00a0room/set", "Living\u00a0room/get"):
        worker.publish(f"{OWN}/zigbee2mqtt/{rest}", b"1")
    until(lambda: len(gateway.heard) == 3)
    assert set(gateway.topics()) == {
        f"{OWN}/zigbee2mqtt/bridge/request/permit_join",
        f"{OWN}/zigbee2mqtt/Living room/set",
        f"{OWN}/zigbee2mqtt/Living room/get",
    }
    gateway.client.unsubscribe(f"{OWN}/zigbee2mqtt/Living room/get")
    assert gateway.is_in


def test_a_device_list_above_one_mebibyte_passes(house: House, port: GatewayPort) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/+/alarm/#", qos=1)
    gateway = house.cast.device("gw-1", port=port.port)
    devices = bytes(range(256)) * (3 * 4096)
    gateway.publish(f"{OWN}/zigbee2mqtt/bridge/devices", devices, retain=True)
    until(lambda: worker.heard)
    assert worker.payloads() == [devices]
    gateway.publish(f"{OWN}/zigbee2mqtt/bridge/devices", b"", retain=True)


def test_a_gateways_will_arrives_and_replaces_its_retained_state(house: House, port: GatewayPort) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/+/alarm/#", qos=1)
    gateway = house.cast.device("gw-1", port=port.port, will=(f"{OWN}/zigbee2mqtt/bridge/state", b"offline"))
    gateway.publish(f"{OWN}/zigbee2mqtt/bridge/state", b"online", retain=True)
    gateway.cut()
    until(lambda: len(worker.heard) == 2)
    assert worker.payloads() == [b"online", b"offline"]
    assert len(set(worker.topics())) == 1
    later = house.cast.ingest("later", persistent=False)
    later.subscribe("part/+/alarm/#", qos=1)
    until(lambda: later.heard)
    assert [(each.payload, each.retained) for each in later.heard] == [(b"offline", True)]


def test_a_gateways_own_press_is_not_moved(house: House, port: GatewayPort) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/+/alarm/yl/v1/home-1/gw-1/event", qos=1)
    gateway = house.cast.device("gw-1", port=port.port)
    gateway.publish(f"{OWN}/event", b"{}")
    until(lambda: worker.heard)
    assert worker.topics()[0].endswith(f"alarm/{OWN}/event")


def test_a_gateway_cannot_speak_for_another_home(house: House, port: GatewayPort) -> None:
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/#", "yl/#", qos=1)
    gateway = house.cast.device("gw-1", port=port.port)
    gateway.publish("yl/v1/home-2/gw-1/zigbee2mqtt/x", b"foreign")
    gateway.publish("yl/v1/home-2/dev-2/event", b"foreign")
    gateway.publish(f"{OWN}/zigbee2mqtt/x", b"own")
    until(lambda: b"own" in worker.payloads())
    assert b"foreign" not in worker.payloads()


def test_what_is_no_mqtt_closes_that_connection_only(house: House, port: GatewayPort) -> None:
    gateway = house.cast.device("gw-1", port=port.port)
    with socket.create_connection(("127.0.0.1", port.port), timeout=60) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stranger.recv(100) == b""
    until(lambda: port.malformed == 1)
    gateway.publish(f"{OWN}/zigbee2mqtt/x", b"still here")
    assert gateway.is_in


def test_a_press_a_gateway_sent_while_the_broker_died_is_not_acknowledged_by_the_port(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker, running_sign_in(broker) as sign_in, running_gateway_port(broker) as port:
        sign_in.directory.add("gw-1", "home-1", is_gateway=True)
        with Cast(broker) as cast:
            gateway = cast.device("gw-1", port=port.port)
            broker.kill()
            until(lambda: gateway.disconnections)
            until(lambda: port.connections == 0)
            with socket.create_connection(("127.0.0.1", port.port), timeout=60) as early:
                assert early.recv(1) == b""
            assert port.unreachable == 1
            broker.start()
            again = until(lambda: _signed_in(cast, port))
            again.publish(f"{OWN}/zigbee2mqtt/x", b"{}")
            assert again.published


def _signed_in(cast: Cast, port: GatewayPort) -> Speaker | None:
    gateway = cast.device("gw-1", port=port.port)
    return gateway if gateway.is_in else None


def test_a_gateway_may_speak_tls(house: House, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=30)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    worker = house.cast.ingest("observer", persistent=False)
    worker.subscribe("part/+/alarm/#", qos=1)
    with running_gateway_port(house.broker, context) as port:
        gateway = Speaker(port.port, "gw-1", SECRET, "yl-gw-1")
        gateway.client.tls_set(ca_certs=str(certificate))
        gateway.connect()
        gateway.publish(f"{OWN}/zigbee2mqtt/Living room", b"x" * 2_000_000)
        until(lambda: any(each.endswith(f"{UP}/Living\u00a0room") for each in worker.topics()))
        gateway.close()


def test_a_gateway_that_takes_nothing_fills_no_memory_and_ends(house: House, port: GatewayPort) -> None:
    """It asks for its commands and never reads: the relay stops reading from the broker, which throws it out."""
    gateway = house.cast.device("gw-1", port=port.port)
    gateway.subscribe(f"{OWN}/zigbee2mqtt/+/set")
    gateway.client.loop_stop()
    worker = house.cast.ingest("observer", persistent=False)
    before = _memory_bytes()
    for _ in range(24):
        worker.publish(f"{OWN}/zigbee2mqtt/x/set", b"s" * 4_000_000)
    assert _memory_bytes() - before < 64_000_000
    gateway.cut()
    until(lambda: port.connections == 0)


def _memory_bytes() -> int:
    resident = Path("/proc/self/statm").read_text().split()[1]
    return int(resident) * resource.getpagesize()


def test_a_taken_port_is_an_error_at_the_start(house: House) -> None:
    async def start() -> None:
        await GatewayPort(house.broker.settings.model_copy(update={"gateway_port": house.broker.mqtt_port})).start()

    with pytest.raises(OSError, match="address already in use"):
        asyncio.run(start())
