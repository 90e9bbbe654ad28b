"""`yinling grafana sync`: what the centre shows in Grafana, brought up to date by whoever may read the data folder.

It works beside a running centre and is no part of it: when Grafana is away nothing else notices.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.clock import wait
from core.errors import YinlingError
from core.messages import text
from yinling.errors import CannotStartError

if TYPE_CHECKING:
    from core.config import Settings
    from core.database import Database
    from yinling.grafana.sync import Done

grafana_app = typer.Typer(help="Grafana: dashboards, folders, teams, accounts and annotations.", no_args_is_help=True)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="D", help="Folder of everything that survives (YINLING_DATA_DIR).")
]
_WHOLE_EVERY = timedelta(hours=1)


@grafana_app.command("sync")
def sync_grafana(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take back what people changed by hand in dashboards of ours.")
    ] = False,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3700, help="Annotate incidents opened since then.")] = 7,
    every: Annotated[
        int | None,
        typer.Option("--every", metavar="SECONDS", min=10, help="Go on until Ctrl-C: annotations this often, the rest each hour."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Create or update folders, data sources, dashboards, teams, accounts and annotations in Grafana; safe at any time."""
    from yinling import bootstrap
    from yinling.environment import read_settings

    settings = read_settings(data_dir=data_dir)
    bootstrap.migrate(settings)
    database = bootstrap.open_database(settings)
    try:
        run = _Run(settings, database, dry_run=dry_run, overwrite=overwrite, days=days)
        if every is None or dry_run:
            raise typer.Exit(1 if run.whole() else 0)
        run.go_on(every)
    except YinlingError as error:
        raise CannotStartError(text(error.code, "en", error.details)) from error
    finally:
        database.close()


class _Run:
    """One start of the command."""

    def __init__(self, settings: Settings, database: Database, *, dry_run: bool, overwrite: bool, days: int) -> None:
        from yinling import bootstrap
        from yinling.grafana.adapter import Grafana

        self._settings, self._database, self._days = settings, database, days
        self._dry_run, self._overwrite = dry_run, overwrite
        self._clock = bootstrap.make_clock()
        self._grafana = Grafana(settings)
        self._since: datetime | None = None
        """Incidents opened before this are annotated and closed: the cursor, forgotten with the process."""

    def whole(self) -> int:
        """Everything once; how much was refused."""
        from yinling.grafana.accounts import Accounts
        from yinling.grafana.boards import folder_of, load_boards
        from yinling.grafana.facts import read_facts
        from yinling.grafana.plan import make_plan
        from yinling.grafana.sync import Content

        version = self._grafana.probe()
        typer.echo(f"Grafana {version} at {self._grafana.address}" + (" (nothing is changed)" if self._dry_run else ""))
        with self._database.snapshot() as session:
            facts = read_facts(session)
        boards = load_boards(folder_of(self._settings.grafana_dashboards))
        desired = make_plan(facts, self._settings, boards, _authority(self._settings))
        content = Content(self._grafana, desired, dry_run=self._dry_run, overwrite=self._overwrite)
        refused = self._say(content.run())
        refused += self._say(Accounts(self._grafana, desired, content.teams, dry_run=self._dry_run).run())
        self._since = None
        refused += self.annotate()
        for note in desired.notes:
            typer.echo(f"note: {text(note.code, 'en', note.details)}", err=True)
        if desired.without_account:
            typer.echo(
                f"note: no account for {', '.join(desired.without_account)}, who see single areas; docs/grafana.md says why",
                err=True,
            )
        return refused

    def annotate(self) -> int:
        """Incidents since the cursor; how much was refused."""
        from yinling.grafana.annotations import Annotations, wanted_annotations

        now = self._clock.now()
        since = self._since or now - timedelta(days=self._days)
        with self._database.snapshot() as session:
            wanted = wanted_annotations(session, since, self._settings.grafana_prefix, self._settings.language)
        refused = self._say(Annotations(self._grafana, self._settings.grafana_prefix, dry_run=self._dry_run).run(wanted))
        unfinished = [one.began_at for one in wanted if one.closed_at is None]
        if not refused:
            self._since = min([*unfinished, now - timedelta(minutes=1)])
        return refused

    def go_on(self, every: int) -> None:
        """Round after round until Ctrl-C; a Grafana that is away is a line, and is tried again."""
        import signal

        stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopping.set())
        whole_at: datetime | None = None
        while not stopping.is_set():
            try:
                if whole_at is None or self._clock.now() >= whole_at:
                    self.whole()
                    whole_at = self._clock.now() + _WHOLE_EVERY
                else:
                    self.annotate()
            except YinlingError as error:
                typer.echo(f"not now: {text(error.code, 'en', error.details)}", err=True)
            wait(stopping, float(every), self._clock)

    def _say(self, lines: Iterable[Done]) -> int:
        from collections import Counter

        seen: Counter[tuple[str, str]] = Counter()
        refused = 0
        for one in lines:
            seen[one.kind, one.action] += 1
            refused += one.action == "refused"
            if one.code is not None:
                typer.echo(
                    f"{one.kind} {one.action}: [{one.code}] {text(one.code, 'en', one.details)}", err=one.action == "refused"
                )
            elif one.action != "unchanged":
                would = "would be " if self._dry_run else ""
                typer.echo(f"{one.kind} {would}{one.action}: {one.name}")
            if one.password is not None:
                typer.echo(f"  password of {one.name}, shown this once: {one.password}")
        for (kind, action), number in sorted(seen.items()):
            if action == "unchanged":
                typer.echo(f"{number} {kind}{'s' if number > 1 else ''} unchanged")
        return refused


def _authority(settings: Settings) -> str | None:
    if settings.tls_authority is None:
        return None
    try:
        return settings.tls_authority.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        message = f"YINLING_TLS_AUTHORITY {settings.tls_authority} cannot be read: {error}"
        raise CannotStartError(message) from error


__all__ = ["grafana_app"]
