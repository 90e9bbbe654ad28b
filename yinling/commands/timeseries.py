"""`yinling timeseries copy|roll-up`: readings from one store into another, and the hours and days of InfluxDB again.

Both work beside a running centre and can be ended and begun again at any time.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import typer

from yinling.errors import CannotStartError

if TYPE_CHECKING:
    from core.config import Settings
    from timeseries.copying import Place
    from timeseries.influx_connection import InfluxAddress
    from timeseries.ports import ReadingStore

timeseries_app = typer.Typer(help="Readings: between stores, and their hours and days.", no_args_is_help=True)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="D", help="Folder of everything that survives (YINLING_DATA_DIR).")
]
_WHERE = "A SQLite file, or the address of InfluxDB (token, organisation and bucket are those of the settings, or ?org=…&bucket=…)."
_READ_SECONDS = 120.0
_STRETCH = timedelta(days=30)


@timeseries_app.command("copy")
def copy_readings(
    *,
    source: Annotated[str, typer.Option("--from", metavar="STORE", help=_WHERE)],
    target: Annotated[str, typer.Option("--to", metavar="STORE", help="The same.")],
    check: Annotated[bool, typer.Option("--check", help="Compare every reading of both stores afterwards.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Copy every reading from one store into another; a copy that was ended goes on where it was."""
    from core.clock import SystemClock
    from core.log import configure_logging
    from timeseries import copying
    from timeseries.ports import StoreAwayError
    from yinling.environment import read_settings

    settings = read_settings(data_dir=data_dir)
    configure_logging("timeseries", as_json=settings.log_json, level=settings.log_level)
    kept = copying.PlaceFile(settings.data_dir / "copies" / f"{_digest(source, target)}.json")
    with closing(_open(source, settings)) as there, closing(_open(target, settings)) as here:
        before = _set_aside()
        try:
            with _progress() as told:
                place = copying.copy(there, here, kept, SystemClock(), told)
            _roll_up_copied(target, settings, place)
        except StoreAwayError as error:
            message = f"The copy stopped ({error}). Nothing is lost: the same command goes on where it was."
            raise CannotStartError(message) from error
        kept.forget()
        refused, expired = (now - then for now, then in zip(_set_aside(), before, strict=True))
        typer.echo(f"{place.copied} readings copied, {expired} of them older than the target keeps, {refused} it will never take.")
        if check:
            _compare(there, here)


@timeseries_app.command("roll-up")
def roll_up(
    *,
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day, such as 2026-11-01.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day.")],
    data_dir: DataDir = None,
) -> None:
    """Make the hours and days of InfluxDB again, for readings that came more than three days late."""
    from timeseries.opening import influx_address
    from timeseries.ports import StoreAwayError
    from yinling.environment import read_settings

    settings = read_settings(data_dir=data_dir)
    address = influx_address(settings)
    if address is None:
        message = "Only InfluxDB keeps hours and days beside the readings: set YINLING_INFLUX_URL."
        raise CannotStartError(message)
    zone = ZoneInfo(settings.timezone)
    try:
        days = _roll_up(address, settings, start.replace(tzinfo=zone), end.replace(tzinfo=zone))
    except StoreAwayError as error:
        message = f"InfluxDB did not roll up ({error}): run the same command again."
        raise CannotStartError(message) from error
    typer.echo(f"{days} days rolled up.")


def _digest(source: str, target: str) -> str:
    return hashlib.sha256(f"{source}\n{target}".encode()).hexdigest()[:16]


def _open(where: str, settings: Settings) -> ReadingStore:
    from core.clock import SystemClock
    from timeseries.influx_store import InfluxReadingStore
    from timeseries.sqlite_store import SqliteReadingStore

    if where.startswith(("http://", "https://")):
        return InfluxReadingStore(_address(where, settings), SystemClock(), read_seconds=_READ_SECONDS)
    return SqliteReadingStore(Path(where.removeprefix("sqlite:")))


def _address(where: str, settings: Settings) -> InfluxAddress:
    from timeseries.opening import influx_address

    parts = urlsplit(where)
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    changed = {
        "influx_url": f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"),
        "influx_org": asked.get("org", settings.influx_org),
        "influx_bucket": asked.get("bucket", settings.influx_bucket),
    }
    address = influx_address(settings.model_copy(update=changed))
    assert address is not None  # noqa: S101 it has an address
    return address


def _set_aside() -> tuple[int, int]:
    """Readings refused and expired since this process began."""
    from timeseries.influx_errors import expired_total
    from timeseries.writing import refused_total

    samples = [next(iter(counter.collect())).samples[0].value for counter in (refused_total, expired_total)]
    return int(samples[0]), int(samples[1])


def _roll_up_copied(target: str, settings: Settings, place: Place) -> None:
    if target.startswith(("http://", "https://")) and place.first is not None and place.last is not None:
        _roll_up(_address(target, settings), settings, place.first, place.last)


def _roll_up(address: InfluxAddress, settings: Settings, first: datetime, last: datetime) -> int:
    """Every day from the one of `first` to the one of `last`, in stretches; how many days."""
    from core.clock import SystemClock
    from timeseries import influx_rollup
    from timeseries.influx_connection import InfluxConnection

    zone = ZoneInfo(settings.timezone)
    begin, stop = first.astimezone(zone).date(), last.astimezone(zone).date() + timedelta(days=1)
    days = (stop - begin).days
    with closing(InfluxConnection(address, SystemClock(), read_seconds=_READ_SECONDS)) as connection:
        while begin < stop:
            until = min(begin + _STRETCH, stop)
            span = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (begin, until))
            for flux in influx_rollup.once(address.names, settings.timezone, *span):
                connection.run(flux)
            begin = until
    return days


def _compare(source: ReadingStore, target: ReadingStore) -> None:
    from timeseries.copying import differences

    missing = 0
    for reading in differences(source, target):
        missing += 1
        if missing == 1:
            typer.echo(f"The first that differs: {reading}", err=True)
    if missing:
        typer.echo(f"{missing} readings are not the same in both.", err=True)
        raise typer.Exit(1)
    typer.echo("Every reading is the same in both.")


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on a terminal; elsewhere a line for each tenth."""
    if not sys.stderr.isatty():
        tenths = [-1]

        def line(done: int, devices: int, readings: int) -> None:
            tenth = 10 * done // max(devices, 1)
            if tenth > tenths[0]:
                tenths[0] = tenth
                typer.echo(f"{done} of {devices} devices, {readings} readings", err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[readings]} readings"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("devices", readings=0)
        yield lambda done, devices, readings: progress.update(task, completed=done, total=devices, readings=readings)
