"""A name for each request, in every line it logs and in its answer.

A proxy's own `X-Request-ID` is kept where it is a plain name, so that one search finds a request on both sides.
"""

from __future__ import annotations

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.ids import is_topic_name, new_code

HEADER = "X-Request-ID"


class RequestIds:
    """Binds `request` to the log for as long as the request runs, and tells it in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its name."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        name = given if is_topic_name(given) else new_code("req")

        async def send_with_name(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(HEADER, name)
            await send(message)

        with structlog.contextvars.bound_contextvars(request=name):
            await self._app(scope, receive, send_with_name)
