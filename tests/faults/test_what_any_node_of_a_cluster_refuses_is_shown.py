"""Three machines, each with a broker node and an ingest worker, one of them a spare: whichever node refuses, it is shown.

Each worker sees the log of its own machine's node only. A device that may not be in is put out, and one thrown out again and
again is told of, whether the worker of partition 0 that was there at first lives or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.broker import BrokerHandle
from support.centre import centre_environment
from support.cluster import Cluster, running_cluster
from support.devices import SECRET, Cast, Speaker
from support.ports import free_ports
from support.processes import until
from support.region import Member, pid_in

from alerts.model import Alert
from core.clock import SystemClock
from core.database import Database
from core.ids import hash_secret
from devices.model import Device, DeviceState
from ingest.model import BrokerRefusal
from people.model import Home
from yinling.asking import ask_processes

PARTITIONS = 2
NODES = 3
SECONDS = 90.0


@pytest.fixture
def backend() -> str:
    return "postgresql"


@dataclass
class Machines:
    """Node and worker with the same number stand on one machine."""

    cluster: Cluster
    database: Database
    workers: list[Member]

    def holder(self, partition: int) -> Member | None:
        """The living worker that has a partition."""
        with self.database.snapshot() as session:
            pid = pid_in(session.scalar(sa.text("SELECT mark FROM partition_leases WHERE partition = :p"), {"p": partition}))
        return next((one for one in self.workers if pid is not None and one.pid == pid), None)

    def spare(self) -> Member:
        """The one that has none."""
        holders = [self.holder(partition) for partition in range(PARTITIONS)]
        return next(one for one in self.workers if one not in holders)

    def everybody_watches(self) -> bool:
        """Whether each worker answers: what a node refused before its worker watched is told by nobody."""
        with suppress(TimeoutError):
            answers = asyncio.run(ask_processes(self.cluster.nodes[0].settings))
            return {pid_in(one["machine"]) for one in answers} >= {one.pid for one in self.workers}
        return False

    def refusals(self, reason: str) -> dict[str, int]:
        """How often each device was refused for a reason."""
        with self.database.snapshot() as session:
            rows = session.scalars(sa.select(BrokerRefusal).where(BrokerRefusal.reason == reason))
            return {row.client: row.count for row in rows}

    def alarms(self) -> set[str]:
        """What is open of refused devices."""
        with self.database.snapshot() as session:
            return set(session.scalars(sa.select(Alert.subject).where(Alert.rule == "broker_refused")))

    def said(self) -> str:
        return "\n".join(f"== {one.called}, {one.state}\n{one.complaints()}" for one in self.workers)


@pytest.fixture
def machines(database: Database, tmp_path: Path) -> Iterator[Machines]:
    with ExitStack() as stack:
        cluster = stack.enter_context(running_cluster(tmp_path, NODES, partitions=PARTITIONS))
        workers = [_worker(tmp_path, cluster, node, index, database) for index, node in enumerate(cluster.nodes)]
        _settle(database)
        for worker in workers:
            stack.callback(worker.kill)
            worker.start()
        made = Machines(cluster, database, workers)
        until(made.everybody_watches, SECONDS, made.said, 0.2)
        yield made


def _worker(folder: Path, cluster: Cluster, node: BrokerHandle, index: int, database: Database) -> Member:
    secrets = node.secrets
    environment = centre_environment(
        folder / f"machine-{index}",
        **cluster.addresses,
        database_url=database.url.render_as_string(hide_password=False),
        partitions=PARTITIONS,
        broker_password=secrets.password,
        broker_issuer_seed=secrets.issuer_seed,
        broker_logs=node.log_path,
        webhook_secret="the-webhook-secret-of-tests-000000",
        web_push_private_key="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
        gateway_port=free_ports(1)[0],
    )
    return Member(f"ingest-{index}", ("ingest", "--partition", f"any/{PARTITIONS}"), environment, folder / f"worker-{index}.log")


def _settle(database: Database) -> None:
    """A home with a device for each node."""
    now = SystemClock().now()
    with database.transaction() as session:
        for index in range(NODES):
            home = Home(code=f"home-{index}", name=f"home-{index}", address="青山街道 1 号", created_at=now)
            session.add(home)
            session.flush()
            session.add(
                Device(
                    code=f"dev-{index}",
                    home_id=home.id,
                    name=f"dev-{index}",
                    profile="sos-button",
                    state=DeviceState.LIVE,
                    secret_hash=hash_secret(SECRET),
                    client_id=f"yl-dev-{index}",
                    created_at=now,
                )
            )


def _sign_in(cast: Cast, machines: Machines, index: int) -> Speaker:
    """The device of a node's machine, connected to that node once sign-ins are answered."""

    def is_in() -> Speaker | None:
        speaker = cast.device(f"dev-{index}", port=machines.cluster.nodes[index].mqtt_port)
        return speaker if speaker.is_in else None

    return until(is_in, SECONDS, machines.said, 0.5)


@pytest.mark.timeout(600)
def test_whichever_node_and_whoever_is_alive(machines: Machines) -> None:
    with Cast(machines.cluster.nodes[0]) as cast:
        devices = [_sign_in(cast, machines, index) for index in range(NODES)]
        _every_node_tells(machines, devices)
        _whoever_is_left_puts_out(machines, devices)
        _whoever_takes_over_hears_every_node(machines, cast)


def _every_node_tells(machines: Machines, devices: list[Speaker]) -> None:
    for index, device in enumerate(devices):
        device.publish(f"yl/v1/home-{(index + 1) % NODES}/dev-{(index + 1) % NODES}/event", b"{}")
    everybody = {f"dev-{index}" for index in range(NODES)}
    until(lambda: machines.refusals("foreign_topic").keys() == everybody, what=machines.said, every_seconds=0.2)
    assert set(machines.refusals("foreign_topic").values()) == {1}, "each was told of once"
    wanted = {f"device:{code}:foreign_topic" for code in everybody}
    until(lambda: machines.alarms() == wanted, what=lambda: f"{machines.alarms()}\n{machines.said()}", every_seconds=0.2)


def _whoever_is_left_puts_out(machines: Machines, devices: list[Speaker]) -> None:
    """Neither the worker of partition 0 nor a spare is there."""
    first, spare = machines.holder(0), machines.spare()
    assert first is not None
    spare.kill()
    first.kill()
    with machines.database.transaction() as session:
        session.execute(sa.update(Device).where(Device.code == "dev-0").values(state=DeviceState.RETIRED))
        session.execute(sa.update(Device).where(Device.code == "dev-1").values(secret_hash=hash_secret("another")))
    until(lambda: not devices[0].is_in and not devices[1].is_in, what=machines.said, every_seconds=0.1)
    assert devices[2].is_in
    spare.start()
    until(lambda: machines.holder(0) is spare, SECONDS, machines.said, 0.2)


def _whoever_takes_over_hears_every_node(machines: Machines, cast: Cast) -> None:
    """Thrown out at three nodes: only who hears the events of all knows that it is the third time."""

    def times() -> int:
        return machines.refusals("thrown_out").get("dev-2", 0)

    until(lambda: _throw_out(cast, machines, 0) and times(), SECONDS, machines.said, 1.0)  # until somebody listens again
    for index in range(1, NODES):
        before = times()
        until(lambda: _throw_out(cast, machines, index), SECONDS, machines.said, 0.5)  # noqa: B023 done with it in this round
        until(lambda: times() > before, what=machines.said, every_seconds=0.1)  # noqa: B023 the same
    until(lambda: "device:dev-2:thrown_out" in machines.alarms(), what=machines.said, every_seconds=0.2)


def _throw_out(cast: Cast, machines: Machines, index: int) -> bool:
    """Let the device say at a node what makes the broker end its connection; False when it was not let in."""
    device = cast.device("dev-2", port=machines.cluster.nodes[index].mqtt_port)
    if device.is_in:
        device.publish("yl/v1/home-2/dev-2/e vent", b"{}")
        return True
    return False
