"""Backtests of rules: asked for, followed, cancelled. The work is done by a thread of this process, behind everything else."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query

from alerts.backtest import service
from alerts.ruleset.model import BacktestRun
from api.callers import allowed
from api.deps import Using
from api.errors import refusals
from api.schemas.backtest import BacktestCreate, BacktestList, BacktestOut
from api.schemas.base import Id
from api.views.backtest import run_items, run_view
from core.errors import ConflictError, InvalidInputError, NotFoundError
from people.rights import Caller, Capability

router = APIRouter(tags=["rules"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_RULES))]
Changer = Annotated[Caller, Depends(allowed(Capability.CHANGE_RULES))]

NO_BACKTEST = NotFoundError("backtest_not_found")


@router.post(
    "/rules/backtest",
    status_code=201,
    responses=refusals(
        InvalidInputError("backtest_needs_rule"),
        InvalidInputError("backtest_needs_place"),
        InvalidInputError("backtest_needs_area"),
        InvalidInputError("backtest_not_possible"),
        InvalidInputError("backtest_too_long"),
        InvalidInputError("period_invalid"),
        NotFoundError("rule_not_found"),
        InvalidInputError("unknown_home"),
        InvalidInputError("unknown_area"),
    ),
)
def start_backtest(wanted: BacktestCreate, caller: Changer, deps: Using) -> BacktestOut:
    """Run a rule, or a change to one, over the stored days of a home, an area or the centre: the same code as live."""
    asked = service.Wanted(wanted.start, wanted.end, wanted.spec, wanted.code, wanted.home, wanted.area)
    with deps.database.transaction() as session:
        run = service.ask(session, asked, deps.clock.now(), caller)
        answer = run_view(session, run)
    deps.backtests.wake()
    return answer


@router.get("/rules/backtest", responses=refusals())
def list_backtests(caller: Seer, deps: Using, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> BacktestList:
    """The latest runs over the caller's homes."""
    query = sa.select(BacktestRun).where(service.visible(caller.scope)).order_by(BacktestRun.id.desc()).limit(limit)
    with deps.database.snapshot() as session:
        return BacktestList(items=run_items(session, session.scalars(query).all()))


@router.get("/rules/backtest/{run_id}", responses=refusals(NO_BACKTEST))
def read_backtest(run_id: Id, caller: Seer, deps: Using) -> BacktestOut:
    """One run, with what is known of its answer."""
    with deps.database.snapshot() as session:
        return run_view(session, service.find(session, run_id, caller.scope))


@router.delete("/rules/backtest/{run_id}", responses=refusals(NO_BACKTEST, ConflictError("backtest_over")))
def cancel_backtest(run_id: Id, caller: Changer, deps: Using) -> BacktestOut:
    """End a run; what it found so far stays."""
    with deps.database.transaction() as session:
        service.cancel(session, service.find(session, run_id, caller.scope), deps.clock.now(), caller)
    with deps.database.snapshot() as session:
        return run_view(session, service.find(session, run_id, caller.scope))
