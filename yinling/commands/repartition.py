"""`yinling repartition P`: another number of partitions, once the broker holds nothing for the old ones.

It changes nothing before the last check has passed, and then one row, in one transaction; killed before, the old number
holds, and after it the new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer
from nats.aio.client import Client
from nats.errors import Error as NatsError

from core.config import Settings
from core.log import configure_logging
from ingest.broker import load_or_create_secrets, nats_servers
from ingest.broker_config import ACCOUNT, BUS_USER, WATCHER_USER
from yinling import agreement, bootstrap
from yinling.checks import check_python
from yinling.environment import read_settings
from yinling.errors import CannotStartError

WAIT_SECONDS = 600.0
_LOOK_SECONDS = 1.0
_MESSAGES = "$MQTT_msgs"
_CONNECTIONS = "$SYS.REQ.SERVER.PING.CONNZ"
_ANSWERS_SECONDS = 1.0
_MOST_CONNECTIONS = 1024
MOST_PARTITIONS = 64


@dataclass(frozen=True, slots=True)
class Held:
    """What the broker still holds for the workers, and which devices could add to it."""

    messages: int
    devices: Sequence[str]


def repartition(partitions: int, data_dir: Path | None, wait_seconds: float = WAIT_SECONDS) -> None:
    """Wait until the broker is drained, and write the new number down."""
    check_python()
    settings = read_settings(data_dir=data_dir)
    configure_logging("repartition", as_json=settings.log_json, level=settings.log_level)
    if not 1 <= partitions <= MOST_PARTITIONS:
        message = f"A centre has 1 to {MOST_PARTITIONS} partitions, not {partitions}."
        raise CannotStartError(message)
    clock = bootstrap.make_clock()
    with closing(bootstrap.open_database(settings)) as database:
        if database.is_sqlite and partitions > 1:
            message = "More than one partition needs PostgreSQL: set YINLING_DATABASE_URL."
            raise CannotStartError(message)
        with database.snapshot() as session:
            before = agreement.partitions_of(session)
        if before == partitions:
            typer.echo(f"The centre already has {partitions} partitions.")
            return
        if before is not None:
            asyncio.run(_drained(settings, wait_seconds))
        with database.transaction() as session:
            agreement.set_partitions(session, partitions, clock)
    typer.echo(
        f"From {before or 'no'} to {partitions} partitions. Stop the workers, set YINLING_PARTITIONS={partitions} everywhere,"
    )
    typer.echo("start the broker as usual, and then the workers.")


async def _drained(settings: Settings, wait_seconds: float) -> None:
    """Return once nothing is held.

    Raises:
        CannotStartError: a device is connected, the broker does not answer, or there is still something after `wait_seconds`.
    """
    deadline = asyncio.get_running_loop().time() + wait_seconds
    said = -1
    while True:
        held = await look(settings)
        if held.devices:
            some = ", ".join(held.devices[:3])
            message = (
                f"{len(held.devices)} devices are connected ({some}): start the broker with 'yinling broker --ingest-only', "
                "so that nothing comes in while it is drained."
            )
            raise CannotStartError(message)
        if held.messages == 0:
            return
        if held.messages != said:
            said = held.messages
            typer.echo(f"The broker holds {said} messages for the workers; waiting for them to be worked on.")
        if asyncio.get_running_loop().time() > deadline:
            message = f"The broker still holds {held.messages} messages after {wait_seconds:.0f} s: are all workers running?"
            raise CannotStartError(message)
        await asyncio.sleep(_LOOK_SECONDS)


async def look(settings: Settings) -> Held:
    """What the broker holds now."""
    secrets = load_or_create_secrets(settings)
    try:
        own = await _connect(settings, BUS_USER, secrets.password)
        watcher = await _connect(settings, WATCHER_USER, secrets.password)
    except (OSError, NatsError) as error:
        message = f"The broker does not answer at {' '.join(nats_servers(settings))} ({error}): start it, to see what it holds."
        raise CannotStartError(message) from error
    try:
        return Held(await _messages(own), await _devices(watcher))
    finally:
        await own.close()
        await watcher.close()


async def _connect(settings: Settings, user: str, password: str) -> Client:
    client = Client()
    await client.connect(
        nats_servers(settings),
        user=user,
        password=password,
        name="repartition",
        allow_reconnect=False,
        max_reconnect_attempts=1,  # of each node, also for the first connection
        connect_timeout=3,
    )
    return client


async def _messages(client: Client) -> int:
    """What is not delivered, and what is delivered and not acknowledged, for every session of a worker."""
    held: int = 0
    offset = 0
    while True:
        request = orjson.dumps({"offset": offset})
        answer: dict[str, Any] = orjson.loads((await client.request(f"$JS.API.CONSUMER.LIST.{_MESSAGES}", request, timeout=5)).data)
        if (answer.get("error") or {}).get("code") == 404:  # noqa: PLR2004 no such stream: nobody ever spoke MQTT here
            return 0
        consumers = answer.get("consumers") or []
        held += sum(each["num_pending"] + each["num_ack_pending"] for each in consumers if _is_workers(each["config"]))
        offset += len(consumers)
        if not consumers or offset >= answer["total"]:
            return held


def _is_workers(config: dict[str, Any]) -> bool:
    return str(config.get("filter_subject", "")).startswith(f"{_MESSAGES.replace('_', '.')}.part.")


async def _devices(client: Client) -> list[str]:
    """The MQTT clients that are not Yinling's own, on whichever node."""
    found: list[str] = []
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    request = {"auth": True, "acc": ACCOUNT, "limit": _MOST_CONNECTIONS}
    await client.publish(_CONNECTIONS, orjson.dumps(request), reply=inbox)
    deadline = asyncio.get_running_loop().time() + _ANSWERS_SECONDS
    try:
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            answer: dict[str, Any] = orjson.loads((await subscription.next_msg(left)).data)
            connections = answer.get("data", {}).get("connections") or []
            found += [each["mqtt_client"] for each in connections if _is_device(each.get("mqtt_client"))]
    except (NatsError, TimeoutError):
        pass  # nobody answers any more
    return found


def _is_device(client_id: str | None) -> bool:
    return bool(client_id) and not str(client_id).startswith("yinling-ingest-")


__all__ = ["Held", "look", "repartition"]
