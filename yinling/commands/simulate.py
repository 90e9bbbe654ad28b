"""`yinling simulate` and the filling in of the past week: the demonstration town comes to life."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.table import Table

from core.clock import SystemClock
from core.config import Settings
from core.log import configure_logging
from core.open_files import expect_many_files
from core.tls import client_context
from yinling import demo, run_file
from yinling.checks import prepare_data_dir
from yinling.demo.census import household
from yinling.demo.furnishing import furnish
from yinling.demo.keys import DemoKey, load_or_create
from yinling.environment import read_settings
from yinling.errors import CannotStartError
from yinling.ports import answers, own_address, own_context, reachable
from yinling.simulate.alarms import Resident
from yinling.simulate.colleague import ROUND_SECONDS, Colleague
from yinling.simulate.town import Tally, Town, Ways


def simulate_homes(*, homes: int, rate: float, quiet: bool, data_dir: Path | None) -> None:
    """Let homes live until SIGTERM or Ctrl-C."""
    settings = _settings_of_running_centre(data_dir)
    configure_logging("simulate", as_json=settings.log_json, level=settings.log_level)
    expect_many_files()
    folder = prepare_data_dir(settings.data_dir)
    clock = SystemClock()
    _ensure_homes(settings, folder, homes)
    ways = _ways(settings, rate)
    residents = [Resident(plan, furnish(plan)) for plan in map(household, range(1, homes + 1))]
    town = Town(residents, load_or_create(folder), ways, clock)
    colleague = _colleague(settings, load_or_create(folder), residents) if settings.demo else None
    if quiet:
        asyncio.run(_until_stopped(town, colleague, lambda _tally: None))
        return
    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        asyncio.run(_until_stopped(town, colleague, lambda tally: live.update(_picture(tally, homes, rate), refresh=True)))


def fill_past_week(data_dir: Path | None) -> None:
    """Give every simulated home its readings of the past week."""
    from yinling.commands.fill_past import fill

    settings = _settings_of_running_centre(data_dir)
    configure_logging("fill-past", as_json=settings.log_json, level=settings.log_level)
    fill(settings, prepare_data_dir(settings.data_dir), SystemClock())


def _colleague(settings: Settings, key: DemoKey, residents: Sequence[Resident]) -> Colleague:
    homes = frozenset(resident.home.code for resident in residents) - {demo.FAMILY_HOME}
    address, tls = own_address(settings, settings.http_port), own_context(settings)
    return Colleague(address, demo.COLLEAGUE, key.secret_of(demo.COLLEAGUE), homes, SystemClock(), tls=tls)


def _ways(settings: Settings, rate: float) -> Ways:
    host = reachable(settings.host)

    def context(link: Literal["mqtt", "gateway"]) -> ssl.SSLContext | None:
        return client_context(settings, host) if settings.transport.speaks_tls(link) else None

    zone = ZoneInfo(settings.timezone)
    return Ways(host, settings.mqtt_port, settings.gateway_port, zone, rate, context("mqtt"), context("gateway"))


async def _until_stopped(town: Town, colleague: Colleague | None, show: Callable[[Tally], None]) -> None:
    living = asyncio.ensure_future(_live(town, colleague, show))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, living.cancel)
    with suppress(asyncio.CancelledError):
        await living


async def _live(town: Town, colleague: Colleague | None, show: Callable[[Tally], None]) -> None:
    async with asyncio.TaskGroup() as together:
        together.create_task(town.live(show))
        if colleague is not None:
            together.create_task(_work(colleague))


async def _work(colleague: Colleague) -> None:
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        await asyncio.to_thread(colleague.round)


def _settings_of_running_centre(data_dir: Path | None) -> Settings:
    """The settings, with the ports of the centre that runs on this folder where none are set.

    Raises:
        CannotStartError: no centre answers.
    """
    settings = read_settings(data_dir=data_dir)
    running = run_file.read(settings.data_dir)
    if running is not None:
        for name, port in running.ports.items():
            os.environ.setdefault(f"YINLING_{name.upper()}_PORT", str(port))
        os.environ.setdefault("YINLING_HOST", running.host)
        settings = read_settings()
    if not answers(settings.host, settings.mqtt_port, timeout_seconds=5):
        message = (
            f"No broker answers on {settings.host}:{settings.mqtt_port}: start the centre with 'yinling run', "
            "or say where it is with --data-dir or YINLING_MQTT_PORT."
        )
        raise CannotStartError(message)
    return settings


def _ensure_homes(settings: Settings, folder: Path, homes: int) -> None:
    from yinling import bootstrap

    with closing(bootstrap.open_database(settings)) as database:
        demo.ensure_centre(database, folder, settings, homes, SystemClock())


def _picture(tally: Tally, homes: int, rate: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("Homes", str(homes))
    table.add_row("Times faster than life", f"{rate:g}")
    table.add_row("Devices connected", f"{tally.connected} of {tally.devices}")
    table.add_row("Messages sent", str(tally.said))
    table.add_row("Alarms", str(tally.alarms))
    table.add_row("Receipts: accepted / seen by a person", f"{tally.accepted} / {tally.seen}")
    table.add_row("Repeats for want of a receipt", str(tally.repeats))
    return table
