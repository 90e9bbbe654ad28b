"""Backtests: what is asked, and what is answered while a run goes on and when it is over."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alerts.ruleset.schemas import RuleSpec
from api.schemas.base import InstantIn, InstantOut, Out, SeverityName
from people.schemas import In

RunStateName = Literal["waiting", "running", "done", "failed", "cancelled"]


class BacktestCreate(In):
    """A rule over stored days: `spec` as it would be, or `code` for the one in force; one home, one area's subtree, or all."""

    spec: RuleSpec | None = None
    code: Annotated[str, Field(max_length=60)] | None = None
    home: Annotated[str, Field(max_length=64)] | None = None
    area: Annotated[str, Field(max_length=64)] | None = None
    start: InstantIn
    end: InstantIn


class BacktestDay(Out):
    """A day of the centre's zone on which it fired."""

    day: str
    count: int


class BacktestHome(Out):
    """A home where it fired. `suppressed` of `count` would not have been shown; `real_incidents` were within 24 hours."""

    home: str
    name: str
    count: int
    suppressed: int
    first_at: InstantOut
    last_at: InstantOut
    real_nearby: bool
    real_incidents: int


class BacktestEvent(Out):
    """One firing, at a home; `home` is null for that of an area, which `subject` names.

    `suppressed` says why it would not have been shown, such as `away`.
    """

    at: InstantOut
    home: str | None
    subject: str
    severity: SeverityName
    suppressed: str | None


class BacktestResult(Out):
    """The answer, of the homes done so far. Homes are the thousand where it fired most, events the first five hundred."""

    fired: int
    suppressed: int
    per_day: list[BacktestDay]
    homes: list[BacktestHome]
    homes_fired: int
    homes_with_real: int
    homes_failed: int
    events: list[BacktestEvent]


class BacktestItem(Out):
    """A run without its answer."""

    id: int
    state: RunStateName
    homes_done: int
    homes_total: int
    created_at: InstantOut
    created_by: str
    spec: RuleSpec
    home: str | None
    area: str | None
    start: InstantOut
    end: InstantOut
    error: str | None


class BacktestOut(BacktestItem):
    """A run with what is known of its answer."""

    result: BacktestResult | None


class BacktestList(Out):
    """The newest first."""

    items: list[BacktestItem]
