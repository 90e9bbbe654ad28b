"""What is answered when the relational store refuses: who must wait is told so, who sent what no store keeps is told that.

An act that was refused so has left nothing, except when the connection broke in the midst of its commit; that is told as
`store_away` too, and the page shows what became of it, since it follows the changes.
"""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.errors import error_body, on_unforeseen
from core.database import stands_in_the_way
from core.postgresql import why_refused

log = structlog.get_logger()

BUSY_WAIT_SECONDS = 1
AWAY_WAIT_SECONDS = 5
_TAKEN, _GONE = "23505", "23503"
"""SQLSTATE of a unique key that somebody else just took, and of a row that somebody just removed."""


async def on_store(request: Request, error: Exception) -> Response:
    """An error of SQLAlchemy."""
    if isinstance(error, DataError):
        log.warning("input_refused_by_store", path=request.url.path, error=str(error.orig))
        return error_body("invalid_input", 422, request, {"fields": []})
    if getattr(getattr(error, "orig", None), "sqlstate", None) in {_TAKEN, _GONE}:
        return error_body("changed_meanwhile", 409, request, {})
    if not isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return await on_unforeseen(request, error)
    busy = stands_in_the_way(error)
    code, wait_seconds = ("store_busy", BUSY_WAIT_SECONDS) if busy else ("store_away", AWAY_WAIT_SECONDS)
    log.warning(code, path=request.url.path, why=busy or why_refused(error), error=str(getattr(error, "orig", error)))
    return error_body(code, 503, request, {"wait_seconds": wait_seconds}, {"Retry-After": str(wait_seconds)})


def install(application: FastAPI) -> None:
    """Register the handler."""
    application.add_exception_handler(SQLAlchemyError, on_store)
