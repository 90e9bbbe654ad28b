"""`yinling setup`: the first container of docker-compose.yml. Makes what the others need and cannot make; leaves what is there.

It runs in every `docker compose up`, so each step is safe to repeat, and a start that dies in the middle is finished by the next.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import typer

from core.certificate_folder import CertificateFolderError
from core.clock import SystemClock
from core.config import Settings
from yinling.checks import check_python
from yinling.containers.certificates import Certificates, Server
from yinling.containers.nodes import node_names, write_nodes
from yinling.containers.vault import Vault
from yinling.environment import read_settings
from yinling.errors import CannotStartError

OTHER_NODES = ("nats-2", "nats-3")


def set_up_containers(secrets: Path, volumes: Path, data_dir: Path | None) -> None:
    """Make secrets, certificates and the broker's configuration, and say what was made."""
    check_python()
    settings = read_settings(data_dir=data_dir)
    own = settings.data_dir / "broker"
    nodes = {"nats": own} | {node: volumes / f"broker-{node.rpartition('-')[2]}" for node in OTHER_NODES}
    for folder in (settings.data_dir, settings.certificates_folder, *nodes.values(), *_shelves(secrets), *_shelves(volumes)):
        _refuse_unwritable(folder)
    vault = Vault(secrets)
    made = vault.make_missing()
    try:
        certificates = Certificates(settings.certificates_folder, SystemClock().now())
        made += certificates.issue(_servers(settings, secrets, nodes))
        certificates.trust(secrets / "caddy")
        certificates.lend_devices(settings.data_dir / "certs")
    except CertificateFolderError as error:
        raise CannotStartError(f"{error}.") from error
    password, seed = vault.read("yinling/broker-password"), vault.read("yinling/broker-issuer-seed")
    written = write_nodes(settings, nodes, password=password, issuer_seed=seed)
    typer.echo(f"Made: {', '.join(made) or 'nothing, everything is there'}.")
    typer.echo(f"Broker: {', '.join(written)}; ingest workers: {settings.partitions}.")


def _servers(settings: Settings, secrets: Path, nodes: dict[str, Path]) -> dict[str, Server]:
    public = (settings.public_host,) if settings.public_host else ()
    return {
        # One for all that Yinling watches over: the workers tell the broker of a new certificate when it shows another than theirs.
        "yinling": Server(
            (*public, *nodes, "api", "ingest"), (secrets / "yinling", *(nodes[node] for node in node_names(settings)))
        ),
        "postgres": Server(("postgres",), (secrets / "postgres",)),
        "influxdb": Server(("influxdb",), (secrets / "influxdb",)),
        "prometheus": Server(("prometheus",), (secrets / "prometheus",)),
        "grafana": Server(("grafana",), (secrets / "grafana",)),
    }


def _shelves(folder: Path) -> list[Path]:
    """The volumes below a folder; a person who mounts none is told so."""
    found = sorted(path for path in folder.glob("*") if path.is_dir())
    if not found:
        message = f"There is no volume in {folder}: 'yinling setup' is for the containers of docker-compose.yml."
        raise CannotStartError(message)
    return found


def _refuse_unwritable(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = (
            f"The volume {folder} cannot be written by user {os.getuid()} ({error.strerror}): "
            f"it belongs to somebody else; docs/deployment.md says how that is put right."
        )
        raise CannotStartError(message) from error
