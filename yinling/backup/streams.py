"""The broker's streams out of and into a backup, by the broker's own snapshots (JetStream's API).

A stream holds what devices sent and nobody has acknowledged yet, sessions, retained states; its consumers go with it.
The broker goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from yinling.backup.manifest import StreamSum
from yinling.errors import CannotStartError

FOLDER = "streams"
_API = "$JS.API.STREAM"
_CHUNK_BYTES = 128 * 1024
_ANSWER_SECONDS = 30.0


async def connect(servers: Sequence[str], password: str, tls: ssl.SSLContext | None, *, wait_seconds: float) -> Client:
    """A connection as one of Yinling's own. Raises OSError, TimeoutError or nats.errors.Error when none answers in time."""
    client = Client()
    connecting = client.connect(
        list(servers),
        user="yinling",
        password=password,
        name="backup",
        connect_timeout=2,
        error_cb=_quiet,
        allow_reconnect=False,
        tls=tls,
        tls_handshake_first=tls is not None,
    )
    try:
        await asyncio.wait_for(connecting, wait_seconds)  # the library itself would go on asking for minutes
    except BaseException:
        await client.close()
        raise
    return client


async def _quiet(_error: Exception) -> None:
    """Whoever asked is told by the exception; a traceback of each try helps nobody."""


async def dump(client: Client, folder: Path) -> Mapping[str, StreamSum]:
    """Write every stream into the folder; how many messages of each are in there."""
    (folder / FOLDER).mkdir()
    found: dict[str, StreamSum] = {}
    for serial, name in enumerate(await _names(client)):
        answer = await _dump_one(client, name, folder / FOLDER / f"{serial:03d}.snapshot")
        (folder / FOLDER / f"{serial:03d}.json").write_bytes(orjson.dumps(answer))
        after = await _ask(client, f"{_API}.INFO.{name}", {})
        found[name] = sum_of(answer["state"], after["state"])
    return found


def sum_of(before: Mapping[str, int], after: Mapping[str, int]) -> StreamSum:
    """What must be in a snapshot taken between these two states of a stream."""
    came = int(after["last_seq"]) - int(before["last_seq"])
    return StreamSum(least=max(int(after["messages"]) - came, 0), most=int(before["messages"]))


async def load(client: Client, folder: Path) -> Mapping[str, int]:
    """Bring every stream back into a broker that has none of them; how many messages each has now."""
    there = set(await _names(client))
    found: dict[str, int] = {}
    for described in sorted((folder / FOLDER).glob("*.json")):
        told = orjson.loads(described.read_bytes())
        name = str(told["config"]["name"])
        if name in there:
            message = f"The broker already has the stream {name}: restore into an empty one."
            raise CannotStartError(message)
        await _load_one(client, told, described.with_suffix(".snapshot"))
        info = await _ask(client, f"{_API}.INFO.{name}", {})
        found[name] = int(info["state"]["messages"])
    return found


async def _names(client: Client) -> list[str]:
    names: list[str] = []
    while True:
        answer = await _ask(client, f"{_API}.NAMES", {"offset": len(names)})
        names += answer.get("streams") or []
        if len(names) >= int(answer["total"]):
            return sorted(names)


async def _dump_one(client: Client, name: str, path: Path) -> dict[str, Any]:
    inbox = client.new_inbox()
    chunks: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await client.subscribe(inbox, cb=chunks.put)
    try:
        answer = await _ask(client, f"{_API}.SNAPSHOT.{name}", {"deliver_subject": inbox, "chunk_size": _CHUNK_BYTES})
        with path.open("wb") as file:
            while True:
                chunk = await asyncio.wait_for(chunks.get(), _ANSWER_SECONDS)
                if not chunk.data:
                    break
                file.write(chunk.data)
                if chunk.reply:
                    await chunk.respond(b"")
    finally:
        await subscription.unsubscribe()
    return {"config": answer["config"], "state": answer["state"]}


async def _load_one(client: Client, told: Mapping[str, Any], snapshot: Path) -> None:
    name = told["config"]["name"]
    answer = await _ask(client, f"{_API}.RESTORE.{name}", {"config": told["config"], "state": told["state"]})
    subject = str(answer["deliver_subject"])
    with snapshot.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            await client.request(subject, chunk, timeout=_ANSWER_SECONDS)
    done = await client.request(subject, b"", timeout=_ANSWER_SECONDS)
    _refuse(f"restore of {name}", orjson.loads(done.data))


async def _ask(client: Client, subject: str, question: Mapping[str, Any]) -> dict[str, Any]:
    answered = await client.request(subject, orjson.dumps(question), timeout=_ANSWER_SECONDS)
    answer: dict[str, Any] = orjson.loads(answered.data)
    _refuse(subject, answer)
    return answer


def _refuse(what: str, answer: Mapping[str, Any]) -> None:
    error = answer.get("error")
    if error:
        message = f"The broker refused ({what}): {error.get('description', error)}."
        raise CannotStartError(message)
