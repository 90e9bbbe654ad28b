"""The stores of a centre, and the clock they were written by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from alerts.model import Change
from core.clock import SystemClock
from core.config import Settings
from core.errors import YinlingError
from timeseries.opening import open_store
from timeseries.ports import StoreLockedOutError
from yinling import bootstrap
from yinling.doctor.finding import Finding, Verdict

_STEP_SECONDS = 5.0


def check_clock(settings: Settings) -> Iterator[Finding]:
    """Whether the wall clock is one that has been before."""
    now = SystemClock().now()
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


def check_relational(settings: Settings) -> Iterator[Finding]:
    """Whether the relational store answers and has its tables."""
    if settings.database_url is None and not (settings.data_dir / "yinling.db").exists():
        yield Finding("relational store", Verdict.GOOD, "will be made by the first start")
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


def check_readings(settings: Settings) -> Iterator[Finding]:
    """Whether the store of readings can be written."""
    if settings.influx_url is None and not settings.readings_path.exists():
        yield Finding("readings", Verdict.GOOD, "will be made by the first start")
        return
    try:
        with closing(open_store(settings)) as readings:
            readings.check()
    except StoreLockedOutError as error:
        says = f"{error}: check YINLING_INFLUX_TOKEN, and let 'yinling migrate' make what is missing"
        yield Finding("readings", Verdict.BAD, says)
    except YinlingError as error:
        where = (
            f"{settings.readings_path} and the disk it lies on"
            if settings.influx_url is None
            else "YINLING_INFLUX_URL and InfluxDB"
        )
        yield Finding("readings", Verdict.BAD, f"{error}: check {where}")
    else:
        yield Finding("readings", Verdict.GOOD, "can be written")
