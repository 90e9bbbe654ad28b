"""The application: every route, its guards and its OpenAPI document. Making it starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from api import errors, store_refusals
from api.deps import Deps
from api.nul_guard import NulGuard
from api.pages import STATIC, pages_router
from api.request_ids import RequestIds
from api.routes import (
    answers,
    backtest,
    devices,
    duty,
    escalation,
    family,
    health,
    homes,
    incidents,
    live,
    messages,
    modes,
    overview,
    page_templates,
    people,
    providers,
    reach,
    rules,
    shelving,
    sign_in,
    suppressed,
    web_push,
    why,
)
from api.schemas.live import LiveEvents
from api.security import SecurityHeaders
from api.status import own_status
from core.bus import HINT_SUBJECT, Bus

BODY_BYTES = 1024 * 1024
PREFIX = "/api/v1"
"""The largest body taken; nothing that is sent here comes near."""
_ROOMS = (
    sign_in,
    people,
    homes,
    devices,
    incidents,
    messages,
    overview,
    family,
    live,
    reach,
    web_push,
    page_templates,
    answers,
    providers,
    escalation,
    duty,
    backtest,
    rules,
    why,
    modes,
    suppressed,
    shelving,
)  # `/rules/backtest` before `/rules/{code}`


def create_application(deps: Deps | None, static: Path = STATIC) -> FastAPI:
    """The application on these `deps`; None makes one that can only be described."""
    application = FastAPI(
        title="Yinling",
        version="1",
        description="From a press in an elder's home to a person in the dispatch centre. Errors carry a stable code and a sentence "
        "in the language of `Accept-Language` (zh-CN, en). Instants are RFC 3339 in UTC.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=True,
    )
    application.state.deps = deps
    application.add_middleware(NulGuard, prefix=PREFIX, routes=[route for room in _ROOMS for route in room.router.routes])
    application.add_middleware(errors.SizeGuard, most_bytes=BODY_BYTES)
    over_tls = deps is not None and deps.settings.secure_cookies
    application.add_middleware(SecurityHeaders, over_tls=over_tls)  # refusals carry the headers too
    application.add_middleware(RequestIds)  # the outermost: whatever logs has the request's name
    errors.install(application)
    store_refusals.install(application)
    for room in _ROOMS:
        application.include_router(room.router, prefix=PREFIX)
    application.include_router(health.router)
    application.include_router(pages_router(static))
    _describe_live(application)
    return application


def _operation_id(route: APIRoute) -> str:
    """`read_home` → `readHome`: what generated clients call it."""
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _describe_live(application: FastAPI) -> None:
    """Put the events of the stream into the document: FastAPI only knows bodies that are sent whole."""
    make = application.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        _, definitions = models_json_schema([(LiveEvents, "serialization")], ref_template="#/components/schemas/{model}")
        document["components"]["schemas"] = {**definitions["$defs"], **document["components"]["schemas"]}
        return document

    application.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    """Follow the changes and answer over the bus for as long as the application runs."""
    deps: Deps = application.state.deps
    await deps.live.start()
    deps.backtests.start()
    try:
        async with _bus_of(deps):
            yield
    finally:
        await asyncio.to_thread(deps.backtests.stop)
        await deps.live.stop()


@asynccontextmanager
async def _bus_of(deps: Deps) -> AsyncIterator[None]:
    """The bus for as long as the application runs, where there is one."""
    if deps.bus is None:
        yield
        return
    await deps.bus.start()
    listening = asyncio.create_task(_listen(deps, deps.bus), name="api-listen")
    yield
    listening.cancel()
    await deps.bus.stop()


async def _listen(deps: Deps, bus: Bus) -> None:
    """Subscribe once the broker is there, which may be later than now."""

    async def on_hint(_message: object) -> None:
        deps.live.wake()

    await bus.subscribe(HINT_SUBJECT, on_hint)
    await bus.answer_status(lambda: own_status(deps))
