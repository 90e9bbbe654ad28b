"""The broker's configuration as text: a pure function of its plan.

Every number here was measured (docs/design.md, section 4) and has a test that fails without it. Nothing here touches a
file or a socket; a process cannot die in it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

ACCOUNT = "YL"
"""The account of devices and of Yinling."""

BUS_USER = "yinling"
INGEST_USER = "ingest"
DEVICE_USER = ".device"
"""What the broker calls every device that is in. A reload keeps only connections whose user stands in the configuration; no
device has such a name, and whoever tries it is asked for a device's secret like anybody else."""
WATCHER_USER = "watcher"

Lane = Literal["alarm", "data"]

LANE_OF_CHANNEL: dict[str, Lane] = {"event": "alarm", "status": "alarm", "reply": "alarm", "telemetry": "data"}
"""The upward channels of a device, and the lane each travels in."""

# The broker allows 65,535 unacknowledged messages a session, and `part/0/alarm/#` counts as two subscriptions in it.
MOST_ACK_PENDING = 32767

MOST_CONNECTIONS = 1_000_000
"""The broker's own default is 65,536; -1 would let nobody in."""

SIGN_IN_TIMEOUT_SECONDS = 2
"""How long the broker waits for the answer to one sign-in. A question asked while no worker listens waits as long."""

TLS_TIMEOUT_SECONDS = 5
"""A handshake over a slow mobile line takes its time; the broker's own limit of 2 cuts some off."""

LOG_FILE_BYTES = 8 * 1024 * 1024
LOG_FILES = 4

CLUSTER_NAME = "yinling"
ROUTE_USER = "route"
LOST_NODE_SECONDS = 2
"""A node that has answered no ping for three times this long is taken for gone."""


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """This node among others: where it listens for them, where they are (itself may be named too), how many keep a message."""

    host: str
    port: int
    routes: Sequence[str]
    password: str
    replicas: int


@dataclass(frozen=True, slots=True)
class TlsPlan:
    """What the broker shows and where it speaks TLS: to devices, to Yinling's processes, between its nodes."""

    certificate: Path
    key: Path
    authority: Path | None
    mqtt: bool
    client: bool
    routes: bool


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """Everything the configuration depends on. Ports are real ones; sizes are bytes."""

    host: str
    mqtt_port: int
    client_host: str
    client_port: int
    monitor_port: int
    store_dir: Path
    log_file: Path
    password: str
    issuer_public: str
    partitions: int
    max_file_store_bytes: int
    max_payload_bytes: int
    sync_interval_milliseconds: int
    ack_wait_seconds: int
    max_ack_pending: int
    admits_devices: bool = True
    server_name: str = "yinling"
    cluster: ClusterPlan | None = None
    tls: TlsPlan | None = None
    websocket_port: int | None = None


def mappings(partitions: int) -> dict[str, str]:
    """From the upward subjects of devices to those of the partition of their home.

    Only upward ones: a mapped publication reaches nobody on its original subject, so a mapping that caught `receipt`,
    `command` or a gateway's `…/set` would leave devices deaf.
    """
    prefix = f"part.{{{{partition({partitions},1)}}}}"
    home_and_device = "yl.v1.{{wildcard(1)}}.{{wildcard(2)}}"
    channels = {f"yl.v1.*.*.{channel}": f"{prefix}.{lane}.{home_and_device}.{channel}" for channel, lane in LANE_OF_CHANNEL.items()}
    return {**channels, "yl.v1.*.*.up.>": f"{prefix}.alarm.{home_and_device}.up.>"}


def render(plan: BrokerPlan) -> str:
    """The text of `nats.conf` for a plan."""
    q = _quoted
    user = f"password: {q(plan.password)}"
    mapped = _mappings_block(plan.partitions)
    wills = textwrap.dedent(mapped)
    sync = "always" if plan.sync_interval_milliseconds == 0 else q(f"{plan.sync_interval_milliseconds}ms")
    return f"""# Written by Yinling at each start of the broker; changes made here are lost.
server_name: {q(plan.server_name)}
listen: {q(_address(plan.client_host, plan.client_port))}
http: {q(f"127.0.0.1:{plan.monitor_port}")}
max_payload: {plan.max_payload_bytes}
max_connections: {MOST_CONNECTIONS}
log_file: {q(str(plan.log_file))}
log_size_limit: {LOG_FILE_BYTES}
logfile_max_num: {LOG_FILES}
logtime_utc: true
{_client_tls(plan.tls)}
jetstream {{
  store_dir: {q(str(plan.store_dir))}
  sync_interval: {sync}
  max_file_store: {plan.max_file_store_bytes}
  max_memory_store: {64 * 1024 * 1024}
  limits {{
    default_max_consumers: -1
  }}
}}

mqtt {{
  listen: {q(_address(plan.host, plan.mqtt_port))}
  ack_wait: "{plan.ack_wait_seconds}s"
  max_ack_pending: {min(plan.max_ack_pending, MOST_ACK_PENDING)}
{_replicas(plan)}{_device_tls(plan)}}}
{_websocket(plan)}{_cluster(plan)}
accounts {{
  {ACCOUNT} {{
    jetstream: enabled
    users: [
      {{ user: {q(BUS_USER)}, {user} }}
      {{ user: {q(INGEST_USER)}, {user} }}
      # Nobody signs in as this one: devices carry its name once they are in, and so stay in when certificates are renewed.
      {{ user: {q(DEVICE_USER)}, {user} }}
    ]
{mapped}
  }}
  SYS {{
    users: [ {{ user: {q(WATCHER_USER)}, {user} }} ]
  }}
}}
system_account: SYS

# For wills only: they are mapped when CONNECT is read, before the device's account is known.
{wills}
{_sign_in(plan)}"""


def _replicas(plan: BrokerPlan) -> str:
    """Sessions, retained messages and what waits in them, each on so many nodes; alone the broker knows by itself."""
    return "" if plan.cluster is None else f"  stream_replicas: {plan.cluster.replicas}\n"


def _cluster(plan: BrokerPlan) -> str:
    if plan.cluster is None:
        return ""
    cluster, q = plan.cluster, _quoted
    credentials = f"{ROUTE_USER}:{quote(cluster.password, safe='')}"
    routes = "\n".join(f"    {q(f'nats-route://{credentials}@{address}')}" for address in cluster.routes)
    return f"""
cluster {{
  name: {q(CLUSTER_NAME)}
  listen: {q(_address(cluster.host, cluster.port))}
  authorization {{ user: {q(ROUTE_USER)}, password: {q(cluster.password)}, timeout: 2 }}
  ping_interval: "{LOST_NODE_SECONDS}s"
  ping_max: 2
  # Devices are told by us where the nodes are; what a node thinks of its own address may be inside a network of containers.
  no_advertise: true
{_cluster_tls(plan.tls)}  routes: [
{routes}
  ]
}}
"""


def _tls(tls: TlsPlan, indent: str, *more: str) -> str:
    """A `tls` block; without `verify`, because a device proves itself to the sign-in."""
    files = [f"cert_file: {_quoted(str(tls.certificate))}", f"key_file: {_quoted(str(tls.key))}"]
    lines = ["tls {", *(f"  {line}" for line in (*files, *more, f"timeout: {TLS_TIMEOUT_SECONDS}")), "}"]
    return textwrap.indent("\n".join(lines), indent) + "\n"


def _client_tls(tls: TlsPlan | None) -> str:
    return "" if tls is None or not tls.client else _tls(tls, "", "handshake_first: true")


def _device_tls(plan: BrokerPlan) -> str:
    return _tls(plan.tls, "  ") if plan.tls is not None and plan.tls.mqtt else ""


def _websocket(plan: BrokerPlan) -> str:
    if plan.websocket_port is None:
        return ""
    inside = _device_tls(plan) or "  no_tls: true\n"
    return f"""
websocket {{
  listen: {_quoted(_address(plan.host, plan.websocket_port))}
{inside}}}
"""


def _cluster_tls(tls: TlsPlan | None) -> str:
    """Nodes show each other their certificates, and each verifies the other's."""
    if tls is None or not tls.routes:
        return ""
    return _tls(tls, "  ", *([] if tls.authority is None else [f"ca_file: {_quoted(str(tls.authority))}"]))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _quoted(text: str) -> str:
    """A string as NATS reads it: like JSON's, but it knows no escapes by number."""
    return json.dumps(text, ensure_ascii=False)


def _mappings_block(partitions: int) -> str:
    lines = [f"  {json.dumps(source)}: {json.dumps(target)}" for source, target in mappings(partitions).items()]
    return textwrap.indent("\n".join(["mappings {", *lines, "}"]), "    ")


def _sign_in(plan: BrokerPlan) -> str:
    """The callout; without it (an ingest-only start) nobody but Yinling's own users can sign in."""
    if not plan.admits_devices:
        return ""
    return f"""
authorization {{
  timeout: {SIGN_IN_TIMEOUT_SECONDS}
  auth_callout {{
    issuer: {plan.issuer_public}
    account: {ACCOUNT}
    auth_users: [ {BUS_USER}, {INGEST_USER}, {WATCHER_USER} ]
  }}
}}
"""


__all__ = [
    "ACCOUNT",
    "BUS_USER",
    "CLUSTER_NAME",
    "DEVICE_USER",
    "INGEST_USER",
    "LANE_OF_CHANNEL",
    "LOG_FILES",
    "LOG_FILE_BYTES",
    "MOST_ACK_PENDING",
    "MOST_CONNECTIONS",
    "ROUTE_USER",
    "SIGN_IN_TIMEOUT_SECONDS",
    "WATCHER_USER",
    "BrokerPlan",
    "ClusterPlan",
    "Lane",
    "TlsPlan",
    "mappings",
    "render",
]
