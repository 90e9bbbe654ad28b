"""The telephones of everybody a centre may page: one real HTTP server that writes down who was told what, and when.

An address is Apprise's `json://…/{who}`. `refusing` makes somebody's provider say that it is away, `unreachable` closes the
connection without a word; whoever sends must try again.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import quote, unquote

import orjson


@dataclass(frozen=True)
class Call:
    """One page that arrived and was taken."""

    serial: int
    who: str
    title: str
    body: str
    key: str | None
    at_seconds: float

    @property
    def text(self) -> str:
        return f"{self.title}\n{self.body}"


@dataclass
class Phones:
    """What arrived. Calls that were refused are counted only."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    turned_away: int = 0

    def address(self, who: str) -> str:
        """Where somebody is reached."""
        return f"json://127.0.0.1:{self.port}/{quote(who)}"

    def to(self, who: str) -> list[Call]:
        """Everything one person was told."""
        return [one for one in list(self.calls) if one.who == who]


@contextmanager
def phones() -> Iterator[Phones]:
    """The server, on a free port."""
    answering = Phones()
    serials = count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            who = unquote(self.path.strip("/"))
            if who in answering.unreachable:
                answering.turned_away += 1
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if who in answering.refusing:
                answering.turned_away += 1
                self.send_response(503)
                self.end_headers()
                return
            said = orjson.loads(body)
            key = self.headers.get("Idempotency-Key")
            answering.calls.append(Call(next(serials), who, said.get("title", ""), said.get("message", ""), key, time.monotonic()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    answering.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, name="phones", daemon=True)
    thread.start()
    try:
        yield answering
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
