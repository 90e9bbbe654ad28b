"""The commands that become one process of the house, and `migrate`. Each runs until SIGTERM or SIGINT."""

from __future__ import annotations

from pathlib import Path

import typer

from core.config import Settings
from core.log import configure_logging
from core.open_files import expect_many_files
from yinling.checks import check_python, prepare_data_dir, refuse_half_restored, refuse_open_links
from yinling.environment import read_settings
from yinling.errors import CannotStartError

SEVERAL_NEED_POSTGRESQL = "YINLING_PARTITIONS above 1 needs PostgreSQL: set YINLING_DATABASE_URL, or leave the partitions at 1."


def start_broker(data_dir: Path | None, *, ingest_only: bool = False) -> None:
    """Become the broker."""
    settings = _begin("broker", data_dir)
    from yinling import bootstrap

    bootstrap.run_broker(settings, ingest_only=ingest_only)


def start_ingest(partition: str, data_dir: Path | None) -> None:
    """Be the ingest worker `i/P`, or, with `any/P`, of whichever has none; without `/P` as the settings say."""
    whole = partition if "/" in partition else f"{partition}/{read_settings().partitions}"
    index, partitions = parse_partition(whole)
    settings = _begin("ingest" if index is None else f"ingest-{index}", data_dir, partitions=partitions)
    if partitions > 1 and settings.database_url is None:
        raise CannotStartError(SEVERAL_NEED_POSTGRESQL)
    from yinling import bootstrap

    bootstrap.run_ingest(settings, index, partitions)


def start_pager(data_dir: Path | None) -> None:
    """Be the pager."""
    settings = _begin("pager", data_dir)
    from yinling import bootstrap

    bootstrap.run_pager(settings)


def start_api(data_dir: Path | None, host: str | None, http_port: int | None) -> None:
    """Be the API and the pages."""
    settings = _begin("api", data_dir, host=host, http_port=http_port)
    from yinling import bootstrap

    bootstrap.run_api(settings)


def migrate_tables(data_dir: Path | None, reader_token: Path | None = None) -> None:
    """Bring the tables up to date, make the first administrator where there is none, and say so."""
    settings = _begin("migrate", data_dir)
    from timeseries.ports import StoreAwayError
    from yinling.preparation import keep_token_of_readers, prepare_readings, prepare_stores

    password = prepare_stores(settings, say=typer.echo)
    typer.echo("The tables are up to date.")
    if password is not None:
        typer.echo(f"Administrator: admin / {password} (shown this once; to be changed at the first sign-in)")
    try:
        done = prepare_readings(settings)
        if reader_token is not None and keep_token_of_readers(settings, reader_token):
            done.append(f"a token for dashboards in {reader_token}")
    except StoreAwayError as error:
        message = (
            f"InfluxDB at {settings.influx_url} could not be prepared ({error}): check that it runs, and YINLING_INFLUX_TOKEN."
        )
        raise CannotStartError(message) from error
    if settings.influx_url is not None:
        typer.echo(f"InfluxDB: {', '.join(done) or 'as it should be'}.")


def parse_partition(text: str) -> tuple[int | None, int]:
    """`i/P` as numbers; `any/P` as None and P.

    Raises:
        CannotStartError: it is not two numbers with 0 <= i < P, nor `any` and a number.
    """
    left, slash, right = text.partition("/")
    if slash and right.isdecimal() and int(right) > 0:
        if left == "any":
            return None, int(right)
        if left.isdecimal() and int(left) < int(right):
            return int(left), int(right)
    message = f"--partition {text!r} is wrong: write which worker of how many, counted from 0, such as 0/1, 2/4 or any/4."
    raise CannotStartError(message)


def _begin(process: str, data_dir: Path | None, **options: object) -> Settings:
    check_python()
    settings = read_settings(data_dir=data_dir, **options)
    refuse_open_links(settings, process)
    data_dir = prepare_data_dir(settings.data_dir)
    if process != "broker":  # a restore brings the broker's streams back through one
        refuse_half_restored(data_dir)
    configure_logging(process, as_json=settings.log_json, level=settings.log_level)
    expect_many_files()
    return settings
