"""The broker's configuration for its containers: the official image cannot write its own, so it is written before it starts.

Every node sees its own volume as `/data/broker` and reads `nats.conf` there; here the volumes of the other nodes lie elsewhere.
A stand-alone broker takes its place on the disk as `yinling broker` would; the nodes of a cluster on one disk share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from core.config import Settings
from ingest.broker import broker_dir, plan_of
from ingest.broker_config import render
from ingest.broker_secrets import load_or_create_secrets
from yinling.containers.certificates import copy_file

CONFIGURATION = "nats.conf"


def node_names(settings: Settings) -> list[str]:
    """The nodes by the names of their containers: those of the cluster's routes, or the one broker."""
    return [address.rpartition(":")[0] for address in settings.nats_cluster_routes] or ["nats"]


def write_nodes(settings: Settings, volumes: Mapping[str, Path], *, password: str, issuer_seed: str) -> list[str]:
    """Write the configuration of each node into its volume; the names of the nodes written.

    `volumes` says where the volume of each node that could be there lies. A node that the settings do not name loses its
    configuration, so that a forgotten container of an earlier cluster cannot start beside a broker that stands alone.
    """
    here = broker_dir(settings)
    wanted = node_names(settings)
    settings = settings.model_copy(
        update={
            "broker_password": SecretStr(password),
            "broker_issuer_seed": SecretStr(issuer_seed),
            "tls_certificate": here / "server.pem",
            "tls_key": here / "server.key",
            "tls_authority": here / "authority.pem",
        }
    )
    plan = plan_of(settings, load_or_create_secrets(settings))
    share = plan.max_file_store_bytes // len(wanted)
    for node, volume in volumes.items():
        if node not in wanted:
            (volume / CONFIGURATION).unlink(missing_ok=True)
            continue
        text = render(replace(plan, server_name=node, max_file_store_bytes=share))
        draft = volume / f".{CONFIGURATION}.draft"
        draft.write_text(text, encoding="utf-8")
        copy_file(draft, volume / CONFIGURATION)
        draft.unlink()
    return wanted


__all__ = ["node_names", "write_nodes"]
