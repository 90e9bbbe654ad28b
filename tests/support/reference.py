"""The reference pages of `docs/`, made from the source: settings, commands, metrics, error texts, device profiles.

`make reference` writes them; `tests/pure/docs` fails when one is out of date.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer
from prometheus_client import REGISTRY
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from support import rule_reference

from core.config import Settings, secret_names
from core.messages import MESSAGES
from devices.profiles import catalogue
from yinling.cli import app

DOCS = Path(__file__).parents[2] / "docs"
_MADE = "<!-- Made from the source by `make reference`; a test holds it complete. Change the source instead. -->"
_PROCESSES = (
    "core.disk",
    "yinling.ingest_process",
    "yinling.pager_process",
    "yinling.standby",
    "api.application",
    "ingest.gateway_port",
    "ingest.watch",
)


def settings_page() -> str:
    rows = [
        (f"`YINLING_{name.upper()}`", _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "Every setting is an environment variable. Command-line options set the same variables before anything starts, so one "
        "page holds them all. An empty variable counts as unset. A wrong value ends the program with one sentence that names it.",
        _table(("variable", "default", "meaning"), rows),
        "## Secrets by file",
        "Each of these may be given as the path of a file that holds it, in a variable of its name and `_FILE` "
        "(`YINLING_DATABASE_URL_FILE=/run/secrets/database-url`), so that the secret stands in no environment: "
        + ", ".join(f"`YINLING_{name.upper()}`" for name in Settings.model_fields if name in secret_names())
        + ". A line break at the end of the file does not count. To set both is refused; so is a file that is missing, empty or "
        "unreadable.",
        "## Others",
        "Beside these, `YINLING_FAILPOINT` and `YINLING_FAILPOINT_ONCE` arm the moments of death of `core/failpoints.py` in fault "
        "tests, `YINLING_TEST_CLOCK` names the file by which a test moves time (`core/movable_clock.py`), and the "
        "supervisor tells its children its own process id in `YINLING_SUPERVISOR_PID`.",
    )


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined or isinstance(value, SecretStr):
        return "unset"
    if isinstance(value, tuple):
        return f"`{' '.join(value)}`" if value else "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def commands_page() -> str:
    parts = [_section(("yinling", *path), command) for path, command in _commands(typer.main.get_command(app), ())]
    return _page(
        "Commands",
        "`make run` starts a demonstration centre; everything else is `.venv/bin/yinling`. `--help` says the same at the keyboard. "
        "Exit code 2 means that something must be put right first, and one sentence says what.",
        *parts,
    )


def _commands(command: Any, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], Any]]:
    if path:
        yield path, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield from _commands(child, (*path, name))


def _section(path: tuple[str, ...], command: Any) -> str:
    lines = [f"## `{' '.join(path)}`", "", (command.help or "").strip().splitlines()[0]]
    rows = []
    for parameter in command.params:
        said = parameter.opts if parameter.param_type_name == "option" else [parameter.name.upper()]
        names = ", ".join(f"`{name}`" for name in said)
        if "--help" not in names:
            rows.append((names, getattr(parameter, "help", None) or ""))
    return "\n".join([*lines, "", _table(("option", "meaning"), rows)]) if rows else "\n".join(lines)


def metrics_page() -> str:
    for module in _PROCESSES:
        importlib.import_module(module)
    metrics = {metric.name: metric for metric in REGISTRY.collect() if metric.name.startswith("yinling_")}
    rows = [
        (f"`{name}{'_total' if metric.type == 'counter' else ''}`", metric.type, metric.documentation)
        for name, metric in sorted(metrics.items())
    ]
    return _page(
        "Metrics",
        "`/metrics` gathers what every process counts, in Prometheus' text format, each with a label `process`.",
        _table(("metric", "type", "meaning"), rows),
    )


def errors_page() -> str:
    rows = [(f"`{code}`", chinese, english) for code, (chinese, english) in sorted(MESSAGES.items())]
    return _page(
        "Errors",
        'A refusal is `{"error": {"code", "message", "details"}}`. The code is stable; the message is in the language of '
        "`Accept-Language`, Chinese unless English is asked for.",
        _table(("code", "中文", "English"), rows),
    )


def profiles_page() -> str:
    rows = [
        (
            f"`{profile.id}`",
            f"{profile.name.zh_cn} / {profile.name.en}",
            ", ".join(profile.signals),
            ", ".join(profile.metrics),
            f"{profile.silence_seconds / 3600:g} h",
        )
        for profile in catalogue().values()
    ]
    return _page(
        "Device profiles",
        "What each kind of device can say. A profile is a data file in `devices/profiles/`; its comments name the sources of its "
        "limits.",
        _table(("id", "name", "signals", "metrics", "silent after"), rows),
    )


def rules_page() -> str:
    sections = [
        "\n\n".join(part for part in (f"## {heading}", text, _table(tuple(head), rows)) if part)
        for heading, text, head, rows in rule_reference.parts()
    ]
    return _page(
        "Rules",
        "A rule turns signals, readings and silences into alerts. Supervisors change them on the pages, over the API or as YAML "
        "(`yinling rules export`, `yinling rules import`); every change is a version that stays readable. A changed built-in rule "
        "takes the place of the built-in one until the change is deleted. Durations are seconds, times of the day `HH:MM` in the "
        "centre's zone, metrics in their units.",
        f"```yaml\n{rule_reference.EXAMPLE}\n```",
        *sections,
    )


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "metrics.md": metrics_page,
    "errors.md": errors_page,
    "profiles.md": profiles_page,
    "rules.md": rules_page,
}


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", _MADE, *parts]) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    lines = [head, tuple("---" for _ in head), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
