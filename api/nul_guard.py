r"""Refuses a NUL character wherever a request may carry one: PostgreSQL keeps no text with it, so that no store gets one.

Here once, for every route there is and will be: in the path, in the query, in a JSON body (`\u0000`) and in a form (`%00`).
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_body

_IN_BODY = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")
_KEPT_BYTES = 64
"""What is remembered of the part before: longer than what is looked for, so that it is found across two parts."""


class NulGuard:
    """Answers 422 `invalid_input`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"\0" in unquote_to_bytes(scope["query_string"]):
            await error_body("invalid_input", 422, Request(scope), {"fields": []})(scope, receive, send)
            return
        is_form = Request(scope).headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        last = b""

        async def receive_looked_at() -> Message:
            nonlocal last
            message = await receive()
            seen = last + message.get("body", b"")
            if _IN_BODY.search(seen) or (is_form and b"%00" in seen):
                raise HTTPException(422)
            last = seen[-_KEPT_BYTES:]
            return message

        await self._app(scope, receive_looked_at, send)
