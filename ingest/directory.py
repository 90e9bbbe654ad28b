"""Who may sign in: devices, their secrets and certificates, from the database, or from a snapshot on disk when it is away.

Every sign-in asks the database, so a new secret or a retirement holds at once. A thread writes what the database says
to a file every few seconds (aside, synced, renamed: a death leaves the old file whole); when the database does not
answer, the file does, for at most as stale as that.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import orjson
import sqlalchemy as sa
import structlog

from core.clock import Clock
from core.database import Database
from devices.model import Device, DeviceState
from people.model import Home

log = structlog.get_logger()

LOOKUP_SECONDS = 1.0
"""A database that has not answered by then counts as away."""

HOLD_OFF_SECONDS = 3.0
"""How long an absent database is not asked again; sign-ins must not queue behind it."""

SNAPSHOT_SECONDS = 5.0
_AWAY = (sa.exc.SQLAlchemyError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """What a sign-in is compared with: the SHA-256 of a 256-bit random secret, or of the device's certificate."""

    code: str
    home_code: str
    secret_hash: str | None
    client_id: str
    is_gateway: bool
    retired: bool
    certificate_hash: str | None = None


class DeviceDirectory(Protocol):
    """Finds devices by the name they sign in with."""

    async def find(self, code: str) -> DeviceCredentials | None:
        """The device's credentials, or None when there is no such device."""
        ...


def profile_is_gateway(profile: str) -> bool:
    """Whether devices of this profile speak for others, in a dialect below their topic."""
    return profile.endswith("-gateway")


@dataclass(frozen=True, slots=True)
class Gone:
    """A client id whose standing connection may not be in any more, and a mark of what holds now instead."""

    client_id: str
    judged_by: str


def no_longer_allowed(before: Mapping[str, DeviceCredentials], now: Mapping[str, DeviceCredentials]) -> list[Gone]:
    """Whose standing connection was admitted by what does not hold any more. Pure."""
    return [
        Gone(old.client_id, _mark(now.get(code)))
        for code, old in before.items()
        if not old.retired and ((new := now.get(code)) is None or new.retired or _admits(new) != _admits(old))
    ]


def _mark(device: DeviceCredentials | None) -> str:
    """A word that says of two judgements whether they were made by the same, and nothing of what it was."""
    admits = None if device is None or device.retired else _admits(device)
    return hashlib.sha256(orjson.dumps(admits)).hexdigest()[:32]


def _admits(device: DeviceCredentials) -> tuple[str | None, str | None, str, str]:
    return device.secret_hash, device.certificate_hash, device.client_id, device.home_code


class DatabaseDirectory:
    """The directory of the relational store with its snapshot file. `start` and `stop` the snapshot's thread.

    `on_gone` hears, on that thread, of devices that may not be in any more.
    """

    def __init__(
        self,
        database: Database,
        snapshot: Path,
        clock: Clock,
        is_gateway: Callable[[str], bool] = profile_is_gateway,
        on_gone: Callable[[list[Gone]], None] = lambda _gone: None,
    ) -> None:
        self._database = database
        self._path = snapshot
        self._clock = clock
        self._is_gateway = is_gateway
        self._on_gone = on_gone
        self._kept: Mapping[str, DeviceCredentials] = _read(snapshot)
        self._asked: dict[str, DeviceCredentials] = {}
        """What sign-ins were judged by since the last snapshot, which may have come and gone between two of them."""
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sign-in")
        self._away_until_seconds: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_fresh, name="sign-in-snapshot", daemon=True)

    def start(self) -> None:
        """Begin writing the snapshot."""
        self._thread.start()

    def stop(self) -> None:
        """Stop writing it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=LOOKUP_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def find(self, code: str) -> DeviceCredentials | None:
        """From the database; from the snapshot when it is away or slower than `LOOKUP_SECONDS`."""
        if self._away_until_seconds is not None and self._clock.monotonic_seconds() < self._away_until_seconds:
            return self._kept.get(code)
        loop = asyncio.get_running_loop()
        try:
            found = await asyncio.wait_for(loop.run_in_executor(self._pool, self._look_up, code), LOOKUP_SECONDS)
        except _AWAY as error:
            self._away_until_seconds = self._clock.monotonic_seconds() + HOLD_OFF_SECONDS
            log.warning("sign_in_answers_from_snapshot", error=type(error).__name__, devices=len(self._kept))
            return self._kept.get(code)
        self._away_until_seconds = None
        if found is not None:
            self._asked[code] = found
        return found

    def refresh(self) -> None:
        """Read every device that may sign in and write the snapshot if anything changed. Raises what the database raises."""
        asked, self._asked = self._asked, {}
        try:
            with self._database.snapshot() as session:
                rows = session.execute(self._query()).all()
        except _AWAY:
            self._asked = {**asked, **self._asked}
            raise
        fresh = {row.code: self._credentials(row) for row in rows}
        gone = list(dict.fromkeys([*no_longer_allowed(self._kept, fresh), *no_longer_allowed(asked, fresh)]))
        if fresh != self._kept or not self._path.exists():
            _write(self._path, fresh)
            self._kept = fresh
        if gone:
            self._on_gone(gone)

    def _keep_fresh(self) -> None:
        while True:
            try:
                self.refresh()
            except _AWAY as error:
                log.warning("sign_in_snapshot_not_refreshed", error=type(error).__name__)
            if self._stopping.wait(SNAPSHOT_SECONDS):
                return

    def _look_up(self, code: str) -> DeviceCredentials | None:
        with self._database.snapshot() as session:
            row = session.execute(self._query().where(Device.code == code)).first()
        return self._credentials(row) if row is not None else None

    @staticmethod
    def _query() -> sa.Select[str, str, str | None, str | None, str, str, str | None]:
        return (
            sa.select(
                Device.code,
                Home.code.label("home_code"),
                Device.secret_hash,
                Device.client_id,
                Device.profile,
                Device.state,
                Device.certificate_hash,
            )
            .join(Home, Home.id == Device.home_id)
            .where(Device.client_id.is_not(None))
        )

    def _credentials(self, row: sa.Row[str, str, str | None, str | None, str, str, str | None]) -> DeviceCredentials:
        return DeviceCredentials(
            code=row.code,
            home_code=row.home_code,
            secret_hash=row.secret_hash,
            client_id=row.client_id,
            is_gateway=self._is_gateway(row.profile),
            retired=row.state == DeviceState.RETIRED,
            certificate_hash=row.certificate_hash,
        )


def _read(path: Path) -> dict[str, DeviceCredentials]:
    try:
        kept = orjson.loads(path.read_bytes())
        return {each["code"]: DeviceCredentials(**each) for each in kept["devices"]}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:  # another version's file: the next refresh replaces it
        log.warning("sign_in_snapshot_unreadable", path=str(path), error=type(error).__name__)
        return {}


def _write(path: Path, devices: Mapping[str, DeviceCredentials]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps({"devices": [asdict(each) for each in devices.values()]}))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


__all__ = ["DatabaseDirectory", "DeviceCredentials", "DeviceDirectory", "Gone", "no_longer_allowed", "profile_is_gateway"]
