"""How refusals are told: one body for all, in the reader's language, and the same codes in the OpenAPI document.

What nobody foresaw is logged whole under a reference and told as that reference only; no stack trace leaves the house.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.schemas.base import ErrorBody
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, NotSignedInError, YinlingError
from core.ids import new_code
from core.messages import MESSAGES, field_text, language_of, text

log = structlog.get_logger()

type_of_responses = dict[int | str, dict[str, Any]]

_BY_STATUS = {
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    503: "unavailable",
}
STALE_PLACES = ("body", "query", "path", "header", "cookie")
_NO_STORE = {"Cache-Control": "no-store"}


class FieldsRefusedError(HTTPException):
    """Fields refused while the request is still being read, where only an HTTPException gets out; each with its problem's kind."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(422)
        self.fields = fields


def error_body(
    code: str, status: int, request: Request, details: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    """The response of a refusal."""
    language = language_of(request.headers.get("accept-language"))
    body = {"error": {"code": code, "message": text(code, language, details), "details": details}}
    return Response(
        orjson.dumps(body, default=str),
        status_code=status,
        media_type="application/json",
        headers={**_NO_STORE, "Content-Language": language, **(headers or {})},
    )


async def on_refusal(request: Request, error: Exception) -> Response:
    """A YinlingError."""
    if not isinstance(error, YinlingError):
        raise error
    headers: dict[str, str] = {}
    if "wait_seconds" in error.details:
        headers["Retry-After"] = str(error.details["wait_seconds"])
    return error_body(error.code, error.status, request, error.details, headers)


async def on_invalid(request: Request, error: Exception) -> Response:
    """What FastAPI could not understand, field by field."""
    if not isinstance(error, RequestValidationError):
        raise error
    language = language_of(request.headers.get("accept-language"))
    fields = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"] if part not in STALE_PLACES]
        # Pydantic's context and nothing of the input: a password must not come back in an error.
        fields.append({"field": ".".join(place), "message": field_text(problem["type"], language, problem.get("ctx", {}))})
    return error_body("invalid_input", 422, request, {"fields": fields})


def refused_fields(fields: Mapping[str, str], request: Request) -> list[dict[str, str]]:
    """Fields and what is wrong with each, in the reader's language."""
    language = language_of(request.headers.get("accept-language"))
    return [{"field": field, "message": field_text(kind, language, {})} for field, kind in fields.items()]


async def on_http(request: Request, error: Exception) -> Response:
    """Unknown routes, wrong methods, bodies too large."""
    if not isinstance(error, HTTPException):
        raise error
    code = _BY_STATUS.get(error.status_code, "internal_error" if error.status_code >= 500 else "invalid_input")  # noqa: PLR2004 HTTP
    fields = refused_fields(error.fields, request) if isinstance(error, FieldsRefusedError) else []
    details: dict[str, Any] = {"fields": fields} if error.status_code == 422 else {}  # noqa: PLR2004 HTTP
    return error_body(code, error.status_code, request, details, dict(error.headers or {}))


async def on_unforeseen(request: Request, error: Exception) -> Response:
    """A fault of ours: logged under a reference, told as the reference."""
    reference = new_code("err")
    log.error("request_failed", reference=reference, method=request.method, path=request.url.path, exc_info=error)
    return error_body("internal_error", 500, request, {"reference": reference})


class SizeGuard:
    """Refuses a body that says it is too large before it is read, and one that does not say while it is."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        said = request.headers.get("content-length", "0")
        if said.isascii() and said.isdigit() and int(said) > self._most_bytes:
            await error_body("too_large", 413, request, {}, {"Connection": "close"})(scope, receive, send)
            return
        read_bytes = 0

        async def receive_counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self._most_bytes:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)


def install(application: FastAPI) -> None:
    """Register the handlers."""
    application.add_exception_handler(YinlingError, on_refusal)
    application.add_exception_handler(RequestValidationError, on_invalid)
    application.add_exception_handler(HTTPException, on_http)
    application.add_exception_handler(Exception, on_unforeseen)


def refusals(*errors: YinlingError, signed_in: bool = True) -> type_of_responses:
    """What a route may refuse, for its OpenAPI entry; signed-in routes can always refuse with 401 and 403."""
    always: Sequence[YinlingError] = (NotSignedInError(), ForbiddenError(), ForbiddenError("csrf_refused")) if signed_in else ()
    responses: type_of_responses = {}
    for error in (*errors, *always, InvalidInputError()):
        entry = responses.setdefault(error.status, {"model": ErrorBody, "content": {"application/json": {"examples": {}}}})
        example = {"error": {"code": error.code, "message": MESSAGES[error.code][1], "details": {}}}
        entry["content"]["application/json"]["examples"][error.code] = {"summary": MESSAGES[error.code][1], "value": example}
    for entry in responses.values():
        entry["description"] = ", ".join(f"`{code}`" for code in entry["content"]["application/json"]["examples"])
    return responses


NO_HOME = NotFoundError("home_not_found")
NO_DEVICE = NotFoundError("device_not_found")
NO_INCIDENT = NotFoundError("incident_not_found")
NOT_ALLOWED_NOW = ConflictError("transition_not_allowed")
