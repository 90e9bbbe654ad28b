"""`yinling run`: everything of one centre on one machine.

Checks come before anything is started or written; then the supervisor takes over.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import structlog
import typer

from core.clock import SystemClock
from core.config import Settings
from core.log import configure_logging
from yinling import demo, ports, welcome
from yinling.checks import check_python, prepare_data_dir, refuse_half_restored, refuse_open_links
from yinling.children import Plan
from yinling.commands.processes import SEVERAL_NEED_POSTGRESQL
from yinling.environment import read_settings
from yinling.errors import CannotStartError
from yinling.folder_locks import data_folder_locked
from yinling.supervisor import Supervisor

log = structlog.get_logger()


def run_centre(**options: object) -> None:
    """Run until a signal; returns when nothing is left running."""
    check_python()
    # A person watches this terminal: routine lines would push the addresses off it.
    os.environ.setdefault("YINLING_LOG_LEVEL", "WARNING")
    settings = read_settings(**options)
    if settings.partitions > 1 and settings.database_url is None:
        raise CannotStartError(SEVERAL_NEED_POSTGRESQL)
    refuse_open_links(settings, "run")
    configure_logging("supervisor", as_json=settings.log_json, level=settings.log_level)
    data_dir = prepare_data_dir(settings.data_dir)
    refuse_half_restored(data_dir)
    clock = SystemClock()
    with data_folder_locked(data_dir, clock) as lock:
        chosen = ports.resolve(settings)
        centre = _Centre(settings, data_dir, chosen)
        supervisor = Supervisor(settings, data_dir, chosen, lock, clock)
        supervisor.run(centre, _companions(settings))


class _Centre:
    """What this run prepared, for the block that is printed when it is ready."""

    def __init__(self, settings: Settings, data_dir: Path, chosen: ports.Ports) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._ports = chosen
        self._admin_password: str | None = None
        self._first_sos: demo.FirstSos | None = None

    def prepare(self) -> None:
        """Bring the tables up to date and make the administrator."""
        from timeseries.ports import StoreAwayError
        from yinling.preparation import prepare_readings, prepare_stores

        default = demo.ADMINISTRATOR_PASSWORD if self._settings.demo else None
        self._admin_password = prepare_stores(self._settings, default, typer.echo)
        try:
            prepare_readings(self._settings)
        except StoreAwayError as error:
            # Alarms do not need it: readings wait in the spool, and an incident is raised where a person must act.
            log.warning("readings_store_not_prepared", reason=str(error))

    def fill(self) -> None:
        """Fill the demonstration centre."""
        from yinling import bootstrap

        if not self._settings.demo:
            return
        with closing(bootstrap.open_database(self._settings)) as database:
            self._first_sos = demo.ensure_centre(database, self._data_dir, self._settings, demo.HOMES, bootstrap.make_clock())

    def announce(self) -> None:
        """Print where everything is."""
        welcome.show(self._settings, self._ports, admin_password=self._admin_password, first_sos=self._first_sos)


def _companions(settings: Settings) -> list[Plan]:
    if not settings.demo:
        return []
    return [
        Plan("simulate", ("simulate", "--homes", str(demo.HOMES), "--quiet")),
        Plan("fill-past", ("fill-past",), once=True),
    ]
