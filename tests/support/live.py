"""The live stream as a page reads it: in a thread, with the number to resume from, and when each event was seen."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from support.processes import PATIENCE_SECONDS, until


@dataclass(frozen=True)
class Event:
    """One event of the stream; `seen_at_seconds` is monotonic."""

    name: str
    id: str | None
    data: dict[str, Any]
    seen_at_seconds: float


class LiveReader:
    """Reads one stream until it is closed or cut; never reconnects by itself."""

    def __init__(self, client: httpx.Client, last_event_id: str | None = None) -> None:
        self.events: list[Event] = []
        self.ended = threading.Event()
        self._stopping = False
        self._answer: httpx.Response | None = None
        headers = {"Authorization": client.headers["Authorization"]}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        self._client = httpx.Client(base_url=client.base_url, headers=headers, timeout=httpx.Timeout(10, read=30))
        self._thread = threading.Thread(target=self._read, name="live", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with self._client.stream("GET", "/api/v1/live") as answer:
                assert answer.status_code == 200, answer.read()
                self._answer = answer
                self._parse(answer.iter_lines())
        except (httpx.HTTPError, httpx.StreamError):
            pass  # the test looks at `ended`
        finally:
            self.ended.set()

    def _parse(self, lines: Iterator[str]) -> None:
        fields: dict[str, str] = {}
        for line in lines:
            if self._stopping:
                return
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                data = orjson.loads(fields["data"])
                self.events.append(Event(fields.get("event", "message"), fields.get("id"), data, time.monotonic()))
                fields = {}
            else:
                fields = {}

    @property
    def last_event_id(self) -> str | None:
        """The number a page would resume from."""
        return next((event.id for event in reversed(self.events) if event.id is not None), None)

    def wait(self, wanted: Callable[[Event], bool], seconds: float = PATIENCE_SECONDS, what: str = "") -> Event:
        """The first event of a kind."""
        return until(
            lambda: next((event for event in list(self.events) if wanted(event)), None), seconds, what or "an event", 0.005
        )

    def wait_hello(self) -> None:
        """Until the stream is open."""
        self.wait(lambda event: event.name == "hello", what="the stream's hello")

    def about(self, incident_id: int) -> list[Event]:
        """What it said of one incident."""
        return [event for event in list(self.events) if event.data.get("incident", {}).get("id") == incident_id]

    def close(self) -> None:
        self._stopping = True
        if self._answer is not None:
            hang_up(self._answer)
        self._client.close()
        self._thread.join(60)


def hang_up(answer: httpx.Response) -> None:
    """End the connection of a stream that another thread reads; closing alone ends nothing while that thread waits in it."""
    with suppress(OSError):
        answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


@contextmanager
def live_stream(client: httpx.Client, last_event_id: str | None = None) -> Iterator[LiveReader]:
    """An open stream."""
    reader = LiveReader(client, last_event_id)
    try:
        reader.wait_hello()
        yield reader
    finally:
        reader.close()
