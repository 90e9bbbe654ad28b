"""docker-compose.yml as an engine reads it: merged, with variables filled in, for one profile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?::-(?P<default>[^}]*))?\}")

Service = Mapping[str, Any]


@dataclass(frozen=True)
class Mount:
    """A volume or a file of the tree in a container."""

    source: str
    target: str
    is_volume: bool
    read_only: bool


def variables() -> dict[str, set[str]]:
    """Every variable of the file with the defaults it is given."""
    found: dict[str, set[str]] = {}
    for match in _VARIABLE.finditer(_uncommented()):
        found.setdefault(match["name"], set()).add(match["default"] or "")
    return found


def load(values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file with these variables."""
    given = values or {}

    def fill(match: re.Match[str]) -> str:
        return given.get(match["name"]) or match["default"] or ""

    model: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(fill, _uncommented()))
    return model


def services(values: Mapping[str, str] | None = None) -> dict[str, Service]:
    """The services that start: those of no profile and those of the profile in COMPOSE_PROFILES."""
    profile = (values or {}).get("COMPOSE_PROFILES", "")
    return {
        name: service
        for name, service in load(values)["services"].items()
        if not service.get("profiles") or profile in service["profiles"]
    }


def environment(service: Service, project: Path = ROOT) -> dict[str, str]:
    """What a container finds in its environment; `.env` is looked for in the project's folder."""
    found: dict[str, str] = {}
    for entry in service.get("env_file", []):
        path = (project if entry["path"] == ".env" else ROOT) / entry["path"]
        if path.exists() or entry.get("required", True):
            lines = path.read_text(encoding="utf-8").splitlines()
            found |= dict(line.split("=", 1) for line in lines if line.strip() and not line.startswith("#"))
    return found | {name: str(value) for name, value in service.get("environment", {}).items()}


def mounts(service: Service) -> Iterator[Mount]:
    """Volumes and files."""
    for text in service.get("volumes", []):
        source, target, *mode = text.split(":")
        yield Mount(source, target, is_volume=not source.startswith("."), read_only=mode == ["ro"])


def conditions(service: Service) -> dict[str, str]:
    """Which services it waits for, and how long."""
    return {name: wanted["condition"] for name, wanted in service.get("depends_on", {}).items()}


def in_order(found: Mapping[str, Service]) -> list[str]:
    """The services, each after those it waits for."""
    order: list[str] = []

    def visit(name: str, waiting: tuple[str, ...]) -> None:
        assert name not in waiting, f"services wait for each other: {waiting}"
        if name not in order:
            for other in conditions(found[name]):
                visit(other, (*waiting, name))
            order.append(name)

    for name in found:
        visit(name, ())
    return order


def _uncommented() -> str:
    return "\n".join(line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#"))
