"""What every start does to the stores before anything else: tables up to date, and an administrator to begin with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from alerts.changes import hold_order
from core.config import Settings
from people.users import ensure_administrator
from timeseries.influx_reader import keep_reader_token
from timeseries.influx_setup import Keeping, ensure
from timeseries.opening import influx_address
from timeseries.ports import StoreAwayError, StoreRefusedError
from yinling import bootstrap


def prepare_readings(settings: Settings) -> list[str]:
    """Make buckets and tasks where readings go to InfluxDB; what was done, in words. Raises StoreAwayError."""
    address = influx_address(settings)
    if address is None:
        return []
    keeping = Keeping(
        settings.readings_retention_days,
        settings.influx_hourly_retention_days,
        settings.influx_daily_retention_days,
        settings.timezone,
    )
    password = settings.influx_setup_password
    try:
        return ensure(address, keeping, password.get_secret_value() if password else None, bootstrap.make_clock())
    except StoreRefusedError as error:
        raise StoreAwayError(**error.details) from error


def keep_token_of_readers(settings: Settings, path: Path) -> bool:
    """Keep a token that only reads the readings in a file; whether it was made now. Raises StoreAwayError."""
    address = influx_address(settings)
    if address is None:
        return False
    try:
        return keep_reader_token(address, path, bootstrap.make_clock())
    except StoreRefusedError as error:
        raise StoreAwayError(**error.details) from error


def prepare_stores(settings: Settings, default_password: str | None = None, say: Callable[[str], None] | None = None) -> str | None:
    """Migrate, telling `say` what it waits for, and make `admin` where nobody can sign in yet.

    A password that was made up is returned, to be shown once.
    """
    bootstrap.migrate(settings, say)
    given = settings.admin_password.get_secret_value() if settings.admin_password else default_password
    with closing(bootstrap.open_database(settings)) as database, database.transaction() as session:
        hold_order(session)  # two starters at once make one administrator
        return ensure_administrator(session, given, bootstrap.make_clock().now())
