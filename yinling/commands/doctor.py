"""`yinling doctor`: looks at everything a centre needs and says what to do about what is wrong.

Works beside a running centre and without one; changes nothing. Exit code 1 when something must be put right.
"""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

import orjson
import sqlalchemy as sa
import typer
from apprise import Apprise
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from alerts.model import Change
from core.clock import SystemClock
from core.config import Settings
from core.database import sqlite_module, sqlite_wal_is_safe
from core.errors import YinlingError
from ingest.broker import BrokerMissingError, nats_server_path
from timeseries.sqlite_store import SqliteReadingStore
from yinling import bootstrap, run_file
from yinling.checks import check_python, prepare_data_dir
from yinling.environment import read_settings
from yinling.errors import CannotStartError
from yinling.ports import LOOPBACK, answers, can_listen, reachable

LEAST_FREE_BYTES = 2 * 1024**3
_STEP_SECONDS = 5.0


class Verdict(StrEnum):
    """How a check came out."""

    GOOD = "good"
    ODD = "look"
    BAD = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it is, and what to do."""

    what: str
    verdict: Verdict
    says: str


def examine(data_dir: Path | None) -> int:
    """Run every check and print the table; the exit code."""
    try:
        settings = read_settings(data_dir=data_dir)
    except CannotStartError as error:
        typer.echo(f"wrong  settings: {error}")
        return 1
    running = run_file.read(settings.data_dir)
    findings = [finding for check in _checks(running) for finding in check(settings)]
    _print(findings)
    return 1 if any(finding.verdict is Verdict.BAD for finding in findings) else 0


def _checks(running: run_file.Running | None) -> list[Callable[[Settings], Iterator[Finding]]]:
    shared = [_python, _data_dir, _disk, _clock, _sqlite, _broker_program, _stores, _fallback, _pages]
    return [*shared, lambda settings: _running(settings, running)] if running else [*shared, _ports]


def _python(_settings: Settings) -> Iterator[Finding]:
    try:
        check_python()
    except CannotStartError as error:
        yield Finding("Python", Verdict.BAD, str(error))
    else:
        yield Finding("Python", Verdict.GOOD, "new enough")


def _data_dir(settings: Settings) -> Iterator[Finding]:
    if not settings.data_dir.exists():
        yield Finding("data folder", Verdict.GOOD, f"{settings.data_dir.absolute()} will be made by the first start")
        return
    try:
        folder = prepare_data_dir(settings.data_dir)
    except CannotStartError as error:
        yield Finding("data folder", Verdict.BAD, str(error))
    else:
        yield Finding("data folder", Verdict.GOOD, f"{folder} can be written")


def _disk(settings: Settings) -> Iterator[Finding]:
    candidates = [settings.data_dir.absolute(), *settings.data_dir.absolute().parents]
    folder = next(folder for folder in candidates if folder.exists())
    free = shutil.disk_usage(folder).free
    least = settings.broker_reserve_bytes + LEAST_FREE_BYTES
    says = f"{free / 1024**3:.1f} GiB free"
    if free < settings.broker_reserve_bytes:
        yield Finding(
            "disk", Verdict.BAD, f"{says}: the broker's reserve is gone; free space or move YINLING_DATA_DIR to a larger disk"
        )
    elif free < least:
        yield Finding(
            "disk", Verdict.ODD, f"{says}: plan for more, the reserve begins at {settings.broker_reserve_bytes / 1024**3:.1f} GiB"
        )
    else:
        yield Finding("disk", Verdict.GOOD, says)


def _clock(settings: Settings) -> Iterator[Finding]:
    clock = SystemClock()
    now = clock.now()
    newest = _newest_change(settings)
    if now.year < 2026:  # noqa: PLR2004 when this was written
        yield Finding("clock", Verdict.BAD, f"it says {now:%Y-%m-%d}, which is past: set it, and let NTP keep it")
    elif newest is not None and (newest - now).total_seconds() > _STEP_SECONDS:
        says = (
            f"the store was last written at {newest:%Y-%m-%d %H:%M}, which this clock has not reached: set it, and let NTP keep it"
        )
        yield Finding("clock", Verdict.BAD, says)
    else:
        yield Finding("clock", Verdict.GOOD, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _newest_change(settings: Settings) -> datetime | None:
    if settings.database_url is None and not (settings.data_dir / "yinling.db").exists():
        return None
    try:
        with closing(bootstrap.open_database(settings)) as database, database.snapshot() as session:
            return session.scalar(sa.select(sa.func.max(Change.at)))
    except SQLAlchemyError:
        return None  # the check of the stores tells of it


def _sqlite(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is not None and not settings.database_url.startswith("sqlite"):
        return
    module = sqlite_module()
    if sqlite_wal_is_safe(module.sqlite_version_info):
        yield Finding("SQLite", Verdict.GOOD, module.sqlite_version)
    else:
        says = f"{module.sqlite_version} is unsound in WAL mode, so the slower TRUNCATE is used: install the pysqlite3 wheel"
        yield Finding("SQLite", Verdict.ODD, says)


def _broker_program(_settings: Settings) -> Iterator[Finding]:
    try:
        yield Finding("broker program", Verdict.GOOD, str(nats_server_path()))
    except BrokerMissingError as error:
        yield Finding("broker program", Verdict.BAD, str(error))


def _stores(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is None and not (settings.data_dir / "yinling.db").exists():
        yield Finding("stores", Verdict.GOOD, "will be made by the first start")
        return
    try:
        with closing(bootstrap.open_database(settings)) as database, database.snapshot() as session:
            tables = sa.inspect(session.connection()).get_table_names()
    except SQLAlchemyError as error:
        says = f"does not answer ({type(error).__name__}): check YINLING_DATABASE_URL and that its server runs"
        yield Finding("relational store", Verdict.BAD, says)
    else:
        says = (
            "answers" if "incidents" in tables else "answers, and has no tables yet: 'yinling run' or 'yinling migrate' makes them"
        )
        yield Finding("relational store", Verdict.GOOD, says)
    try:
        with closing(SqliteReadingStore(settings.readings_path)) as readings:
            readings.check()
    except YinlingError as error:
        yield Finding("readings", Verdict.BAD, f"{error}: check {settings.readings_path} and the disk it lies on")
    else:
        yield Finding("readings", Verdict.GOOD, "can be written")


def _fallback(settings: Settings) -> Iterator[Finding]:
    if not settings.fallback_urls:
        says = "no address is set: when nobody watches the console, nobody is told; set YINLING_FALLBACK_URLS"
        yield Finding("fallback pages", Verdict.ODD, says)
    for number, url in enumerate(settings.fallback_urls, start=1):
        # The address holds secrets, so only its kind is shown.
        kind = url.partition(":")[0]
        if Apprise().add(url):
            yield Finding(f"fallback page {number}", Verdict.GOOD, f"{kind}: understood")
        else:
            yield Finding(f"fallback page {number}", Verdict.BAD, f"{kind}: not an Apprise address; correct YINLING_FALLBACK_URLS")


def _pages(_settings: Settings) -> Iterator[Finding]:
    index = Path(str(files("api"))) / "static" / "index.html"
    if index.exists():
        yield Finding("pages", Verdict.GOOD, "built")
    else:
        yield Finding("pages", Verdict.BAD, "not built: run 'make install'")


def _ports(settings: Settings) -> Iterator[Finding]:
    for name, port in (("http", settings.http_port), ("mqtt", settings.mqtt_port), ("gateway", settings.gateway_port)):
        if can_listen(settings.host, port):
            yield Finding(f"{name} port", Verdict.GOOD, f"{settings.host}:{port} is free")
        else:
            says = f"{settings.host}:{port} is in use: stop the program that has it, or set YINLING_{name.upper()}_PORT"
            yield Finding(f"{name} port", Verdict.BAD, says)


def _running(settings: Settings, running: run_file.Running) -> Iterator[Finding]:
    yield Finding("centre", Verdict.GOOD, f"runs as process {running.supervisor}")
    for name, port in running.ports.items():
        host = LOOPBACK if name.startswith("nats") else running.host
        says = f"{host}:{port}"
        is_there = answers(host, port, timeout_seconds=2)
        yield Finding(
            f"{name} port", Verdict.GOOD if is_there else Verdict.BAD, f"{says} {'answers' if is_there else 'does not answer'}"
        )
    yield _readiness(f"http://{reachable(settings.host)}:{running.ports['http']}/readyz")


def _readiness(address: str) -> Finding:
    try:
        with urllib.request.urlopen(address, timeout=3):  # noqa: S310 always http
            return Finding("whole path", Verdict.GOOD, "broker, stores and ingest all work")
    except urllib.error.HTTPError as error:
        return Finding("whole path", Verdict.BAD, f"not ready: {_body(error)}")
    except OSError as error:
        return Finding("whole path", Verdict.BAD, f"{address} does not answer: {error}")


def _body(error: urllib.error.HTTPError) -> str:
    try:
        return orjson.dumps(orjson.loads(error.read())).decode()[:400]
    except (OSError, orjson.JSONDecodeError):
        return str(error)


def _print(findings: list[Finding]) -> None:
    colours = {Verdict.GOOD: "green", Verdict.ODD: "yellow", Verdict.BAD: "bold red"}
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        table.add_row(f"[{colours[finding.verdict]}]{finding.verdict}[/]", finding.what, finding.says)
    Console(highlight=False).print(table)
