"""`GET /live`: the stream of changes, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from starlette.types import Send

from api.callers import Ready
from api.deps import Using
from api.errors import refusals

router = APIRouter(tags=["live"])


class EventStream(StreamingResponse):
    """A stream whose generator is closed at once when its reader has gone, so that presence ends with it."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes, None], status_code: int = 200) -> None:
        super().__init__(frames, status_code, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._frames = frames

    async def stream_response(self, send: Send) -> None:
        """Send until the end, then close the generator."""
        async with aclosing(self._frames):
            await super().stream_response(send)


@router.get(
    "/live",
    response_class=EventStream,
    responses={
        **refusals(),
        200: {
            "description": "Events `hello`, `incident.opened`, `incident.changed`, `device.changed`, `probe`, `heartbeat`, "
            "`reset`; `LiveEvents` names the data of each (a dot in an event's name stands as `_` there).",
            "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/LiveEvents"}}},
        },
    },
)
async def read_live(
    caller: Ready,
    deps: Using,
    last_event_id: Annotated[str | None, Header()] = None,
    *,
    at_desk: Annotated[bool, Query(description="False for a screen nobody answers at: it does not count as watched.")] = True,
) -> EventStream:
    """What changes, as soon as it has committed, of all that the caller may see; resumes after `Last-Event-ID`."""
    return EventStream(deps.live.open(caller, last_event_id, at_desk=at_desk))
