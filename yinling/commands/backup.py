"""`yinling backup` and `yinling restore`: everything a centre has, out and back in, with checksums."""

from __future__ import annotations

from pathlib import Path

import typer
from sqlalchemy.exc import SQLAlchemyError

from core.config import Settings
from core.errors import YinlingError
from core.log import configure_logging
from yinling.checks import check_python
from yinling.environment import read_settings
from yinling.errors import CannotStartError


def back_up(into: Path, *, kept: int | None, data_dir: Path | None) -> None:
    """Make one backup and say where it is."""
    settings = _begin("backup", data_dir)
    from yinling import bootstrap
    from yinling.backup.making import make_backup, prune

    try:
        done = make_backup(settings, bootstrap.make_clock(), into, _say)
    except (SQLAlchemyError, YinlingError, OSError) as error:
        message = f"There is no backup ({error}): put that right and try again; earlier ones are as they were."
        raise CannotStartError(message) from error
    for old in prune(into, kept) if kept is not None else ():
        _say(f"removed {old.name}")
    typer.echo(str(done))


def bring_back(folder: Path, *, check: bool, data_dir: Path | None) -> None:
    """Restore one backup, or only look whether it is whole."""
    settings = _begin("restore", data_dir)
    from yinling import bootstrap
    from yinling.backup.restoring import check_backup, restore

    if check:
        told = check_backup(folder)
        typer.echo(f"The backup of {told.made_at} is whole: {len(told.files)} files.")
        return
    try:
        restore(settings, bootstrap.make_clock(), folder, _say)
    except (SQLAlchemyError, YinlingError, OSError) as error:
        message = f"The restore stopped ({error}). Empty {settings.data_dir} and begin again; the backup is as it was."
        raise CannotStartError(message) from error
    typer.echo(f"Restored into {settings.data_dir}. Start it: what was due meanwhile comes now.")


def _begin(process: str, data_dir: Path | None) -> Settings:
    check_python()
    settings = read_settings(data_dir=data_dir)
    configure_logging(process, as_json=settings.log_json, level="WARNING")
    return settings


def _say(text: str) -> None:
    typer.echo(text, err=True)
