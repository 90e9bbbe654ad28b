r"""Refuses a NUL character wherever a request may carry one: PostgreSQL keeps no text with it, so that no store gets one.

Here once, for every route there is and will be: in the path, in the query, in a JSON body (`\u0000`) and in a form (`%00`).
The refusal names each field that holds one, as every other refusal of what was sent does; where nothing has a name, the part
of the request it is in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import FieldsRefusedError, error_body, refused_fields

_IN_BODY = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")
_KEPT_BYTES = 64
"""What is remembered of the part before: longer than what is looked for, so that it is found across two parts."""
_NAMED = 20
"""How many fields are named at most."""
_KIND = "nul_character"


class NulGuard:
    """Answers 422 `invalid_input`."""

    def __init__(self, app: ASGIApp, prefix: str, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._prefix = prefix
        self._routes = [route for route in routes if isinstance(route, Route)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        in_address = self._in_path(scope["path"]) or _in_query(scope["query_string"])
        request = Request(scope)
        if in_address:
            details = {"fields": refused_fields(_problems(in_address), request)}
            await error_body("invalid_input", 422, request, details)(scope, receive, send)
            return
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        parts: list[bytes] = []
        last, found = b"", False

        async def receive_looked_at() -> Message:
            nonlocal last, found
            while True:
                message = await receive()
                part = message.get("body", b"")
                parts.append(part)
                seen = last + part
                last = seen[-_KEPT_BYTES:]
                found = found or _IN_BODY.search(seen) is not None or (is_form and b"%00" in seen)
                if not found:
                    return message
                if not message.get("more_body", False):
                    body = b"".join(parts)
                    raise FieldsRefusedError(_problems(_in_pairs(body, "body") if is_form else _in_json(body)))
                # The rest says which field it is in.

        await self._app(scope, receive_looked_at, send)

    def _in_path(self, path: str) -> list[str]:
        """The parts of the path with one, as its route calls them."""
        if "\0" not in path:
            return []
        rest = path.removeprefix(self._prefix)
        matches = (route.path_regex.match(rest) for route in self._routes)
        first = next((match for match in matches if match is not None), None)
        named = [] if first is None else [name for name, value in first.groupdict().items() if "\0" in value]
        return named or ["path"]


def _problems(names: list[str]) -> dict[str, str]:
    return {name.replace("\0", "\ufffd"): _KIND for name in names[:_NAMED]}


def _in_query(query: bytes) -> list[str]:
    return _in_pairs(query, "query") if b"\0" in unquote_to_bytes(query) else []


def _in_pairs(encoded: bytes, part: str) -> list[str]:
    pairs = parse_qsl(encoded.decode("latin-1"), keep_blank_values=True, errors="replace")
    return [name for name, value in pairs if "\0" in name or "\0" in value] or [part]


def _in_json(body: bytes) -> list[str]:
    """The places of the texts with one, such as `name` or `steps.0.note`; the whole body when it is no JSON."""
    try:
        content = json.loads(body, strict=False)  # a bare NUL within a text is read as such
    except (ValueError, RecursionError):
        return ["body"]
    return [".".join(place) for place in _places(content)] or ["body"]


def _places(content: Any) -> Iterator[tuple[str, ...]]:
    left: list[tuple[tuple[str, ...], Any]] = [((), content)]
    while left:
        place, value = left.pop()
        if isinstance(value, str):
            if "\0" in value:
                yield place or ("body",)
        elif isinstance(value, dict):
            yield from ((*place, name) for name in value if "\0" in name)
            left += [((*place, name), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            left += [((*place, str(number)), value[number]) for number in range(len(value) - 1, -1, -1)]
