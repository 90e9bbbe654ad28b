"""What the routes stand on, made once per process by `api.server` or by a test, and handed to each request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from alerts.backtest.jobs import Backtests
from alerts.backtest.run import Replay
from alerts.work import Desk
from api.live.hub import LiveHub
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.database import Database
from people.attempts import FailedAttempts
from people.sign_in import SignInDesk
from timeseries.ports import ReadingStore

ANSWER_ATTEMPTS = 20
"""Links that are none, from one address in ten minutes."""


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything with an edge that a route may use. `bus` is None where a test runs without a broker."""

    settings: Settings
    database: Database
    clock: Clock
    readings: ReadingStore
    desk: Desk
    sign_in: SignInDesk
    live: LiveHub
    hint: Callable[[int | None], None]
    """Says that something committed, to this process's streams and over the bus to everybody."""
    replay: Replay
    """Lives stored homes again."""
    backtests: Backtests
    """The thread that runs backtests; started and stopped with the application."""
    bus: Bus | None = None
    answer_attempts: FailedAttempts = field(default_factory=lambda: FailedAttempts(ANSWER_ATTEMPTS))
    """Links of pages that were none, by who tried them."""


def deps_of(request: Request) -> Deps:
    """The process's `Deps`."""
    return cast("Deps", request.app.state.deps)


Using = Annotated[Deps, Depends(deps_of)]
