"""What must be so before anything starts; each refusal is one sentence that says what to do."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from yinling.errors import CannotStartError

OLDEST_PYTHON = (3, 11)


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
