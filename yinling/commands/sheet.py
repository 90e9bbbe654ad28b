"""`yinling sheet`: print what to work from when the console is down."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import typer
from sqlalchemy.exc import SQLAlchemyError

from core.log import configure_logging
from yinling.checks import check_python
from yinling.environment import read_settings
from yinling.errors import CannotStartError


def print_sheet(data_dir: Path | None, folder: Path | None) -> None:
    """Write one sheet and say where it lies.

    Raises:
        CannotStartError: the store does not answer or the folder cannot be written; the last sheet is still there.
    """
    check_python()
    settings = read_settings(data_dir=data_dir)
    configure_logging("sheet", as_json=settings.log_json, level=settings.log_level)
    from yinling import bootstrap
    from yinling.sheet.making import make_sheet

    try:
        with closing(bootstrap.open_database(settings)) as database:
            written = make_sheet(database, bootstrap.make_clock(), settings, folder)
    except SQLAlchemyError as error:
        message = (
            f"The relational store does not answer ({type(error).__name__}), so there is no new sheet: "
            f"the newest one is in {settings.sheet_dir}."
        )
        raise CannotStartError(message) from error
    except OSError as error:
        message = f"The sheet cannot be written to {error.filename or folder or settings.sheet_dir} ({error.strerror})."
        raise CannotStartError(message) from error
    typer.echo(str(written.html))
    if written.pdf is not None:
        typer.echo(str(written.pdf))
    else:
        typer.echo(
            "There is no PDF: this machine lacks Pango or a font with Chinese letters "
            "(Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 fonts-noto-cjk).",
            err=True,
        )
