"""What must be so before anything starts; each refusal is one sentence that says what to do."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from core.config import Settings
from core.transport import Link
from yinling.errors import CannotStartError

LINKS_OF: Mapping[str, frozenset[Link]] = MappingProxyType(
    {
        "broker": frozenset({"mqtt", "nats"}),
        "ingest": frozenset({"gateway", "nats", "database", "influx"}),
        "pager": frozenset({"nats", "database"}),
        "api": frozenset({"http", "nats", "database", "influx"}),
        "migrate": frozenset({"database", "influx"}),
    }
)
"""What each process opens or connects to; `run` starts them all."""

OLDEST_PYTHON = (3, 11)
RESTORING = "restore.unfinished"
"""Lies in a data folder while a backup is brought back into it."""


def check_python() -> None:
    """Refuse a Python that is too old, or a system without the process calls this program needs."""
    if sys.version_info < OLDEST_PYTHON:
        message = f"Yinling needs Python 3.11 or newer, and this is {sys.version.split()[0]}: start it with a newer one."
        raise CannotStartError(message)
    if os.name != "posix":
        message = "Yinling runs on Linux and macOS: on Windows start it inside WSL."
        raise CannotStartError(message)


def prepare_data_dir(data_dir: Path) -> Path:
    """Make the data folder where it is missing and prove that it can be written; gives its absolute path."""
    folder = data_dir.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(b"trial")
            trial.flush()
    except OSError as error:
        message = (
            f"The data folder {folder} cannot be written ({error.strerror}): make it writable, or choose another with --data-dir."
        )
        raise CannotStartError(message) from error
    return folder


def refuse_half_restored(folder: Path) -> None:
    """Refuse to start on a folder that a restore did not finish: what is missing there would be taken for never written.

    Raises:
        CannotStartError: its mark lies there.
    """
    if (folder / RESTORING).exists():
        message = f"A restore into {folder} was never finished: empty it and restore again with 'yinling restore'."
        raise CannotStartError(message)


def refuse_open_links(settings: Settings, process: str) -> None:
    """Refuse to start what would carry people's lives in the clear to or from another machine.

    Raises:
        CannotStartError: the first such link, with what protects it and how to allow it all the same.
    """
    wanted = LINKS_OF.get(process.partition("-")[0])
    for open_link in settings.transport.open_links():
        if wanted is None or open_link.link in wanted:
            message = (
                f"The link '{open_link.link}' ({open_link.host}) leaves this machine without TLS: set {open_link.remedy}, "
                f"or name it in YINLING_PLAIN_LINKS if something else protects it; docs/tls.md says how."
            )
            raise CannotStartError(message)
