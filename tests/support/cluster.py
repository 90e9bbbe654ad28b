"""Three real broker nodes that form one cluster, each in its own folder, on loopback or in network namespaces of the test's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.broker import BrokerHandle
from support.ports import free_ports
from support.processes import until

from core.config import Settings
from ingest.broker_secrets import load_or_create_secrets

FORMED_SECONDS = 60.0


@dataclass
class Cluster:
    """The nodes, in order. Settings with every node's addresses are what processes of the house are given."""

    nodes: list[BrokerHandle] = field(default_factory=list)

    @property
    def addresses(self) -> dict[str, str]:
        """The settings by which a process finds every node."""
        return {
            "nats_servers": " ".join(f"{node.host}:{node.nats_port}" for node in self.nodes),
            "nats_mqtt_servers": " ".join(f"{node.host}:{node.mqtt_port}" for node in self.nodes),
        }

    def start(self) -> None:
        """Start all, and wait until they have formed a cluster that keeps messages."""
        for node in self.nodes:
            if node.process is None:
                node.start(wait=False)
        for node in self.nodes:
            node.wait_started()
        self.wait_formed()

    def wait_formed(self, nodes: Sequence[BrokerHandle] | None = None, seconds: float = FORMED_SECONDS) -> None:
        """Until these nodes (all) say that their stores are in order and up to date."""
        for node in nodes or self.nodes:
            wait_healthy(node, seconds)

    def stop(self) -> None:
        """Stop all."""
        for node in self.nodes:
            node.kill()


def wait_healthy(node: BrokerHandle, seconds: float = FORMED_SECONDS) -> None:
    """Until a node says that its store is in order and up to date."""
    until(lambda: health(node) is None, seconds, lambda: f"{node.settings.nats_node}: {health(node)}", 0.1)


def health(node: BrokerHandle) -> str | None:
    """What a node says is wrong with it; None when nothing is. It is asked where its monitoring port is: on its own loopback."""
    address = f"http://127.0.0.1:{node.monitor_port}/healthz"
    asked = subprocess.run([*node.prefix, sys.executable, "-c", _ASK, address], capture_output=True, text=True, check=False)
    return None if asked.returncode == 0 else asked.stdout + asked.stderr[-300:]


_ASK = "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=2)"


def make_nodes(folder: Path, hosts: Sequence[str], prefixes: Sequence[Sequence[str]], **settings: Any) -> Cluster:
    """Nodes that are not started: on these addresses, each command with something before it (a namespace)."""
    ports = [free_ports(4) for _ in hosts]
    routes = tuple(f"{host}:{four[3]}" for host, four in zip(hosts, ports, strict=True))
    cluster = Cluster()
    password, seed = None, None
    for index, (host, (mqtt, nats, monitor, route), prefix) in enumerate(zip(hosts, ports, prefixes, strict=True)):
        chosen = Settings(
            data_dir=folder / f"node-{index}",
            host=host,
            nats_host=host,
            mqtt_port=mqtt,
            nats_port=nats,
            nats_monitor_port=monitor,
            nats_node=f"node-{index}",
            nats_cluster_port=route,
            nats_cluster_routes=routes,
            broker_password=password,
            broker_issuer_seed=seed,
            broker_reserve_bytes=0,
            **settings,
        )
        secrets = load_or_create_secrets(chosen)
        password, seed = secrets.password, secrets.issuer_seed
        cluster.nodes.append(BrokerHandle(chosen, secrets, prefix=prefix))
    return cluster


@contextmanager
def running_cluster(folder: Path, nodes: int = 3, **settings: Any) -> Iterator[Cluster]:
    """A cluster on loopback, stopped on leaving; further keywords are settings."""
    cluster = make_nodes(folder, ["127.0.0.1"] * nodes, [()] * nodes, **settings)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
