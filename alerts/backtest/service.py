"""Asking for a backtest and cancelling one, inside the caller's transaction. Who sees which runs: those over their homes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.backtest import store as rows
from alerts.backtest.store import Held, RunState
from alerts.ruleset.model import BacktestRun
from alerts.ruleset.schemas import RuleSpec
from alerts.ruleset.service import find_rule
from core.errors import ConflictError, InvalidInputError, NotFoundError
from people import audit, store
from people.model import Area
from people.rights import Caller, Scope

LONGEST = timedelta(days=400)
"""Readings are kept no longer."""

NOT_EVALUATED = frozenset({"routine"})
"""Kinds that live does not evaluate yet either."""
OVER_AREAS = frozenset({"outage"})
"""Kinds that look at whole areas at once: run over an area or the centre, never over one home."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule to be run: as it would be, or the one in force of a code; over a home, an area or all that the asker sees."""

    start_at: datetime
    end_at: datetime
    spec: RuleSpec | None = None
    code: str | None = None
    home: str | None = None
    area: str | None = None


def ask(session: Session, wanted: Wanted, now: datetime, actor: Caller | str) -> BacktestRun:
    """Put a run in the queue.

    Raises:
        InvalidInputError: `period_invalid`, `backtest_too_long`, `backtest_needs_rule`, `backtest_needs_place`,
            `backtest_needs_area`, `backtest_not_possible`, `unknown_home`, `unknown_area`.
        NotFoundError: `rule_not_found`.
    """
    start_at, end_at = wanted.start_at, min(wanted.end_at, now)
    if start_at >= end_at:
        raise InvalidInputError("period_invalid")
    if end_at - start_at > LONGEST:
        raise InvalidInputError("backtest_too_long", most_days=LONGEST // timedelta(days=1))
    spec = _spec(session, wanted, actor)
    home_id, area_id = _place(session, wanted, actor.scope if isinstance(actor, Caller) else Scope(whole_centre=True))
    run = BacktestRun(
        created_at=now,
        created_by=actor.name if isinstance(actor, Caller) else actor,
        user_id=actor.user_id if isinstance(actor, Caller) else None,
        spec=spec.model_dump(mode="json"),
        home_id=home_id,
        area_id=area_id,
        start_at=start_at,
        end_at=end_at,
        state=RunState.WAITING,
    )
    session.add(run)
    session.flush()
    where = {"home": wanted.home, "area": wanted.area}
    audit.write(session, now, actor, "backtest.asked", subject=spec.code, home_id=home_id, run=run.id, **where)
    return run


def ask_and_take(session: Session, wanted: Wanted, now: datetime, actor: str) -> Held:
    """Make a run and take it at once: whoever asks works on it here."""
    run = ask(session, wanted, now, actor)
    run.state, run.lease_expires_at, run.result = RunState.RUNNING, now + rows.LEASE, {"takes": 1}
    session.flush()
    return Held(run.id, run.spec, run.home_id, run.area_id, run.start_at, run.end_at, dict(run.result), run.lease_expires_at)


def cancel(session: Session, run: BacktestRun, now: datetime, actor: Caller) -> None:
    """End a run that still goes on; ConflictError `backtest_over` for one that does not."""
    if not rows.cancel(session, run.id):
        raise ConflictError("backtest_over")
    audit.write(session, now, actor, "backtest.cancelled", home_id=run.home_id, run=run.id)


def visible(scope: Scope) -> sa.ColumnElement[bool]:
    """The condition on rows of `backtest_runs`: those over a home or an area inside the scope, all for whoever sees all."""
    if scope.whole_centre:
        return sa.true()
    below = [sa.func.substr(Area.path, 1, len(path)) == path for path in scope.area_paths]
    areas = sa.select(Area.id).where(sa.or_(sa.false(), *below))
    return sa.or_(scope.of_home(BacktestRun.home_id), sa.and_(BacktestRun.home_id.is_(None), BacktestRun.area_id.in_(areas)))


def find(session: Session, run_id: int, scope: Scope) -> BacktestRun:
    """The run, or NotFoundError `backtest_not_found` also where it exists outside the scope."""
    run = session.scalar(sa.select(BacktestRun).where(BacktestRun.id == run_id, visible(scope)))
    if run is None:
        raise NotFoundError("backtest_not_found")
    return run


def _spec(session: Session, wanted: Wanted, actor: Caller | str) -> RuleSpec:
    if (wanted.spec is None) == (wanted.code is None):
        raise InvalidInputError("backtest_needs_rule")
    spec = wanted.spec
    if spec is None:
        spec = find_rule(session, wanted.code or "", actor).spec
    if spec.kind in NOT_EVALUATED:
        raise InvalidInputError("backtest_not_possible", kind=spec.kind)
    if spec.kind in OVER_AREAS and wanted.home is not None:
        raise InvalidInputError("backtest_needs_area")
    return spec


def _place(session: Session, wanted: Wanted, scope: Scope) -> tuple[int | None, int | None]:
    """The home's id, or the area's, or neither for the whole centre."""
    if wanted.home is not None:
        home = store.homes_by_code(session, [wanted.home], scope).get(wanted.home)
        if home is None:
            raise InvalidInputError("unknown_home", home=wanted.home)
        return home.id, None
    if wanted.area is not None:
        area = store.areas_by_code(session, [wanted.area]).get(wanted.area)
        if area is None or not scope.includes_area(area.path):
            raise InvalidInputError("unknown_area", area=wanted.area)
        return None, area.id
    if not scope.whole_centre:
        raise InvalidInputError("backtest_needs_place")
    return None, None


__all__ = ["LONGEST", "NOT_EVALUATED", "OVER_AREAS", "Wanted", "ask", "ask_and_take", "cancel", "find", "visible"]
