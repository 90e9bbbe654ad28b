"""`{data_dir}/run.json`: what runs now, for programs.

Written whole when everything is ready and whenever a child's process changes, removed at the stop. After a SIGKILL of
the supervisor an old one stays behind; its `supervisor` process is then dead, and the next start replaces it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from yinling.guard import is_alive
from yinling.ports import Ports

NAME = "run.json"


def write(data_dir: Path, *, host: str, ports: Ports, children: Mapping[str, int | None]) -> None:
    """Replace the file atomically."""
    content = {
        "supervisor": os.getpid(),
        "data_dir": str(data_dir),
        "host": host,
        "ports": asdict(ports),
        "children": dict(children),
    }
    beside = data_dir / f".{NAME}.new"
    beside.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    beside.replace(data_dir / NAME)


@dataclass(frozen=True, slots=True)
class Running:
    """What a run file tells another program of the command line."""

    supervisor: int
    host: str
    ports: Mapping[str, int]


def read(data_dir: Path) -> Running | None:
    """What runs on this folder, or None; a file left by a killed supervisor counts as none."""
    try:
        content = orjson.loads((data_dir / NAME).read_bytes())
        running = Running(content["supervisor"], content["host"], content["ports"])
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return running if is_alive(running.supervisor) else None


def remove(data_dir: Path) -> None:
    """Take the file away; nothing when there is none."""
    (data_dir / NAME).unlink(missing_ok=True)
