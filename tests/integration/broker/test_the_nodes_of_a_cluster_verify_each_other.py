"""Nodes of a broker cluster speak TLS to each other, admit only whom the authority vouches for, and take new certificates."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
from support.certificates import Certificates, now
from support.cluster import make_nodes, running_cluster
from support.processes import until

from core.bus import Bus
from core.config import Settings
from core.tls import shown_fingerprint
from ingest.broker import nats_servers
from ingest.broker_reload import BrokerReload

RELOADED_SECONDS = 60


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path / "certs")


def test_they_form_a_cluster_over_tls_and_all_take_a_new_certificate(tmp_path: Path, certificates: Certificates) -> None:
    with running_cluster(tmp_path / "nodes", **certificates.settings) as cluster:
        for node in cluster.nodes:
            assert shown_fingerprint("127.0.0.1", node.settings.nats_cluster_port) == certificates.shown
        settings = cluster.nodes[0].settings.model_copy(
            update={name: tuple(value.split()) for name, value in cluster.addresses.items()}
        )
        certificates.folder.renew("server", now())
        assert asyncio.run(_reloads(settings, cluster.nodes[0].secrets.password, certificates)) == len(cluster.nodes)
        cluster.wait_formed()


async def _reloads(settings: Settings, password: str, certificates: Certificates) -> int:
    """Let worker 0 do its work until every node shows the new certificate; how many took it."""
    bus = Bus(nats_servers(settings), user="watcher", password=password, name="watch")
    await bus.start()
    reload = BrokerReload(settings, bus, lambda: True)
    work = asyncio.create_task(reload.run())
    ports = [int(address.rpartition(":")[2]) for address in settings.nats_mqtt_servers]

    def all_show(fingerprint: str) -> bool:
        return all(shown_fingerprint("127.0.0.1", port) == fingerprint for port in ports)

    async with asyncio.timeout(RELOADED_SECONDS):
        while not await asyncio.to_thread(all_show, certificates.shown):  # noqa: ASYNC110 nobody tells of it but the nodes themselves
            await asyncio.sleep(0.1)
        while reload.reloads < len(ports):  # noqa: ASYNC110 the last may still be answering
            await asyncio.sleep(0.05)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await bus.stop()
    return reload.reloads


def test_a_node_nobody_vouches_for_stays_outside(tmp_path: Path, certificates: Certificates) -> None:
    stranger = Certificates(tmp_path / "other")
    cluster = make_nodes(tmp_path / "nodes", ["127.0.0.1"] * 3, [()] * 3, **certificates.settings)
    forged = cluster.nodes[2]
    forged.settings = forged.settings.model_copy(update=stranger.settings)
    try:
        for node in cluster.nodes:
            node.start(wait=False)
        for node in cluster.nodes[:2]:
            node.wait_started()
        first, second, _forged = cluster.nodes
        until(lambda: "node-1" in _routes(first.monitor_port), 60, "the two that are vouched for")
        until(lambda: "TLS route handshake error" in first.log_path.read_text() + second.log_path.read_text(), 60, "the refusal")
        assert _routes(first.monitor_port) == {"node-1"}
        assert _routes(second.monitor_port) == {"node-0"}
    finally:
        cluster.stop()


def _routes(monitor_port: int) -> set[str]:
    """The nodes this one is connected with."""
    with socket.create_connection(("127.0.0.1", monitor_port), timeout=10) as connection:
        connection.sendall(b"GET /routez HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = connection.makefile("rb").read()
    return {route["remote_name"] for route in json.loads(answer.partition(b"\r\n\r\n")[2])["routes"]}
