"""A provider's far end: a real HTTP server on loopback that answers, stalls, refuses, limits, fails or hangs up, and records.

`provider()` gives one. `behave` says how it treats what comes next; `heard` is everything that arrived, whole.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import orjson

Behaviour = Literal["answer", "stall", "trickle", "refuse", "limit", "fail", "drop", "malformed", "redirect", "gone", "never"]
RETRY_AFTER_SECONDS = 7


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class ProviderServer:
    """The server. `dialect` is whose answers it speaks."""

    dialect: Literal["plain", "generic", "aliyun_sms", "aliyun_voice"] = "plain"
    behave: Behaviour = "answer"
    heard: list[Heard] = field(default_factory=list)
    port: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    answered: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/send"

    def yes(self) -> bytes:
        self.answered += 1
        number = f"p-{self.answered}"
        told: dict[str, dict[str, Any]] = {
            "plain": {},
            "generic": {"id": number},
            "aliyun_sms": {"Code": "OK", "Message": "OK", "BizId": number, "RequestId": "r"},
            "aliyun_voice": {"Code": "OK", "Message": "OK", "CallId": number, "RequestId": "r"},
        }
        return orjson.dumps(told[self.dialect])

    def refusal(self) -> tuple[int, bytes]:
        """The request itself is wrong and stays so."""
        if self.dialect.startswith("aliyun"):
            return 200, orjson.dumps({"Code": "isv.INVALID_PARAMETERS", "Message": "no", "RequestId": "r"})
        return 400, orjson.dumps({"error": "bad_request"})

    def never(self) -> tuple[int, bytes]:
        """The number can never work."""
        if self.dialect.startswith("aliyun"):
            return 200, orjson.dumps({"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "no", "RequestId": "r"})
        return (422, orjson.dumps({"error": "invalid_number"})) if self.dialect == "generic" else (410, b"")


class _Handler(BaseHTTPRequestHandler):
    """One request, treated as the server behaves at that moment."""

    far: ProviderServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        self.far.heard.append(Heard(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()), body))
        self.far.arrived.set()
        getattr(self, f"_{self.far.behave}")()

    def do_GET(self) -> None:
        """Where a redirect leads: it would be a yes to whoever followed it."""
        self.far.heard.append(Heard(self.path, {}, dict(self.headers.items()), b""))
        self._answer()

    def _answer(self) -> None:
        self._say(200, self.far.yes())

    def _stall(self) -> None:
        self.far.let_go.wait(30)

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(1000):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return
            if self.far.let_go.wait(0.05):
                return

    def _refuse(self) -> None:
        self._say(*self.far.refusal())

    def _limit(self) -> None:
        self._say(429, b"", {"Retry-After": str(RETRY_AFTER_SECONDS)})

    def _fail(self) -> None:
        self._say(503, b"<html>away</html>")

    def _drop(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _malformed(self) -> None:
        self._say(200, b"<html>Welcome to our hotel's network!</html>")

    def _redirect(self) -> None:
        self._say(302, b"", {"Location": f"http://{self.far.host}/elsewhere"})

    def _gone(self) -> None:
        self._say(410, b"")

    def _never(self) -> None:
        self._say(*self.far.never())

    def _say(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        return


@contextmanager
def provider(dialect: Literal["plain", "generic", "aliyun_sms", "aliyun_voice"] = "plain") -> Iterator[ProviderServer]:
    """A running server on a free port; stalled requests are let go at the end."""
    server = ProviderServer(dialect)
    handler = type("Handler", (_Handler,), {"far": server})
    http = _Quiet(("127.0.0.1", 0), handler)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, name="provider", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.let_go.set()
        http.shutdown()
        http.server_close()
        thread.join(60)
