"""A backup back into an empty place, compared with what it was.

Nothing is touched before every file of the backup was found whole and the place empty. A mark in the data folder says that
a restore is under way; with it nothing starts there, so a restore that was killed is emptied and begun again, never run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from core.clock import Clock
from core.config import Settings
from yinling import bootstrap, migrations
from yinling.backup import keys, manifest, readings, relational, standing_broker, streams
from yinling.checks import RESTORING, prepare_data_dir
from yinling.errors import CannotStartError

Say = Callable[[str], None]


def check_backup(folder: Path) -> manifest.Manifest:
    """The manifest of a backup whose files are all whole.

    Raises:
        CannotStartError: they are not; the sentence names the first that is not.
    """
    told = manifest.read(folder)
    damaged = manifest.damages(folder, told)
    if damaged:
        message = f"The backup {folder} is damaged ({len(damaged)} files): {damaged[0]}. Take another one."
        raise CannotStartError(message)
    return told


def restore(settings: Settings, clock: Clock, folder: Path, say: Say) -> None:
    """Bring a backup back, compare it, and migrate the tables when this program is newer.

    Raises:
        CannotStartError: the backup is damaged, the place is not empty, or what was restored is not what was backed up.
    """
    told = check_backup(folder)
    say(f"backup of {told.made_at}: {len(told.files)} files are whole")
    _check_place(settings, told)
    data_dir = prepare_data_dir(settings.data_dir)
    mark = data_dir / RESTORING
    mark.write_text(f"{folder}\n", encoding="utf-8")
    say(f"keys and spool: {keys.load(folder, data_dir)} files")
    relational.load(settings.relational_url, folder)
    _compare_tables(settings, told, say)
    loaded = readings.load(settings, clock, folder, data_dir / "copies" / "restore.json")
    _same("readings", loaded, told.readings)
    say(f"readings: {loaded}, as in the backup")
    messages = asyncio.run(_load_streams(settings, folder))
    _compare_streams(messages, told)
    say(f"broker: {len(messages)} streams, {sum(messages.values())} messages, as in the backup")
    bootstrap.migrate(settings)
    mark.unlink()


def _check_place(settings: Settings, told: manifest.Manifest) -> None:
    store = make_url(settings.relational_url).get_backend_name()
    if store != told.store:
        message = f"The backup is of {told.store} and YINLING_DATABASE_URL names {store}: restore into a store of the same kind."
        raise CannotStartError(message)
    if not migrations.knows(told.revision):
        message = (
            f"The backup's tables are newer ({told.revision}) than this Yinling knows: restore it with the version {told.version}."
        )
        raise CannotStartError(message)
    folder = settings.data_dir
    if folder.exists() and any(folder.iterdir()):
        message = f"The data folder {folder} is not empty: name an empty one with --data-dir, or move what is in it away."
        raise CannotStartError(message)


def _compare_tables(settings: Settings, told: manifest.Manifest, say: Say) -> None:
    with closing(bootstrap.open_database(settings)) as database, database.snapshot() as session:
        found = relational.table_sums(session.connection())
    for name, expected in told.tables.items():
        _same(f"the table {name}", found.get(name), expected)
    say(f"relational store: {len(found)} tables, {sum(one.rows for one in found.values())} rows, each row as in the backup")


def _compare_streams(found: Mapping[str, int], told: manifest.Manifest) -> None:
    _same("the list of the broker's streams", sorted(found), sorted(told.streams))
    for name, messages in found.items():
        expected = told.streams[name]
        if not expected.least <= messages <= expected.most:
            _same(f"the broker's stream {name}", messages, f"{expected.least} to {expected.most}")


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        message = f"After the restore {what} is not as in the backup ({found} instead of {expected}): do not use this folder."
        raise CannotStartError(message)


async def _load_streams(settings: Settings, folder: Path) -> Mapping[str, int]:
    if not any((folder / streams.FOLDER).iterdir()):
        return {}
    async with standing_broker.connected(settings) as client:
        return await streams.load(client, folder)
