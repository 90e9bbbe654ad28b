"""Runs of backtests as answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.ruleset.model import BacktestRun
from alerts.ruleset.yaml_form import ADAPTER
from api.schemas.backtest import BacktestItem, BacktestOut, BacktestResult
from people.model import Area, Home


def run_items(session: Session, runs: Sequence[BacktestRun]) -> list[BacktestItem]:
    """Runs without their answers, in the same order."""
    return [BacktestItem(**fields) for fields in _fields(session, runs)]


def run_view(session: Session, run: BacktestRun) -> BacktestOut:
    """A run with its answer."""
    (fields,) = _fields(session, [run])
    known = run.result if run.result is not None and "fired" in run.result else None
    result = None if known is None else BacktestResult.model_validate({name: known[name] for name in BacktestResult.model_fields})
    return BacktestOut(**fields, result=result)


def _fields(session: Session, runs: Sequence[BacktestRun]) -> list[dict[str, Any]]:
    homes = _codes(session, sa.select(Home.id, Home.code).where(Home.id.in_({run.home_id for run in runs})))
    areas = _codes(session, sa.select(Area.id, Area.code).where(Area.id.in_({run.area_id for run in runs})))
    return [
        {
            "id": run.id,
            "state": run.state,
            "homes_done": run.homes_done,
            "homes_total": run.homes_total,
            "created_at": run.created_at,
            "created_by": run.created_by,
            "spec": ADAPTER.validate_python(run.spec),
            "home": homes.get(run.home_id),
            "area": areas.get(run.area_id),
            "start": run.start_at,
            "end": run.end_at,
            "error": run.error,
        }
        for run in runs
    ]


def _codes(session: Session, query: sa.Select[int, str]) -> dict[int | None, str]:
    return dict(session.execute(query).all())
