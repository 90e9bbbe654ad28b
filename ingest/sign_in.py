"""Answers the broker's question "may this device in, and what may it say?".

The responders of all workers are one queue group; the broker asks any of them and waits two seconds. Nobody is let in
before the sessions of all P workers exist, because what is published earlier is acknowledged and dropped. A worker
that dies stops answering and the others go on; with none left, devices are refused and try again.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Coroutine
from contextlib import suppress

import nkeys
import orjson
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from core.bus import Bus
from core.clock import Clock
from core.ending import asked_to_end
from core.ids import secret_matches
from ingest.broker_config import SIGN_IN_TIMEOUT_SECONDS
from ingest.broker_secrets import BrokerSecrets
from ingest.certificate_badge import CertificateBadge
from ingest.directory import DeviceCredentials, DeviceDirectory
from ingest.refusals import Refusal, RefusalReason
from ingest.rights import rights_of
from ingest.sign_in_tokens import MalformedRequestError, SignInRequest, admission, parse_request, refusal

log = structlog.get_logger()

CALLOUT_SUBJECT = "$SYS.REQ.USER.AUTH"
READY_SUBJECT = "yinling.ingest.ready"
_QUEUE = "yinling-sign-in"
_ANNOUNCE_SECONDS = 0.5
_MOST_AT_ONCE = 64
_MOST_WAITING = 20_000


def judge(
    request: SignInRequest, device: DeviceCredentials | None, *, ready: bool, badge: CertificateBadge | None = None
) -> RefusalReason | None:
    """Why the device stays out, or None when it may in. Pure.

    The proof (a secret, or a certificate a relay has seen) comes before everything that would tell a stranger something
    about the device. A device that was given a certificate has no secret.
    """
    if not ready:
        return RefusalReason.NOT_READY
    if device is None:
        return RefusalReason.UNKNOWN_DEVICE
    unproven = _unproven(request, device, badge)
    if unproven is not None:
        return unproven
    if device.retired:
        return RefusalReason.RETIRED
    if request.mqtt_client_id is None or not hmac.compare_digest(request.mqtt_client_id.encode(), device.client_id.encode()):
        # With another's client id it would end, or delete, that session.
        return RefusalReason.WRONG_CLIENT_ID
    return None


def _unproven(request: SignInRequest, device: DeviceCredentials, badge: CertificateBadge | None) -> RefusalReason | None:
    shown = None if badge is None else badge.read(device.code, request.password)
    if shown is not None:
        is_its = device.certificate_hash is not None and hmac.compare_digest(shown, device.certificate_hash)
        return None if is_its else RefusalReason.WRONG_CERTIFICATE
    is_its = device.secret_hash is not None and secret_matches(request.password, device.secret_hash)
    return None if is_its else RefusalReason.WRONG_SECRET


class Gate:
    """Knows whether the sessions of all partitions exist in the broker as it runs now. Pure state, one per worker.

    Sessions are persistent: once made they stay while their worker is away, so what was heard holds until the broker
    itself went away (its store may then be another).
    """

    def __init__(self, partition: int, partitions: int) -> None:
        self._own = partition
        self._partitions = partitions
        self._ready: set[int] = set()

    def open(self) -> None:
        """This worker's own sessions exist."""
        self._ready.add(self._own)

    def close(self) -> None:
        """This worker's connection to the broker is lost; its sessions must be confirmed again."""
        self._ready.discard(self._own)

    def hear(self, partitions: list[int]) -> None:
        """Another worker says which sessions it knows of."""
        self._ready.update(each for each in partitions if 0 <= each < self._partitions and each != self._own)

    def forget_others(self) -> None:
        """The broker was away."""
        self._ready &= {self._own}

    @property
    def known(self) -> list[int]:
        """Partitions whose sessions exist."""
        return sorted(self._ready)

    @property
    def is_open(self) -> bool:
        """Whether devices may come in."""
        return len(self._ready) == self._partitions


class SignInResponder:
    """The responder of one worker. `start` once; `open` and `close` from the worker, on any thread."""

    def __init__(  # noqa: PLR0913 the seams of an edge, all named
        self,
        bus: Bus,
        secrets: BrokerSecrets,
        directory: DeviceDirectory,
        clock: Clock,
        *,
        partition: int,
        partitions: int,
        on_refusal: Callable[[Refusal], None],
    ) -> None:
        self._bus = bus
        self._issuer = secrets.issuer_public
        self._signer = nkeys.from_seed(bytearray(secrets.issuer_seed.encode()))
        self._badge = CertificateBadge(secrets.password)
        self._directory = directory
        self._clock = clock
        self._partitions = partitions
        self._on_refusal = on_refusal
        self._gate = Gate(partition, partitions)
        self._connections = bus.connections
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self.admitted = 0
        """Devices let in since the start."""

    def open(self) -> None:
        """Call when this worker's sessions exist: after the SUBACKs, or a CONNACK with its session present."""
        self._gate.open()

    def close(self) -> None:
        """Call when this worker's MQTT connection is lost."""
        self._gate.close()

    @property
    def is_open(self) -> bool:
        """Whether devices are let in now."""
        return self._gate.is_open

    async def start(self) -> None:
        """Connect to the callout; returns once the broker was reached."""
        await self._bus.subscribe(READY_SUBJECT, self._hear)
        await self._bus.subscribe(CALLOUT_SUBJECT, self._receive, _QUEUE)
        # A question asked before the broker knows of us waits for the whole time-out: no reason to end, where it is slow.
        with suppress(OSError, NatsError):
            await (await self._bus.connected()).flush()
        self._spawn(self._announce())

    async def stop(self) -> None:
        """Answer nobody any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _announce(self) -> None:
        while not asked_to_end():
            await self._notice_reconnect()
            await self._bus.publish(READY_SUBJECT, {"partitions": self._gate.known})
            await asyncio.sleep(_ANNOUNCE_SECONDS)

    async def _notice_reconnect(self) -> None:
        await self._bus.connected()
        if self._bus.connections != self._connections:
            self._connections = self._bus.connections
            self._gate.forget_others()

    async def _hear(self, message: Msg) -> None:
        await self._notice_reconnect()
        self._gate.hear(orjson.loads(message.data)["partitions"])

    async def _receive(self, message: Msg) -> None:
        # The client awaits one handler after the other; a slow lookup must not hold up the rest.
        if len(self._tasks) < _MOST_WAITING:
            self._spawn(self._answer(message, self._clock.monotonic_seconds()))

    async def _answer(self, message: Msg, arrived_seconds: float) -> None:
        async with self._slots:
            if self._clock.monotonic_seconds() - arrived_seconds > SIGN_IN_TIMEOUT_SECONDS:
                return  # the broker has given up; the device comes again
            try:
                answer = await self._decide(parse_request(message.data))
                await message.respond(answer)
            except MalformedRequestError:
                log.exception("sign_in_request_malformed")
            except (OSError, NatsError) as error:
                log.info("sign_in_answer_lost", error=str(error))

    async def _decide(self, request: SignInRequest) -> bytes:
        await self._notice_reconnect()
        device = await self._directory.find(request.username) if self._gate.is_open else None
        reason = judge(request, device, ready=self._gate.is_open, badge=self._badge)
        now = self._clock.now()
        if reason is None and device is not None:
            rights = rights_of(device.code, device.home_code, self._partitions, is_gateway=device.is_gateway)
            self.admitted += 1
            return admission(request, rights, issuer=self._issuer, signer=self._signer, now=now)
        reason = reason or RefusalReason.UNKNOWN_DEVICE
        detail = f"{request.host}, client id {request.mqtt_client_id!r}"
        self._on_refusal(Refusal(request.username or request.mqtt_client_id or request.host, reason, now, detail))
        return refusal(request, reason.value, issuer=self._issuer, signer=self._signer, now=now)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


__all__ = ["CALLOUT_SUBJECT", "READY_SUBJECT", "Gate", "SignInResponder", "judge"]
