"""`yinling setup` in folders that stand for volumes: everything is made once, kept afterwards, and renewed when it is due."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from core.certificate_folder import CertificateFolder, read_certificate
from core.certificates import describe
from core.clock import SystemClock
from ingest.broker import nats_server_path
from yinling.commands.setup import set_up_containers
from yinling.containers.certificates import RENEW_DAYS, Certificates, Server
from yinling.errors import CannotStartError

CLUSTER = {"YINLING_NATS_CLUSTER_ROUTES": "nats:6222 nats-2:6222 nats-3:6222", "YINLING_PARTITIONS": "4"}


@dataclass
class Volumes:
    """The folders of one centre."""

    root: Path
    monkeypatch: pytest.MonkeyPatch

    def set_up(self, **environment: str) -> None:
        given = {
            "YINLING_HOST": "0.0.0.0",
            "YINLING_NATS_HOST": "0.0.0.0",
            "YINLING_CERTIFICATES_DIR": str(self.root / "volumes" / "authority"),
            "YINLING_PUBLIC_HOST": "centre.example",
            **environment,
        }
        with self.monkeypatch.context() as patched:
            for name, value in given.items():
                patched.setenv(name, value)
            patched.setenv("YINLING_DATA_DIR", str(self.root / "data"))
            set_up_containers(self.root / "secrets", self.root / "volumes", None)

    def files(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def node(self, name: str) -> Path:
        own = self.root / "data" / "broker"
        return own if name == "nats" else self.root / "volumes" / f"broker-{name[-1]}"


@pytest.fixture
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Volumes:
    for folder in ("data/broker", *(f"volumes/{name}" for name in ("authority", "broker-2", "broker-3"))):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("caddy", "grafana", "influxdb", "postgres", "prometheus", "yinling"):
        (tmp_path / "secrets" / folder).mkdir(parents=True)
    return Volumes(tmp_path, monkeypatch)


def test_what_is_there_stays(volumes: Volumes, capsys: pytest.CaptureFixture[str]) -> None:
    volumes.set_up()
    assert "postgres/password" in capsys.readouterr().out
    before = volumes.files()
    volumes.set_up()
    assert "Made: nothing, everything is there." in capsys.readouterr().out
    after = volumes.files()
    assert {name for name in before if before[name] != after.get(name)} <= {"data/broker/nats.conf"}  # the disk's free space
    assert set(before) == set(after)


def test_a_password_of_ones_own_is_kept(volumes: Volumes) -> None:
    (volumes.root / "secrets" / "postgres" / "password").write_text("my-own\n")
    volumes.set_up()
    assert ":my-own@postgres" in (volumes.root / "secrets" / "yinling" / "database-url").read_text()


def test_secrets_are_for_their_owner_only_and_are_not_said(volumes: Volumes, capsys: pytest.CaptureFixture[str]) -> None:
    volumes.set_up()
    said = capsys.readouterr().out
    kept = [path for path in volumes.root.rglob("*") if path.is_file()]
    assert [str(path) for path in kept if path.stat().st_mode & 0o077] == []
    for path in (volumes.root / "secrets").rglob("*"):
        if path.is_file() and path.suffix == "":
            assert path.read_text() not in said


def test_the_authoritys_key_stays_where_it_is(volumes: Volumes) -> None:
    volumes.set_up()
    key = (volumes.root / "volumes" / "authority" / "authority.key").read_bytes()
    assert [name for name, body in volumes.files().items() if body == key] == ["volumes/authority/authority.key"]


@pytest.mark.parametrize(("environment", "nodes"), [({}, ["nats"]), (CLUSTER, ["nats", "nats-2", "nats-3"])])
def test_each_node_gets_a_configuration_the_broker_takes(volumes: Volumes, environment: dict[str, str], nodes: list[str]) -> None:
    volumes.set_up(**environment)
    for node in ("nats", "nats-2", "nats-3"):
        configuration = volumes.node(node) / "nats.conf"
        assert configuration.exists() == (node in nodes)
        if node in nodes:
            assert f'server_name: "{node}"' in configuration.read_text()
            checked = subprocess.run(
                [str(nats_server_path()), "-t", "-c", str(configuration)], capture_output=True, text=True, check=False
            )
            assert checked.returncode == 0, checked.stderr


def test_an_earlier_cluster_leaves_no_node_that_could_start(volumes: Volumes) -> None:
    volumes.set_up(**CLUSTER)
    volumes.set_up()
    assert not (volumes.node("nats-2") / "nats.conf").exists()
    assert "\ncluster {" not in (volumes.node("nats") / "nats.conf").read_text()


def test_another_public_name_gets_another_certificate(volumes: Volumes) -> None:
    volumes.set_up()
    volumes.set_up(YINLING_PUBLIC_HOST="new.example")
    shown = describe(read_certificate(volumes.node("nats") / "server.pem"))
    assert {"new.example", "nats", "api", "localhost"} <= set(shown.hosts)
    assert (volumes.root / "secrets" / "yinling" / "server.pem").read_bytes() == (volumes.node("nats") / "server.pem").read_bytes()


def test_a_certificate_that_ends_soon_is_renewed(tmp_path: Path) -> None:
    now = SystemClock().now()
    servers = {"one": Server(("one.example",), (tmp_path / "one",))}
    assert "one" in Certificates(tmp_path / "authority", now).issue(servers)
    first = (tmp_path / "one" / "server.pem").read_bytes()
    ends_at = describe(CertificateFolder(tmp_path / "authority").read("one")).ends_at
    assert Certificates(tmp_path / "authority", ends_at - timedelta(days=RENEW_DAYS + 2)).issue(servers) == []
    assert Certificates(tmp_path / "authority", ends_at - timedelta(days=RENEW_DAYS - 1)).issue(servers) == ["one"]
    assert (tmp_path / "one" / "server.pem").read_bytes() != first


def test_a_missing_volume_is_one_sentence(volumes: Volumes) -> None:
    (volumes.root / "volumes" / "authority").rmdir()
    with pytest.raises(CannotStartError, match=r"volume .*authority cannot be written") as refusal:
        volumes.set_up()
    assert "\n" not in str(refusal.value)


def test_outside_containers_it_says_so(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "yinling",
        "setup",
        "--secrets",
        str(tmp_path),
        "--volumes",
        str(tmp_path),
        "--data-dir",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("yinling: ")
    assert done.stderr.count("\n") == 1
