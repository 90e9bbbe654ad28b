"""A broker to speak with for a backup or a restore: the one that runs, else one started for the moment, with no device let in."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from nats.aio.client import Client
from nats.errors import Error as NatsError

from core.config import Settings
from ingest.broker import load_or_create_secrets, nats_context, nats_servers
from yinling import ports, run_file
from yinling.backup import streams
from yinling.errors import CannotStartError
from yinling.guard import SUPERVISOR_VARIABLE

_START_SECONDS = 30.0
_ANSWER_SECONDS = 3.0


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Client]:
    """A connection to this centre's broker.

    Raises:
        CannotStartError: no broker runs and none can be started on the data folder.
    """
    password = load_or_create_secrets(settings).password
    running = run_file.read(settings.data_dir)
    servers = [f"nats://{ports.LOOPBACK}:{running.ports['nats']}"] if running else nats_servers(settings)
    client = await _running(servers, password, nats_context(settings))
    if client is None and (running is not None or settings.nats_servers):
        message = f"The broker does not answer at {servers[0]}: start it, or stop the centre, and try again."
        raise CannotStartError(message)
    if client is None:
        async with _started(settings, password) as started:
            yield started
        return
    try:
        yield client
    finally:
        await client.close()


async def _running(servers: Sequence[str], password: str, tls: ssl.SSLContext | None) -> Client | None:
    try:
        return await streams.connect(servers, password, tls, wait_seconds=_ANSWER_SECONDS)
    except (OSError, NatsError, TimeoutError):
        return None


@asynccontextmanager
async def _started(settings: Settings, password: str) -> AsyncIterator[Client]:
    taken: set[int] = set()
    chosen = {name: ports.free_port(ports.LOOPBACK, taken) for name in ("NATS_PORT", "NATS_MONITOR_PORT", "MQTT_PORT")}
    environment = {
        **os.environ,
        **{f"YINLING_{name}": str(port) for name, port in chosen.items()},
        "YINLING_HOST": ports.LOOPBACK,
        "YINLING_NATS_HOST": ports.LOOPBACK,
        "YINLING_DATA_DIR": str(settings.data_dir),
        SUPERVISOR_VARIABLE: str(os.getpid()),
    }
    command = [sys.executable, "-m", "yinling", "broker", "--ingest-only"]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        here = settings.model_copy(update={"nats_host": ports.LOOPBACK})
        client = await _reach(f"nats://{ports.LOOPBACK}:{chosen['NATS_PORT']}", password, nats_context(here), process)
        try:
            yield client
        finally:
            await client.close()
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def _reach(server: str, password: str, tls: ssl.SSLContext | None, process: asyncio.subprocess.Process) -> Client:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_SECONDS
    while True:
        try:
            return await streams.connect([server], password, tls, wait_seconds=1)
        except (OSError, NatsError, TimeoutError) as error:
            if process.returncode is not None or loop.time() > deadline:
                message = "The broker cannot be started on this data folder: 'yinling doctor' says why."
                raise CannotStartError(message) from error
            await asyncio.sleep(0.1)
