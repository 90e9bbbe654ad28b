"""The built pages: hashed assets for ever, `index.html` always fresh and for every path that is a page of the application."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from api.errors import error_body

STATIC = Path(__file__).parent / "static"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}
_MISSING = (
    "<!doctype html><meta charset=utf-8><title>银铃 Yinling</title>"
    "<p>页面还没有构建：请运行 <code>make install</code>。"
    "<p>The pages are not built yet: run <code>make install</code>.\n"
)


def pages_router(static: Path = STATIC) -> APIRouter:
    """Routes for everything outside `/api`."""
    router = APIRouter(include_in_schema=False)
    root = static.resolve()

    @router.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def read_page(path: str, request: Request) -> Response:
        if path == "api" or path.startswith("api/"):
            return error_body("not_found", 404, request, {})
        wanted = (root / path).resolve()
        if path and wanted.is_relative_to(root) and wanted.is_file() and wanted.name != "index.html":
            return FileResponse(wanted, headers=_FOR_EVER if path.startswith("assets/") else _FRESH)
        if path.startswith("assets/"):
            return error_body("not_found", 404, request, {})
        index = root / "index.html"
        if not index.is_file():
            return HTMLResponse(_MISSING, status_code=503, headers=_FRESH)
        return FileResponse(index, headers=_FRESH)

    return router
