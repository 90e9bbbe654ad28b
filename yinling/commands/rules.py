"""`yinling rules list|show|export|import`: the rules of a centre, for whoever may read its data folder.

Every command works beside a running centre; its workers take up a changed rule within a second or two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.clock import SystemClock
from core.errors import YinlingError
from core.messages import problem_text, text
from yinling.errors import CannotStartError

if TYPE_CHECKING:
    from alerts.ruleset.compile import RuleInForce
    from alerts.ruleset.exchange import Imported
    from core.database import Database

rules_app = typer.Typer(help="Rules: what turns signals, readings and silences into alerts.", no_args_is_help=True)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="D", help="Folder of everything that survives (YINLING_DATA_DIR).")
]
_ACTOR = "command line"


@rules_app.command("list")
def list_rules(*, data_dir: DataDir = None) -> None:
    """List the rules in force: code, version, severity, kind, name."""
    from alerts.ruleset.compile import rules_in_force

    with _database(data_dir) as database, database.snapshot() as session:
        rules = rules_in_force(session)
    for rule in rules.rules:
        version = "built in" if rule.version == 0 else f"v{rule.version}"
        typer.echo(f"{rule.code:<20} {version:<9} {rule.spec.severity.value:<9} {rule.spec.kind:<11} {_name(rule)}")
    for code in rules.broken:
        typer.echo(f"{code:<20} cannot be read and does not run; its built-in rule does, where there is one", err=True)


@rules_app.command("show")
def show_rule(code: Annotated[str, typer.Argument(help="The rule's code.")], *, data_dir: DataDir = None) -> None:
    """Print one rule as YAML, and what it was before."""
    from alerts.ruleset import store
    from alerts.ruleset.service import find_rule
    from alerts.ruleset.yaml_form import write_rules

    with _database(data_dir) as database, database.snapshot() as session:
        rule = find_rule(session, code, _ACTOR)
        row = store.find_row(session, code)
        versions = [] if row is None else store.versions_of(session, row)
    typer.echo(write_rules([rule.spec]), nl=False)
    for one in versions:
        note = f": {one.note}" if one.note else ""
        typer.echo(f"# version {one.version}, {one.created_at:%Y-%m-%d %H:%M} UTC, {one.created_by}{note}")


@rules_app.command("export")
def export_rules(
    *,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write there instead of standard output.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Print every rule in force as YAML, to keep, compare, change and import again."""
    from alerts.ruleset import exchange

    with _database(data_dir) as database, database.snapshot() as session:
        written = exchange.export_rules(session, _ACTOR)
    if output is None:
        typer.echo(written, nl=False)
    else:
        output.write_text(written, encoding="utf-8")


@rules_app.command("import")
def import_rules(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file of rules; - reads standard input.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Put every rule of a YAML file; with a problem anywhere nothing is changed. Rules it does not name stay as they are."""
    from alerts.ruleset import exchange

    given = exchange.read_text(_read(file))
    with _database(data_dir) as database:
        with database.snapshot() as session:
            done = exchange.plan_import(session, given, _ACTOR)
        if not dry_run and not done.problems:
            with database.transaction() as session:
                exchange.carry_out(session, given, done, SystemClock().now(), _ACTOR)
    for line in _sentences(done, dry_run=dry_run):
        typer.echo(line, err=bool(done.problems))
    if done.problems:
        message = f"{len(done.problems)} to put right in {file}; nothing was changed."
        raise CannotStartError(message)


def _sentences(done: Imported, *, dry_run: bool) -> Iterator[str]:
    for one in done.problems:
        place = ", ".join(part for part in (one.rule or "", one.path, f"line {one.line}" if one.line else "") if part)
        yield f"{place}: {problem_text(one.code, 'en', one.details)}" if place else problem_text(one.code, "en", one.details)
    if done.problems:
        return
    would = "would be " if dry_run else ""
    for word, codes in (("created", done.created), ("changed", done.changed)):
        for code in codes:
            yield f"{code}: {would}{word}"
    yield f"{len(done.created)} {would}created, {len(done.changed)} {would}changed, {len(done.unchanged)} unchanged"


def _name(rule: RuleInForce) -> str:
    marks = [word for word, is_so in (("off", not rule.spec.enabled), ("monitor", rule.spec.monitor)) if is_so]
    return f"{rule.spec.name.zh} / {rule.spec.name.en}" + (f" ({', '.join(marks)})" if marks else "")


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise CannotStartError(message) from error


@contextmanager
def _database(data_dir: Path | None) -> Iterator[Database]:
    """The centre's relational store, brought up to date; a refusal becomes one sentence."""
    from yinling import bootstrap
    from yinling.environment import read_settings

    settings = read_settings(data_dir=data_dir)
    bootstrap.migrate(settings)
    database = bootstrap.open_database(settings)
    try:
        yield database
    except YinlingError as error:
        raise CannotStartError(text(error.code, "en", error.details)) from error
    finally:
        database.close()
