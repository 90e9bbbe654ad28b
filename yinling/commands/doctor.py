"""`yinling doctor`: looks at everything a centre needs and says what to do about what is wrong.

Works beside a running centre and without one; changes nothing. Exit code 1 when something must be put right.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from yinling import run_file
from yinling.doctor import certificates, machine, network, paging, postgresql, sheets, stores, workers
from yinling.doctor.finding import Check, Finding, Verdict
from yinling.environment import read_settings
from yinling.errors import CannotStartError

CHECKS: tuple[Check, ...] = (
    machine.check_interpreter,
    machine.check_data_dir,
    machine.check_disk,
    stores.check_clock,
    machine.check_sqlite,
    machine.check_broker_program,
    stores.check_relational,
    postgresql.check_postgresql,
    stores.check_readings,
    paging.check_fallback,
    machine.check_pages,
    certificates.check_links,
    certificates.check_certificates,
    sheets.check_sheets,
    workers.check_workers,
)
"""What is looked at beside the ports, in the order it is told."""


def examine(data_dir: Path | None) -> int:
    """Run every check and print the table; the exit code."""
    try:
        settings = read_settings(data_dir=data_dir)
    except CannotStartError as error:
        typer.echo(f"wrong  settings: {error}")
        return 1
    findings = [finding for check in CHECKS for finding in check(settings)]
    running = run_file.read(settings.data_dir)
    findings += network.check_running(settings, running) if running else network.check_free_ports(settings)
    findings += certificates.check_shown(settings, running.ports) if running else ()
    _print(findings)
    return 1 if any(finding.verdict is Verdict.BAD for finding in findings) else 0


def _print(findings: Sequence[Finding]) -> None:
    colours = {Verdict.GOOD: "green", Verdict.ODD: "yellow", Verdict.BAD: "bold red"}
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        table.add_row(f"[{colours[finding.verdict]}]{finding.verdict}[/]", finding.what, finding.says)
    Console(highlight=False).print(table)
