"""A pager's far end: a real HTTP server on loopback that writes down what is posted to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class PageSink:
    """What arrived, with its monotonic time. `status` is what it answers; 503 makes the sender try again."""

    pages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    status: int = 200
    port: int = 0

    @property
    def url(self) -> str:
        """The Apprise address of it."""
        return f"json://127.0.0.1:{self.port}/"

    def texts(self) -> list[str]:
        """Title and body of each page."""
        return [f"{page.get('title', '')}\n{page.get('message', '')}" for _, page in list(self.pages)]


@contextmanager
def page_sink() -> Iterator[PageSink]:
    """A server that records, on a free port."""
    sink = PageSink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sink.pages.append((time.monotonic(), orjson.loads(body)))
            self.send_response(sink.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, name="page-sink", daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
