"""A centre on several machines, as processes of this test: three broker nodes, spare workers, two APIs, two pagers, PostgreSQL.

There is no supervisor: what a test kills stays dead until the test starts it again, as with a machine that is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from support.centre import ADMIN_PASSWORD, Centre, Credentials, centre_environment
from support.cluster import Cluster, make_nodes
from support.device import Button
from support.namespaces import Hub
from support.ports import free_ports
from support.processes import until

from core.database import Database
from ingest.broker import mqtt_servers
from ingest.mqtt_nodes import MqttNodes
from yinling.guard import SUPERVISOR_VARIABLE

START_SECONDS = 150.0
PARTITIONS = 2


def pid_in(mark: str | None) -> int | None:
    """The process id in a process's mark (`core.machine`); None where nobody has one."""
    return int(mark.rpartition("/")[2].partition(".")[0]) if mark else None


@dataclass
class Member:
    """One process of the centre, with a data folder of its own."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    life: int = 0
    """How often it was started."""
    _said_before: int = 0

    @property
    def called(self) -> str:
        """What PostgreSQL knows the process of this life by."""
        return f"{self.name}.{self.life}"

    def start(self) -> None:
        self.life += 1
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        address = make_url(self.environment["YINLING_DATABASE_URL"]).update_query_dict({"application_name": self.called})
        with self.log.open("ab") as log:
            environment = {**self.environment, SUPERVISOR_VARIABLE: str(os.getpid())}
            environment["YINLING_DATABASE_URL"] = address.render_as_string(hide_password=False)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "yinling", *self.command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int | None:
        """Of this life's process; None while it is killed."""
        return None if self.process is None else self.process.pid

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def stands_by(self) -> bool:
        """Whether it has said in this life that it waits for a partition that is nobody's."""
        return b'"standing_by"' in self.log.read_bytes()[self._said_before :]

    def complaints(self) -> str:
        """The last lines of its log that are no ordinary ones, shortened."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return "\n".join(line[:400] for line in [line for line in lines if '"level": "info"' not in line][-12:])

    @property
    def state(self) -> str:
        """Alive, ended by itself, or killed."""
        if self.process is None:
            return "killed"
        return "alive" if self.process.poll() is None else f"ended with {self.process.returncode}"

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


@dataclass
class Region:
    """What runs, and what a test asks of it."""

    cluster: Cluster
    hub: Hub | None
    database: Database
    members: dict[str, Member]
    ports: dict[str, int]
    ended_by_themselves: list[str] = field(default_factory=list)
    """Workers that nobody killed and that were started again, and their last words."""
    _serial: int = field(default=0)

    def api(self, name: str = "api-0") -> httpx.Client:
        """A client of one of the APIs, signed in as the administrator."""
        centre = Centre(Path("/"), {})
        centre.run = {"ports": {"http": self.ports[name]}}
        return centre.sign_in("admin", ADMIN_PASSWORD)

    def is_ready(self, name: str = "api-0") -> str:
        """What `/readyz` says; empty when everything works."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=5)
        except httpx.HTTPError as error:
            return repr(error)
        return "" if answer.status_code == httpx.codes.OK else answer.text

    def wait_ready(self, name: str = "api-0", seconds: float = START_SECONDS) -> None:
        until(lambda: not self.is_ready(name), seconds, lambda: f"{self.is_ready(name)}\n{self.said()}", 0.2)

    def said(self) -> str:
        """How each process is, and what it complained of lately."""
        return "\n".join(f"== {one.called}, {one.state}\n{one.complaints()}" for one in self.members.values())

    def start_spare(self, worker: Member) -> None:
        """Start a worker again, and wait until it could take over: the next death finds nobody else."""
        worker.start()
        until(lambda: worker.stands_by, START_SECONDS, lambda: worker.log.read_text()[-3000:], 0.1)

    def wait_for_a_spare(self) -> None:
        """Until a worker that lives could take over. One that ended by itself is started again, as whatever looks after it does."""

        def spare() -> bool:
            workers = [one for one in self.members.values() if one.name.startswith("ingest") and one.process is not None]
            for one in workers:
                if one.has_ended:
                    self.ended_by_themselves.append(f"{one.called}, {one.state}\n{one.complaints()}")
                    one.start()
            holders = {pid_in(mark) for _, mark in self.owners().values()}
            return any(one.stands_by and one.pid not in holders for one in workers)

        until(spare, START_SECONDS, self.said, 0.2)

    def owners(self) -> dict[int, tuple[int, str]]:
        """The epoch and the process mark of each partition's holder."""
        with self.database.snapshot() as session:
            rows = session.execute(sa.text("SELECT partition, epoch, mark FROM partition_leases")).all()
        return {row.partition: (row.epoch, row.mark) for row in rows}

    def worker_of(self, partition: int) -> Member:
        """The process that has a partition now."""
        pid = pid_in(self.owners()[partition][1])
        return next(one for one in self.members.values() if one.pid == pid)

    def move_elsewhere(self, partition: int) -> None:
        """Let the holder be of another machine, so that nobody here can tell that its process ended."""
        with self.database.transaction() as session:
            session.execute(
                sa.text("UPDATE partition_leases SET mark = 'another-boot/1/1.1' WHERE partition = :partition"),
                {"partition": partition},
            )

    def writers(self) -> list[tuple[int, str]]:
        """(home, worker) of everything a worker has committed about a home, in order."""
        with self.database.snapshot() as session:
            rows = session.execute(sa.text("SELECT home_id, writer FROM witnessed ORDER BY id")).all()
        return [(row.home_id, row.writer) for row in rows]

    def device(self, client: httpx.Client) -> Button:
        """A home with a button that knows every node and goes on at another."""
        self._serial += 1
        home = f"home-{self._serial:03d}"
        for path, body in (
            ("/homes", {"code": home, "name": home, "address": "青山街道 1 号"}),
            ("/devices", {"home": home, "name": home, "profile": "sos-button"}),
        ):
            answer = client.post(f"/api/v1{path}", json=body)
            assert answer.is_success, answer.text
        made = answer.json()
        nodes = MqttNodes([server for node in self.cluster.nodes for server in mqtt_servers(node.settings)], first=self._serial)
        host, port = nodes.first
        credentials = replace(Credentials(id=made["id"], home=home, code=made["code"], **made["mqtt"]), host=host, port=port)
        return Button(credentials, nodes=nodes)


@contextmanager
def running_region(folder: Path, database_url: str, hub: Hub | None, **settings: Any) -> Iterator[Region]:
    """Everything, started and ready. With a hub each node stands on a machine of its own there."""
    hosts = [hub.address(index) for index in range(3)] if hub else ["127.0.0.1"] * 3
    prefixes = [hub.prefix(index) for index in range(3)] if hub else [()] * 3
    cluster = make_nodes(folder, hosts, prefixes, partitions=PARTITIONS)
    secrets = cluster.nodes[0].secrets
    common = {
        **cluster.addresses,
        "database_url": database_url,
        "partitions": PARTITIONS,
        "broker_password": secrets.password,
        "broker_issuer_seed": secrets.issuer_seed,
        "webhook_secret": "the-webhook-secret-of-tests-000000",
        "web_push_private_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
        "plain_links": "nats mqtt gateway http",
        **settings,
    }
    members, ports = {}, {}
    commands: list[tuple[str, tuple[str, ...]]]
    commands = [(f"ingest-{i}", ("ingest", "--partition", f"any/{PARTITIONS}")) for i in range(PARTITIONS + 1)]
    commands += [(f"{name}-{i}", (name,)) for name in ("api", "pager") for i in range(2)]
    for name, command in commands:
        data = folder / name
        http, gateway = free_ports(2)
        ports[name] = http
        environment = centre_environment(data, **common) | {"YINLING_HTTP_PORT": str(http), "YINLING_GATEWAY_PORT": str(gateway)}
        members[name] = Member(name, command, environment, folder / f"{name}.log")
    database = Database(database_url)
    with ExitStack() as stack:
        stack.callback(database.close)
        stack.callback(cluster.stop)
        for member in members.values():
            stack.callback(member.kill)
        _migrate(members["api-0"])
        _witness(database)
        cluster.start()
        for member in members.values():
            member.start()
        region = Region(cluster, hub, database, members, ports)
        for name in ("api-0", "api-1"):
            region.wait_ready(name)
        until(lambda: any(one.stands_by for one in members.values()), START_SECONDS, region.said, 0.1)
        yield region
        for member in members.values():
            with suppress(ProcessLookupError, AssertionError):
                member.send(signal.SIGCONT)


def _migrate(member: Member) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "yinling", "migrate"], env=member.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


_WITNESS = """
CREATE TABLE witnessed (id bigserial PRIMARY KEY, home_id integer, writer text);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witnessed (home_id, writer) VALUES (NEW.home_id, current_setting('application_name'));
    RETURN NEW;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON signals FOR EACH ROW
    WHEN (NEW.home_id IS NOT NULL AND starts_with(current_setting('application_name'), 'ingest-')) EXECUTE FUNCTION witness();
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON alerts FOR EACH ROW
    WHEN (NEW.home_id IS NOT NULL AND starts_with(current_setting('application_name'), 'ingest-')) EXECUTE FUNCTION witness();
"""


def _witness(database: Database) -> None:
    """From now on the database itself writes down which worker wrote of a home."""
    with database.transaction() as session:
        session.connection().exec_driver_sql(_WITNESS)
