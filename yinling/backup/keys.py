"""The files of the data folder that are part of a backup: keys, certificates, spooled readings, what devices sign in by.

Everything else in there is a store that has a way of its own, or belongs to processes that run.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

FOLDER = "files"
_LEFT_OUT = ("broker/jetstream", "sheets", "copies")
_STORES = ("yinling.db", "readings.db")
_OF_PROCESSES = ("run.json", "supervisor.lock", "children.lock", "broker/nats.conf", "broker/nats.log")


def dump(data_dir: Path, folder: Path) -> int:
    """Copy them into the folder; how many."""
    copied = 0
    for name in sorted(_kept(data_dir)):
        target = folder / FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.copy2(data_dir / name, target)
        except FileNotFoundError:  # a segment of the spool that was brought into the store meanwhile
            continue
        copied += 1
    return copied


def load(folder: Path, data_dir: Path) -> int:
    """Copy them back; how many."""
    source = folder / FOLDER
    names = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    for name in names:
        target = data_dir / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy2(source / name, target)
    return len(names)


def _kept(data_dir: Path) -> Iterator[str]:
    for path in data_dir.rglob("*"):
        name = path.relative_to(data_dir).as_posix()
        outside = any(name == left or name.startswith(f"{left}/") for left in _LEFT_OUT)
        store = any(name == one or name.startswith(f"{one}-") for one in _STORES)
        if (
            path.is_file()
            and not path.is_symlink()
            and not outside
            and not store
            and name not in _OF_PROCESSES
            and not path.name.startswith(".")
        ):
            yield name
