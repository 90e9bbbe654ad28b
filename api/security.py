"""What every response carries and every cookie request must prove.

`SecurityHeaders` is plain ASGI so that the live stream flows through it untouched. `check_same_site` is the CSRF guard:
a cookie goes along with any site's form, a header of our own and our own Origin do not.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import ForbiddenError

COOKIE = "yinling_session"
CLIENT_HEADER = "x-yinling-client"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
        "media-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}
STRICT_TRANSPORT = f"max-age={180 * 24 * 3600}"
"""A browser that has been here over TLS comes without it no more; no subdomains, which are not ours to speak for."""


class SecurityHeaders:
    """Adds the headers to every response; answers of the API are never kept by a cache."""

    def __init__(self, app: ASGIApp, *, over_tls: bool = False) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": STRICT_TRANSPORT} if over_tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and the headers in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def check_same_origin(request: Request) -> None:
    """Refuse a request another site's page sent; ForbiddenError `csrf_refused`."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForbiddenError("csrf_refused")
    if origin is None and request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        raise ForbiddenError("csrf_refused")


def check_same_site(request: Request) -> None:
    """The CSRF guard of requests that are signed in by cookie: our own header, and our own Origin where one is sent."""
    if request.method in SAFE_METHODS:
        return
    if not request.headers.get(CLIENT_HEADER):
        raise ForbiddenError("csrf_refused")
    check_same_origin(request)
