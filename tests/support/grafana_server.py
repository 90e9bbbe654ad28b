"""A Grafana for tests: a real HTTP server on loopback, written from Grafana's HTTP API documentation.

It answers what the documentation says: status codes and bodies, version conflicts, tokens and basic sign-in, what a
service account may not do, and which routes newer versions have no more (13 has none for data sources by number). What
it keeps is in `grafana_rooms.py`. Like the real one it gives back more than it was given, and dashboards in its own schema.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
from support.grafana_people import Caller, RefusedError
from support.grafana_rooms import Rooms

Route = Callable[[Rooms, Caller, list[str], dict[str, list[str]], Any], Any]


@dataclass
class GrafanaServer:
    """The server. `heard` is every request as method and path; `answer_next` replaces the next answers."""

    rooms: Rooms
    port: int = 0
    prefix: str = ""
    heard: list[tuple[str, str]] = field(default_factory=list)
    answer_next: list[tuple[int, Any]] = field(default_factory=list)
    before: Callable[[str, str], None] | None = None
    """Called before each request is worked on: what others do at that moment."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.heard if method != "GET"]


@contextmanager
def grafana_server(version: str = "11.6.0", *, prefix: str = "", hide_version: bool = False) -> Iterator[GrafanaServer]:
    """One Grafana of a version, with `admin`/`admin` in it."""
    server = GrafanaServer(Rooms(version=version, hides_version=hide_version), prefix=prefix)
    handler = type("Handler", (_Handler,), {"grafana": server})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    grafana: GrafanaServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece, which needs no waiting for acknowledgements
    disable_nagle_algorithm = True

    def _work(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        where = urlsplit(self.path)
        server = self.grafana
        path = where.path.removeprefix(server.prefix)
        server.heard.append((self.command, path))
        if server.before is not None:
            server.before(self.command, path)
        if server.answer_next:
            self._say(*server.answer_next.pop(0))
            return
        try:
            self._say(200, self._route(path, parse_qs(where.query), body))
        except RefusedError as refused:
            self._say(refused.status, refused.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _work  # noqa: N815 names of the standard library

    def _route(self, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        rooms = self.grafana.rooms
        if path == "/api/health":
            return rooms.health()
        caller = rooms.caller(*self._credentials())
        for method, form, needs, work in ROUTES:
            match = re.fullmatch(form, path)
            if match is None or method != self.command:
                continue
            caller.must_be(needs)
            try:
                read = orjson.loads(body) if body and body != b"null" else None
            except orjson.JSONDecodeError:
                raise RefusedError(400, "bad request data") from None
            return work(rooms, caller, [unquote(part) for part in match.groups()], query, read)
        raise RefusedError(404, "Not found")

    def _credentials(self) -> tuple[str, str, str]:
        kind, _, said = (self.headers.get("Authorization") or "").partition(" ")
        if kind == "Basic":
            name, _, password = base64.b64decode(said).decode().partition(":")
            return "Basic", name, password
        return kind, said, ""

    def _say(self, status: int, body: Any) -> None:
        told = body if isinstance(body, bytes) else orjson.dumps(body)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(body, bytes) else "application/json; charset=UTF-8")
        if isinstance(body, dict) and "location" in body:
            self.send_header("Location", str(body["location"]))
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


ROUTES: tuple[tuple[str, str, str, Route], ...] = (
    ("GET", "/api/user", "Viewer", lambda rooms, caller, *_: rooms.people.myself(caller.user)),
    ("GET", "/api/org/?", "Viewer", lambda rooms, *_: rooms.organisation),
    ("GET", "/api/folders", "Viewer", lambda rooms, *_: rooms.folders.all()),
    ("POST", "/api/folders", "Editor", lambda rooms, caller, _p, _q, body: rooms.folders.create(caller, body)),
    ("GET", "/api/folders/([^/]+)", "Viewer", lambda rooms, _c, part, *_: rooms.folders.get(part[0])),
    ("PUT", "/api/folders/([^/]+)", "Editor", lambda rooms, _c, part, _q, body: rooms.folders.update(part[0], body)),
    ("DELETE", "/api/folders/([^/]+)", "Editor", lambda rooms, _c, part, *_: rooms.folders.delete(part[0])),
    ("GET", "/api/folders/([^/]+)/permissions", "Admin", lambda rooms, _c, part, *_: rooms.folders.rights(part[0])),
    (
        "POST",
        "/api/folders/([^/]+)/permissions",
        "Admin",
        lambda rooms, _c, part, _q, body: rooms.folders.set_rights(part[0], body["items"]),
    ),
    ("POST", "/api/dashboards/db", "Editor", lambda rooms, _c, _p, _q, body: rooms.dashboards.save(body)),
    ("GET", "/api/dashboards/uid/([^/]+)", "Viewer", lambda rooms, _c, part, *_: rooms.dashboards.get(part[0])),
    ("DELETE", "/api/dashboards/uid/([^/]+)", "Editor", lambda rooms, _c, part, *_: rooms.dashboards.delete(part[0])),
    ("GET", "/api/datasources", "Admin", lambda rooms, *_: rooms.sources.all()),
    ("POST", "/api/datasources", "Admin", lambda rooms, _c, _p, _q, body: rooms.sources.create(body)),
    ("GET", "/api/datasources/uid/([^/]+)", "Admin", lambda rooms, _c, part, *_: rooms.sources.get(part[0])),
    ("PUT", "/api/datasources/uid/([^/]+)", "Admin", lambda rooms, _c, part, _q, body: rooms.sources.update(part[0], body)),
    ("DELETE", "/api/datasources/uid/([^/]+)", "Admin", lambda rooms, _c, part, *_: rooms.sources.delete(part[0])),
    ("GET", r"/api/datasources/(\d+)", "Admin", lambda rooms, _c, part, *_: rooms.sources.by_number(int(part[0]))),
    ("GET", "/api/teams/search", "Admin", lambda rooms, _c, _p, query, _b: rooms.teams.search(query)),
    ("POST", "/api/teams", "Admin", lambda rooms, caller, _p, _q, body: rooms.teams.create(caller, body)),
    ("DELETE", r"/api/teams/(\d+)", "Admin", lambda rooms, _c, part, *_: rooms.teams.delete(int(part[0]))),
    ("GET", r"/api/teams/(\d+)/members", "Admin", lambda rooms, _c, part, *_: rooms.teams.members(int(part[0]))),
    (
        "POST",
        r"/api/teams/(\d+)/members",
        "Admin",
        lambda rooms, _c, part, _q, body: rooms.teams.add(int(part[0]), int(body["userId"])),
    ),
    (
        "DELETE",
        r"/api/teams/(\d+)/members/(\d+)",
        "Admin",
        lambda rooms, _c, part, *_: rooms.teams.remove(int(part[0]), int(part[1])),
    ),
    ("GET", "/api/org/users", "Admin", lambda rooms, *_: rooms.people.of_organisation()),
    ("POST", "/api/org/users", "Admin", lambda rooms, _c, _p, _q, body: rooms.people.join(body)),
    ("PATCH", r"/api/org/users/(\d+)", "Admin", lambda rooms, _c, part, _q, body: rooms.people.set_role(int(part[0]), body)),
    ("DELETE", r"/api/org/users/(\d+)", "Admin", lambda rooms, _c, part, *_: rooms.people.leave(int(part[0]))),
    ("GET", "/api/users/lookup", "server", lambda rooms, _c, _p, query, _b: rooms.people.lookup(query)),
    ("POST", "/api/admin/users", "server", lambda rooms, _c, _p, _q, body: rooms.people.create(body)),
    ("DELETE", r"/api/admin/users/(\d+)", "server", lambda rooms, _c, part, *_: rooms.people.delete(int(part[0]))),
    ("POST", r"/api/admin/users/(\d+)/(disable|enable)", "server", lambda rooms, _c, part, *_: rooms.people.turn(*part)),
    ("GET", "/api/annotations", "Viewer", lambda rooms, _c, _p, query, _b: rooms.annotations.search(query)),
    ("POST", "/api/annotations", "Editor", lambda rooms, _c, _p, _q, body: rooms.annotations.create(body)),
    ("PATCH", r"/api/annotations/(\d+)", "Editor", lambda rooms, _c, part, _q, body: rooms.annotations.patch(int(part[0]), body)),
    ("DELETE", r"/api/annotations/(\d+)", "Editor", lambda rooms, _c, part, *_: rooms.annotations.delete(int(part[0]))),
)
"""Method, path, the least role, and what is done."""
