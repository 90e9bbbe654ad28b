"""What a backup holds, and whether it is whole: every file with its checksum, every table with its rows and theirs.

The manifest is written last. A folder without one is no backup, whatever it is called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from yinling.errors import CannotStartError

NAME = "manifest.json"
FORMAT = 1
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TableSum:
    """A table's rows, and a digest of them in the order of their keys."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StreamSum:
    """How many messages of a stream a backup has.

    At least those that were there before and after it was taken, at most all that were there before. What was acknowledged
    in between is in the relational store, which is taken later.
    """

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class FileSum:
    """A file's size and digest."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a restore needs to know, and to compare with."""

    made_at: str
    version: str
    store: str
    """`sqlite` or `postgresql`: a backup goes back into a store of its kind."""
    revision: str
    """Of the tables."""
    tables: Mapping[str, TableSum]
    readings: int
    streams: Mapping[str, StreamSum]
    """The broker's streams; empty where it had none yet."""
    files: Mapping[str, FileSum]
    format: int = field(default=FORMAT)


def write(folder: Path, manifest: Manifest) -> None:
    """Write it; the caller syncs the folder."""
    (folder / NAME).write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2) + b"\n")


def read(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        CannotStartError: this is no backup, one that was never finished, or one of a later Yinling.
    """
    try:
        content = orjson.loads((folder / NAME).read_bytes())
        if content["format"] != FORMAT:
            message = f"{folder} was written by a later Yinling (format {content['format']}): restore it with that one."
            raise CannotStartError(message)
        content["tables"] = {name: TableSum(**told) for name, told in content["tables"].items()}
        content["streams"] = {name: StreamSum(**told) for name, told in content["streams"].items()}
        content["files"] = {name: FileSum(**told) for name, told in content["files"].items()}
        return Manifest(**content)
    except FileNotFoundError as error:
        message = f"{folder} is no finished backup: it has no {NAME}. Take an earlier one."
        raise CannotStartError(message) from error
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        message = f"{folder / NAME} cannot be read: the backup is damaged. Take another one."
        raise CannotStartError(message) from error


def sums_of(folder: Path) -> dict[str, FileSum]:
    """Every file below the folder, the manifest left out."""
    return {name: sum_of(folder / name) for name in sorted(_names(folder))}


def sum_of(path: Path) -> FileSum:
    """Size and digest of one file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return FileSum(path.stat().st_size, digest.hexdigest())


def damages(folder: Path, manifest: Manifest) -> list[str]:
    """What is not as it was written, in words; empty when all is whole."""
    found = []
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif sum_of(path) != expected:
            found.append(f"{name} is not as it was written")
    return found


def _names(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != NAME:
            yield name
