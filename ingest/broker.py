"""The broker: NATS from its wheel, started with a configuration of ours.

`exec_broker` writes the configuration and becomes nats-server, so the process that a supervisor watches is the broker
itself. What a device was told is stored survives SIGKILL at any moment (the file store syncs every 100 ms; a power cut
of a single server may take that much). A death between writing the configuration and becoming the broker changes
nothing: the next start writes it again.
"""

from __future__ import annotations

import os
import shutil
import ssl
import sysconfig
from pathlib import Path
from typing import NoReturn

import structlog

from core.addresses import in_address, split_address
from core.config import Settings
from core.tls import client_context
from ingest.broker_config import LOG_FILE_BYTES, LOG_FILES, BrokerPlan, ClusterPlan, TlsPlan, render
from ingest.broker_secrets import BrokerSecrets, load_or_create_secrets

log = structlog.get_logger()

SYNC_ALONE_MILLISECONDS = 100
SYNC_CLUSTERED_MILLISECONDS = 1000

LEAST_STORE_BYTES = 64 * 1024 * 1024
"""Never a smaller store than this, or an almost full disk would refuse even the first press."""


class BrokerMissingError(RuntimeError):
    """There is no nats-server to start."""


def broker_dir(settings: Settings) -> Path:
    """The broker's folder in the data folder."""
    return settings.data_dir.resolve() / "broker"


def log_path(settings: Settings) -> Path:
    """The log that nats-server writes; refused publications are told only there."""
    return broker_dir(settings) / "nats.log"


def log_paths(settings: Settings) -> list[Path]:
    """The logs of all nodes that this machine can read."""
    return list(settings.broker_logs) or [log_path(settings)]


def mqtt_host(settings: Settings) -> str:
    """Where Yinling's own processes reach the MQTT listener: beside the broker's client port, unless it is bound elsewhere."""
    everywhere = settings.host in {"0.0.0.0", "::", ""}  # noqa: S104 compared, not bound
    here = settings.nats_host in {"127.0.0.1", "::1", "localhost"}
    return settings.host if here and not everywhere else settings.nats_host


def nats_servers(settings: Settings) -> list[str]:
    """The broker's client port on every node, as URLs."""
    own = f"{in_address(settings.nats_host)}:{settings.nats_port}"
    return [f"nats://{address}" for address in settings.nats_servers or (own,)]


def mqtt_servers(settings: Settings) -> list[tuple[str, int]]:
    """The MQTT listener of every node, host and port."""
    if settings.nats_mqtt_servers:
        return [split_address(address) for address in settings.nats_mqtt_servers]
    return [(mqtt_host(settings), settings.mqtt_port)]


def nats_server_path() -> Path:
    """The nats-server program: the wheel's in this environment, else the first on the PATH."""
    wheel = Path(sysconfig.get_path("scripts")) / ("nats-server.exe" if os.name == "nt" else "nats-server")
    if wheel.exists():
        return wheel
    found = shutil.which("nats-server")
    if found is None:
        raise BrokerMissingError("nats-server is missing: run `make install`, or put nats-server 2.15 or newer on the PATH")
    return Path(found)


def store_limit_bytes(*, free: int, used: int, reserve: int, ingest_only: bool) -> int:
    """How large the broker's store may grow: what it has and what is free, less the reserve.

    A full store throws every connection out, ingest too. An ingest-only start may therefore use half of the reserve,
    enough to sign in and to drain; the other half is left to the databases the drain fills.
    """
    kept_free = reserve // 2 if ingest_only else reserve
    # Removing what was drained needs room beside what is still stored.
    least = used + (LEAST_STORE_BYTES if ingest_only else 0)
    return max(used + free - kept_free, least, LEAST_STORE_BYTES)


def sync_interval_milliseconds(settings: Settings) -> int:
    """How often the store is synced: seldom where two other machines have each message too."""
    chosen = settings.broker_sync_interval_milliseconds
    if chosen is not None:
        return chosen
    return SYNC_CLUSTERED_MILLISECONDS if settings.is_clustered else SYNC_ALONE_MILLISECONDS


def cluster_of(settings: Settings, secrets: BrokerSecrets) -> ClusterPlan | None:
    """This node among the others, or None when it stands alone."""
    if not settings.is_clustered:
        return None
    return ClusterPlan(
        host=settings.nats_cluster_host or settings.nats_host,
        port=settings.nats_cluster_port,
        routes=settings.nats_cluster_routes,
        password=secrets.route_password,
        replicas=settings.nats_replicas or min(3, len(settings.nats_cluster_routes)),
    )


def tls_of(settings: Settings) -> TlsPlan | None:
    """What the broker shows, where there is a certificate."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return TlsPlan(
        certificate=settings.tls_certificate.resolve(),
        key=settings.tls_key.resolve(),
        authority=None if settings.tls_authority is None else settings.tls_authority.resolve(),
        mqtt=settings.transport.speaks_tls("mqtt"),
        client=settings.transport.speaks_tls("nats"),
        routes="nats" not in settings.plain_links,
    )


def nats_context(settings: Settings) -> ssl.SSLContext | None:
    """What Yinling's processes verify the broker's own port by; None where it is plain."""
    if not settings.transport.speaks_tls("nats"):
        return None
    addresses = settings.nats_servers or (f"{in_address(settings.nats_host)}:{settings.nats_port}",)
    return client_context(settings, *(split_address(address)[0] for address in addresses))


def mqtt_context(settings: Settings) -> ssl.SSLContext | None:
    """What Yinling's own MQTT clients verify the broker by; None where it is plain."""
    if not settings.transport.speaks_tls("mqtt"):
        return None
    return client_context(settings, *(host for host, _port in mqtt_servers(settings)))


def plan_of(settings: Settings, secrets: BrokerSecrets, *, ingest_only: bool = False, store_bytes: int | None = None) -> BrokerPlan:
    """The broker's plan from the settings and the free disk; `store_bytes` overrules the latter."""
    folder = broker_dir(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = folder / "jetstream"
    if store_bytes is None:
        store_bytes = store_limit_bytes(
            free=shutil.disk_usage(folder).free,
            used=_size_of(store),
            reserve=settings.broker_reserve_bytes + LOG_FILE_BYTES * LOG_FILES,
            ingest_only=ingest_only,
        )
    return BrokerPlan(
        host=settings.host,
        mqtt_port=settings.mqtt_port,
        client_host=settings.nats_host,
        client_port=settings.nats_port,
        monitor_port=settings.nats_monitor_port,
        store_dir=store,
        log_file=log_path(settings),
        password=secrets.password,
        issuer_public=secrets.issuer_public,
        partitions=settings.partitions,
        max_file_store_bytes=store_bytes,
        max_payload_bytes=settings.broker_max_payload_bytes,
        sync_interval_milliseconds=sync_interval_milliseconds(settings),
        ack_wait_seconds=settings.broker_ack_wait_seconds,
        # One batch being committed, the next arriving. More would let slow commits outlast ack_wait, and the broker allows
        # a session 65,535 in all: at 4,096 each a gateway may hold 15 QoS 1 subscriptions.
        max_ack_pending=2 * settings.ingest_batch_messages,
        admits_devices=not ingest_only,
        server_name=settings.nats_node,
        cluster=cluster_of(settings, secrets),
        tls=tls_of(settings),
        websocket_port=settings.mqtt_websocket_port,
    )


def write_config(settings: Settings, secrets: BrokerSecrets, *, ingest_only: bool = False, store_bytes: int | None = None) -> Path:
    """Write `{data_dir}/broker/nats.conf` atomically, for its owner only, and give its path."""
    text = render(plan_of(settings, secrets, ingest_only=ingest_only, store_bytes=store_bytes))
    path = broker_dir(settings) / "nats.conf"
    aside = path.with_name(f".nats.conf.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    aside.replace(path)
    return path


def exec_broker(settings: Settings, *, ingest_only: bool = False) -> NoReturn:
    """Become nats-server. `ingest_only` lets no device in and may use the disk reserve, to drain a full store."""
    program = nats_server_path()
    config = write_config(settings, load_or_create_secrets(settings), ingest_only=ingest_only)
    log.info("broker_starts", program=str(program), config=str(config), ingest_only=ingest_only)
    os.execv(program, [str(program), "-c", str(config)])  # noqa: S606 to become another program is the point


def _size_of(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:  # the old broker is still tidying up
            continue
    return total


__all__ = [
    "BrokerMissingError",
    "BrokerSecrets",
    "broker_dir",
    "cluster_of",
    "exec_broker",
    "load_or_create_secrets",
    "log_path",
    "log_paths",
    "mqtt_context",
    "mqtt_host",
    "mqtt_servers",
    "nats_context",
    "nats_server_path",
    "nats_servers",
    "plan_of",
    "store_limit_bytes",
    "sync_interval_milliseconds",
    "tls_of",
    "write_config",
]
