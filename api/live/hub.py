"""One reader per process, many streams: it follows the change sequence and hands each event to whoever may see it.

A hint from the broker, or an act in this process, wakes it at once; without any it looks each second. A stream whose
bounded queue is full is ended: its reader comes back with `Last-Event-ID` and loses nothing. Sessions are looked at again
every five seconds, so a stream ends soon after its session does, and operators' presence is renewed with them. When
the process dies, presence expires by itself and readers come back to another process with their last number.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from alerts.changes import first_sequence, last_sequence, read_changes
from alerts.model import ProbeRun
from alerts.presence import end_presence, renew_presence
from api.live.events import LiveEvent, heartbeat, hello, probe, render, reset
from api.live.metrics import DROPPED, EVENTS, STREAMS
from api.sessions import load_caller
from core.clock import Clock, sleep
from core.database import Database
from core.ids import new_code
from people.rights import Caller, Capability
from people.sign_in import SignInDesk

log = structlog.get_logger()

POLL_SECONDS = 1.0
TEND_SECONDS = 5.0
QUEUE_EVENTS = 1000
"""What a stream may lag behind before it is ended; a screen that far behind is better off resuming."""
RESUME_CHANGES = 5000
"""A reader further behind than this loads everything again instead."""
_BATCH = 500


class LiveStream:
    """One open stream: its person and what waits to be sent."""

    def __init__(self, caller: Caller, *, at_desk: bool = True) -> None:
        self.caller = caller
        self._at_desk = at_desk
        self.name = new_code("stream", 16)
        self._queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(QUEUE_EVENTS + 1)
        self._ended = False

    @property
    def watches(self) -> bool:
        """Whether somebody who may take incidents sits before it; a wall or an overview that cannot ring does not count."""
        return self._at_desk and self.caller.can(Capability.WATCH)

    def offer(self, event: LiveEvent) -> bool:
        """Queue an event if its person may see it, and end the stream when it cannot keep up; whether it was queued."""
        sent = None if self._ended else event.frame_for(self.caller)
        if sent is None:
            return False
        if self._queue.qsize() >= QUEUE_EVENTS:
            DROPPED.inc()
            self.end()
            return False
        self._queue.put_nowait((event.sequence, sent))
        return True

    def end(self) -> None:
        """Let the stream end, at once and without what still waits."""
        self._ended = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def next(self) -> tuple[int, bytes] | None:
        """The next frame with its sequence; None at the end."""
        return await self._queue.get()


class LiveHub:
    """The streams of this process and the one reader that feeds them."""

    def __init__(self, database: Database, clock: Clock, sign_in: SignInDesk, timezone: str) -> None:
        self._database = database
        self._clock = clock
        self._timezone = ZoneInfo(timezone)
        self._sign_in = sign_in
        self._streams: set[LiveStream] = set()
        # A renewal that was under way must not bring back the presence of a stream that just left.
        self._presence = threading.Lock()
        self._sequence = 0
        self._probe: tuple[int, str] | None = None
        self._last_probe: LiveEvent | None = None
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take the present place in the sequence and begin to follow it."""
        self._loop = asyncio.get_running_loop()
        self._sequence = await asyncio.to_thread(self._read_last_sequence)
        self._tasks = [asyncio.create_task(self._follow(), name="live-follow"), asyncio.create_task(self._tend(), name="live-tend")]

    async def stop(self) -> None:
        """End every stream and the reader."""
        self.end_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def end_all(self) -> None:
        """End every stream; their readers come back by themselves."""
        for stream in tuple(self._streams):
            stream.end()

    def end_session(self, session_hash: str) -> None:
        """End the streams of a session that was signed out, from any thread."""

        def end_them() -> None:
            for stream in tuple(self._streams):
                if stream.caller.session_hash == session_hash:
                    stream.end()

        self._soon(end_them)

    def wake(self) -> None:
        """Something committed: look now. From any thread."""
        self._soon(self._wake.set)

    def _soon(self, call: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    async def open(self, caller: Caller, last_event_id: str | None, *, at_desk: bool = True) -> AsyncGenerator[bytes, None]:
        """A stream for this person, from `last_event_id` on, or from now on without one."""
        stream = LiveStream(caller, at_desk=at_desk)
        self._streams.add(stream)
        STREAMS.inc()
        try:
            sequence = self._sequence
            await asyncio.to_thread(self._renew, [stream])
            yield hello(sequence, self._clock.now(), resumes=last_event_id is not None)
            if self._last_probe is not None:
                stream.offer(self._last_probe)
            sent = sequence
            if last_event_id is not None:
                async for at, missed in self._resume(stream, last_event_id, sequence):
                    sent = at
                    yield missed
            while (following := await stream.next()) is not None:
                at, sent_frame = following
                # Between joining and resuming an event may come both ways; 0 belongs to no place in the sequence.
                if at == 0 or at > sent:
                    yield sent_frame
        finally:
            self._streams.discard(stream)
            STREAMS.dec()
            await asyncio.shield(asyncio.to_thread(self._leave, stream))

    async def _resume(self, stream: LiveStream, last_event_id: str, upto: int) -> AsyncIterator[tuple[int, bytes]]:
        after = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19 else -1  # noqa: PLR2004 below 2**63
        kept, newest = await asyncio.to_thread(self._kept)
        if after < kept - 1 or after > newest or upto - after > RESUME_CHANGES:
            yield upto, reset(upto)
            return
        while after < upto:
            events, after = await asyncio.to_thread(self._read, after)
            for event in events:
                shown = event.frame_for(stream.caller)
                if shown is not None:
                    yield event.sequence, shown
            if not events and after >= upto:
                return

    async def _follow(self) -> None:
        polled = -POLL_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._tell_changes()
                self._clock.take_step()  # the pager moves the stored dues; here it is enough to follow the wall clock
                if self._clock.monotonic_seconds() - polled >= POLL_SECONDS:
                    polled = self._clock.monotonic_seconds()
                    await self._tell_probe()
            except SQLAlchemyError as error:
                log.warning("live_read_failed", error=str(error))
                await asyncio.sleep(POLL_SECONDS)

    async def _tell_changes(self) -> None:
        while True:
            before = self._sequence
            if not self._streams:
                self._sequence = max(before, await asyncio.to_thread(self._read_last_sequence))
                return
            events, reached = await asyncio.to_thread(self._read, before)
            if reached == before:
                return
            # The place and the events move in one step of the loop, so a stream that joins is before or after both.
            self._sequence = reached
            EVENTS.inc(len(events))
            for event in events:
                shown = sum(stream.offer(event) for stream in tuple(self._streams))
                if event.incident_id is not None:
                    log.info("incident_shown", incident=event.incident_id, sequence=event.sequence, streams=shown)

    async def _tell_probe(self) -> None:
        run = await asyncio.to_thread(self._read_probe)
        if run is None or (run.id, run.outcome) == self._probe:
            return
        self._probe = (run.id, run.outcome)
        self._last_probe = probe(run)
        for stream in tuple(self._streams):
            stream.offer(self._last_probe)

    async def _tend(self) -> None:
        while True:
            await sleep(TEND_SECONDS, self._clock)
            beat = heartbeat(self._sequence, self._clock.now())
            for stream in tuple(self._streams):
                stream.offer(beat)
            try:
                await asyncio.to_thread(self._renew, list(self._streams))
            except SQLAlchemyError as error:
                log.warning("live_tend_failed", error=str(error))

    def _renew(self, streams: list[LiveStream]) -> None:
        """In a thread: look at the sessions again, end what is over, renew presence and sessions in use."""
        now = self._clock.now()
        watching = []
        with self._database.snapshot() as session:
            for stream in streams:
                found = load_caller(session, stream.caller.session_hash, now)
                if found is None or found[0].must_change_password:
                    self._soon(stream.end)
                    continue
                stream.caller, expires_at = found
                if self._sign_in.needs_renewal(expires_at):
                    self._sign_in.renew(stream.caller.session_hash)
                if stream.watches:
                    watching.append(stream)
        if watching:
            with self._presence, self._database.transaction() as session:
                for stream in watching:
                    if stream in self._streams:
                        renew_presence(session, stream.name, stream.caller.user_id, now)

    def _leave(self, stream: LiveStream) -> None:
        if stream.watches:
            with self._presence, self._database.transaction() as session:
                end_presence(session, stream.name)

    def _read(self, after: int) -> tuple[list[LiveEvent], int]:
        with self._database.snapshot() as session:
            changes = read_changes(session, after, _BATCH)
            if not changes:
                return [], after
            return render(session, changes, self._clock.now(), self._timezone), changes[-1].sequence

    def _kept(self) -> tuple[int, int]:
        with self._database.snapshot() as session:
            return first_sequence(session), last_sequence(session)

    def _read_last_sequence(self) -> int:
        with self._database.snapshot() as session:
            return last_sequence(session)

    def _read_probe(self) -> ProbeRun | None:
        recent = self._clock.now() - timedelta(days=1)
        decided = sa.select(ProbeRun).where(ProbeRun.outcome != "sent", ProbeRun.sent_at > recent)
        with self._database.snapshot() as session:
            return session.scalar(decided.order_by(ProbeRun.id.desc()).limit(1))
