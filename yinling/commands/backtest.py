"""`yinling rules backtest`: a rule, or a change to one, over the stored days of a home, an area or the centre.

It works in this process and beside a running centre; what it finds is kept like a run asked for on the pages. Ctrl-C cancels.
"""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from core.clock import SystemClock
from core.errors import YinlingError
from core.messages import text
from yinling.errors import CannotStartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.backtest.service import Wanted
    from alerts.ruleset.model import BacktestRun
    from alerts.ruleset.schemas import RuleSpec

_MOST_LINES = 20

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="D", help="Folder of everything that survives (YINLING_DATA_DIR).")
]


def backtest_rule(
    code: Annotated[str | None, typer.Argument(help="Code of a rule in force; leave it out with --file.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="One rule as YAML, as it would be, instead of a code.")
    ] = None,
    home: Annotated[str | None, typer.Option("--home", metavar="CODE", help="Only this home.")] = None,
    area: Annotated[str | None, typer.Option("--area", metavar="CODE", help="Only this area and what is below it.")] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=400, help="How many days back from now.")] = 7,
    data_dir: DataDir = None,
) -> None:
    """Say how often a rule would have fired, on whom, and how many of those homes had a real incident within 24 hours."""
    from alerts.backtest.jobs import Ground, RunAtWork
    from alerts.backtest.service import Wanted, ask_and_take
    from alerts.ruleset.model import BacktestRun
    from api.replaying import make_replay
    from timeseries.opening import open_store
    from yinling import bootstrap
    from yinling.environment import read_settings

    settings, clock = read_settings(data_dir=data_dir), SystemClock()
    now = clock.now()
    wanted = Wanted(now - timedelta(days=days), now, None if file is None else _read(file), code, home, area)
    bootstrap.migrate(settings)
    with closing(bootstrap.open_database(settings)) as database, closing(open_store(settings, clock)) as readings:
        held = _asked(lambda: _in_transaction(database, lambda session: ask_and_take(session, wanted, now, "command line")))
        ground = Ground(database, clock, make_replay(database, readings, settings.timezone), settings.timezone)
        try:
            with _progress() as on_progress:
                RunAtWork(ground, held, lambda: False, on_progress).work()
        except KeyboardInterrupt:
            from alerts.backtest import store

            _in_transaction(database, lambda session: store.cancel(session, held.id))
            raise
        with database.snapshot() as session:
            run = session.get_one(BacktestRun, held.id)
        _tell(run, wanted, ZoneInfo(settings.timezone))


def _read(file: Path) -> RuleSpec:
    from alerts.ruleset.yaml_form import read_rules

    try:
        written = read_rules(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read: {error}"
        raise CannotStartError(message) from error
    specs = [one.spec for one in written if one.spec is not None]
    if len(written) != 1 or len(specs) != 1:
        message = f"{file} must hold exactly one rule that can be read."
        raise CannotStartError(message)
    return specs[0]


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except YinlingError as error:
        raise CannotStartError(text(error.code, "en", error.details)) from error


def _in_transaction(database: Any, what: Callable[[Any], Any]) -> Any:
    with database.transaction() as session:
        return what(session)


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, _fired: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("homes", total=None)
        yield lambda done, total, fired: progress.update(task, completed=done, total=total, description=f"fired {fired} times")


def _tell(run: BacktestRun, wanted: Wanted, zone: ZoneInfo) -> None:
    if run.state != "done":
        message = f"The backtest ended as {run.state}: {text(run.error or 'unavailable', 'en', {})}"
        raise CannotStartError(message)
    result = run.result or {}
    place = wanted.home or wanted.area or "the centre"
    typer.echo(
        f"{run.spec['code']} over {place}, {_day(run.start_at, zone)} to {_day(run.end_at, zone)}: fired {result['fired']} times "
        f"in {result['homes_fired']} of {run.homes_done} homes; {result['homes_with_real']} of them had a real incident within "
        f"24 hours."
    )
    if result["suppressed"]:
        typer.echo(f"{result['suppressed']} of these would not have been shown (away, out of service, monitor).")
    for day in result["per_day"]:
        typer.echo(f"  {day['day']}  {day['count']:>5}")
    for one in result["homes"][:_MOST_LINES]:
        real = "  real incident nearby" if one["real_nearby"] else ""
        typer.echo(f"  {one['home']:<16} {one['count']:>5}  {one['name']}{real}")


def _day(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).date().isoformat()
