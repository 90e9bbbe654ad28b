"""Whether the process answers, whether the whole path works, and what there is to count. Open to everybody: no personal data."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import Using
from api.schemas.overview import Health, Readiness
from api.status import all_metrics, check

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def read_health() -> Health:
    """This process answers. Load balancers use it: a store that is away must not take the consoles with it."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Something on the path of an alarm does not work."}})
async def read_readiness(response: Response, deps: Using) -> Readiness:
    """200 only when broker, database, readings, every ingest worker and the pager work; otherwise 503 with the reasons."""
    checks = await check(deps)
    ready = all(said == "ok" for said in checks.values())
    response.status_code = 200 if ready else 503
    response.headers["Cache-Control"] = "no-store"
    return Readiness(ready=ready, checks=checks)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def read_metrics(deps: Using) -> Response:
    """Prometheus text of every process, told apart by the label `process`."""
    return Response(await all_metrics(deps), media_type="text/plain; version=0.0.4; charset=utf-8")
