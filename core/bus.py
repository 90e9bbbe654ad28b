"""What Yinling's processes tell each other over the broker: hints and states, never facts.

A hint only shortens a wait (every reader also polls the store), so a lost one costs a second, not an alarm. Status
requests gather what each process says of its own health. Nothing here is stored; a process that dies loses nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

log = structlog.get_logger()

HINT_SUBJECT = "yinling.hint"
STATUS_SUBJECT = "yinling.status"

_PING_SECONDS = 2
_CLOSE_SECONDS = 2.0
_AGAIN_SECONDS = 0.25
_OTHERS_SECONDS = 0.03
"""A second pager, a second API: they were asked in the same moment."""

StatusSource = Callable[[], Mapping[str, Any]]
Handler = Callable[[Msg], Awaitable[None]]


class Bus:
    """A connection to one of the broker's nodes for Yinling's own words; reconnects for ever, to whichever answers."""

    def __init__(
        self, servers: str | Sequence[str], *, user: str, password: str, name: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._servers = [servers] if isinstance(servers, str) else list(servers)
        self._user = user
        self._password = password
        self._name = name
        self._tls = tls
        self._client = Client()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._subscriptions: list[tuple[str, str, Handler]] = []
        self._connections_before = 0
        self._is_stopped = False

    async def start(self) -> None:
        """Begin connecting in the background; calls made meanwhile are dropped or answer empty."""
        self._loop = asyncio.get_running_loop()
        self._connecting = asyncio.create_task(self._connect(), name="bus-connect")

    async def _connect(self, after_seconds: float = 0.0) -> None:
        await asyncio.sleep(after_seconds)

        async def quiet(_error: Exception) -> None:
            return None

        client = self._client
        while True:
            try:
                await client.connect(
                    self._servers,
                    user=self._user,
                    password=self._password,
                    name=self._name,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_AGAIN_SECONDS,  # type: ignore[arg-type]  # it is slept on: fractions are well
                    connect_timeout=2,
                    # A node whose machine lost its power says nothing: it is left after three of these.
                    ping_interval=_PING_SECONDS,
                    max_outstanding_pings=2,
                    tls=self._tls,
                    # Before anything is said: a stranger in between could answer that no TLS is wanted, and hear the password.
                    tls_handshake_first=self._tls is not None,
                    error_cb=quiet,
                    closed_cb=self._begin_anew,
                )
            except (OSError, NatsError, TimeoutError):
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                break
        for subject, queue, handler in self._subscriptions:
            await client.subscribe(subject, queue=queue, cb=handler)

    async def _begin_anew(self) -> None:
        """With a client that is new: theirs gives up for good on whatever error the broker states, and forgets who listens."""
        if self._is_stopped:
            return
        log.warning("bus_ended_by_broker", name=self._name, error=str(self._client.last_error))
        self._connections_before = self.connections
        self._client = Client()
        self._connecting = asyncio.create_task(self._connect(_AGAIN_SECONDS), name="bus-connect")

    @property
    def is_connected(self) -> bool:
        """Whether the broker answers now."""
        return self._client.is_connected

    @property
    def connections(self) -> int:
        """Changes whenever the connection was lost and made again."""
        return self._connections_before + self._client.stats["reconnects"] + 1

    async def connected(self) -> Client:
        """Wait for the first connection and give the client; to be asked for again each time, as it may be another one later."""
        if self._connecting is not None:
            await self._connecting
        return self._client

    async def stop(self) -> None:
        """Close the connection, without waiting long for a node that does not take its end."""
        self._is_stopped = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._client.is_connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._client.close()

    async def publish(self, subject: str, body: Mapping[str, Any]) -> None:
        """Say something to whoever listens; silently lost when the broker is away."""
        if not self._client.is_connected:
            return
        try:
            await self._client.publish(subject, orjson.dumps(body))
        except (OSError, NatsError) as error:
            log.debug("bus_publish_lost", subject=subject, error=str(error))

    def publish_soon(self, subject: str, body: Mapping[str, Any]) -> None:
        """`publish` from any thread, without waiting."""
        if self._loop is None or self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self.publish(subject, body), self._loop)

    def hint(self, sequence: int | None = None) -> None:
        """Say that something committed (from any thread)."""
        self.publish_soon(HINT_SUBJECT, {"sequence": sequence})

    async def subscribe(self, subject: str, handler: Handler, queue: str = "") -> None:
        """Call `handler` for each message on `subject`, now and after every reconnect."""
        client = await self.connected()
        self._subscriptions.append((subject, queue, handler))
        with suppress(ConnectionClosedError):  # the next client will
            await client.subscribe(subject, queue=queue, cb=handler)

    async def answer_status(self, status: StatusSource) -> None:
        """Answer status requests with what `status` returns."""

        async def answer(message: Msg) -> None:
            await message.respond(orjson.dumps(status()))

        await self.subscribe(STATUS_SUBJECT, answer)

    async def gather_status(
        self, wait_seconds: float = 0.5, wanted: Collection[str] | None = None, only: str | None = None
    ) -> list[dict[str, Any]]:
        """Ask every process for its status.

        Those that answer within `wait_seconds`, or until `only` has, or soon after all the wanted have.
        """
        if not self._client.is_connected:
            return []
        answers: list[dict[str, Any]] = []
        inbox = self._client.new_inbox()
        complete = asyncio.Event()

        async def collect(message: Msg) -> None:
            answers.append(orjson.loads(message.data))
            if answers[-1].get("process") == only:
                complete.set()
            if wanted is not None and {answer.get("process") for answer in answers}.issuperset(wanted):
                complete.set()

        subscription = await self._client.subscribe(inbox, cb=collect)
        try:
            await self._client.publish(STATUS_SUBJECT, b"", reply=inbox)
            await asyncio.wait_for(complete.wait(), wait_seconds)
            if only is None:
                await asyncio.sleep(_OTHERS_SECONDS)
        except TimeoutError:
            pass
        finally:
            await subscription.unsubscribe()
        return answers


__all__ = ["HINT_SUBJECT", "STATUS_SUBJECT", "Bus"]
