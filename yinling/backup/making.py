"""A backup of a centre while it runs.

The order is the promise. The broker comes first, then the spool, then the relational store, then the readings: what was not
yet acknowledged when the broker was asked is in its streams, and may already be an incident in the store; after a restore it
comes again and is known by its event id. The other way round it would be in neither.

Written under a name that ends in `.partial`, synced, then renamed: killed at any moment there is no half backup that looks
like one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.config import Settings
from yinling import bootstrap
from yinling.backup import keys, manifest, readings, relational, standing_broker, streams
from yinling.errors import CannotStartError

PARTIAL = ".partial"
_PREFIX = "yinling-"

Say = Callable[[str], None]


def make_backup(settings: Settings, clock: Clock, into: Path, say: Say) -> Path:
    """Back everything up into a new folder below `into`; gives it.

    Raises:
        CannotStartError: a part of the centre does not answer; nothing that looks like a backup is left.
    """
    stamp = clock.now().astimezone(ZoneInfo(settings.timezone)).strftime("%Y%m%d-%H%M%S")
    done = into / f"{_PREFIX}{stamp}"
    if done.exists():
        message = f"{done} is there already."
        raise CannotStartError(message)
    partial = done.with_name(f"{done.name}{PARTIAL}")
    partial.mkdir(mode=0o700, parents=True)
    try:
        made = _fill(settings, clock, partial, say)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    manifest.write(partial, made)
    _sync(partial)
    partial.replace(done)
    _sync_folder(into)
    return done


def prune(into: Path, kept: int) -> list[Path]:
    """Remove all but the newest `kept` finished backups, and what killed ones left; gives what went."""
    finished = [path for path in into.glob(f"{_PREFIX}*") if path.suffix != PARTIAL and (path / manifest.NAME).exists()]
    old = [*sorted(finished, reverse=True)[kept:], *into.glob(f"{_PREFIX}*{PARTIAL}")]
    for path in old:
        shutil.rmtree(path)
    return old


def _fill(settings: Settings, clock: Clock, folder: Path, say: Say) -> manifest.Manifest:
    now = clock.now()
    messages = asyncio.run(_dump_streams(settings, folder))
    say(f"broker: {len(messages)} streams, {sum(one.most for one in messages.values())} messages")
    say(f"keys and spool: {keys.dump(settings.data_dir, folder)} files")
    with closing(bootstrap.open_database(settings)) as database:
        tables = relational.dump(database, folder)
        with database.snapshot() as session:
            revision = relational.revision_of(session.connection())
        store = "sqlite" if database.is_sqlite else "postgresql"
    say(f"relational store: {len(tables)} tables, {sum(one.rows for one in tables.values())} rows")
    count = readings.dump(settings, clock, folder)
    say(f"readings: {count}")
    return manifest.Manifest(
        made_at=now.isoformat(),
        version=version("yinling"),
        store=store,
        revision=revision,
        tables=tables,
        readings=count,
        streams=messages,
        files=manifest.sums_of(folder),
    )


async def _dump_streams(settings: Settings, folder: Path) -> Mapping[str, manifest.StreamSum]:
    async with standing_broker.connected(settings) as client:
        return await streams.dump(client, folder)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
