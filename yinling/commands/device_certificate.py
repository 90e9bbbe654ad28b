"""`yinling certs device`: a certificate for a device that hangs in a home already, as the installer's page gives it.

The files are written before the change commits and taken away when it does not, so that a device never loses what it signs in
with for a certificate nobody has. The key is in that one file and kept nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.changes import record_device
from core.config import Settings
from core.errors import YinlingError
from core.messages import text
from devices.certificates import certify
from devices.model import Device, DeviceState
from devices.schemas import MqttAccess
from devices.service import access_for
from people import audit
from people.model import Home
from yinling import bootstrap, run_file
from yinling.errors import CannotStartError

_ACTOR = "command line"
_PRIVATE, _PUBLIC = 0o600, 0o644


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose certificate, the signing request it made itself if it did, and where the files go."""

    home: str
    device: str
    request: Path | None
    folder: Path


def give_certificate(settings: Settings, wanted: Wanted) -> None:
    """Issue it, write the files and say what the device is told. Raises `CannotStartError`."""
    settings = _with_real_ports(settings)
    request = None if wanted.request is None else _read(wanted.request)
    bootstrap.migrate(settings)
    with closing(bootstrap.open_database(settings)) as database, _said_in_one_sentence(), _taken_away_on_failure() as written:
        with database.transaction() as session:
            access = _certify(session, settings, wanted, request)
            _write(access, wanted.folder, written)
        made = list(written)
        written.clear()
    for path in made:
        typer.echo(f"made {path}")
    typer.echo(f"{access.username} signs in at {access.host}:{access.port} over TLS with client id {access.client_id}")
    typer.echo(f"and speaks below {access.topic}. What it signed in with before no longer does.")


def _certify(session: Session, settings: Settings, wanted: Wanted, request: str | None) -> MqttAccess:
    now = bootstrap.make_clock().now()
    device = _find(session, wanted)
    certificate = certify(session, device, request, now, settings)
    audit.write(session, now, _ACTOR, "device.certified", subject=device.code, home_id=device.home_id)
    record_device(session, device.id, device.home_id, now)
    return access_for(device, wanted.home, None, settings, certificate)


def _find(session: Session, wanted: Wanted) -> Device:
    home = session.scalar(sa.select(Home).where(Home.code == wanted.home))
    if home is None:
        message = f"There is no home {wanted.home!r}: its code stands on its page."
        raise CannotStartError(message)
    devices = session.scalars(sa.select(Device).where(Device.home_id == home.id).order_by(Device.id)).all()
    exact = [device for device in devices if device.code == wanted.device]
    named = [device for device in devices if wanted.device in {device.serial, device.name} and device.state != DeviceState.RETIRED]
    found = exact or named
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{each.code} ({each.name})" for each in found or devices if each.state != DeviceState.RETIRED) or "none"
    says = "Several devices" if found else "No device"
    message = f"{says} of {wanted.home!r} with the code, serial or name {wanted.device!r}; there are: {there}."
    raise CannotStartError(message)


def _write(access: MqttAccess, folder: Path, written: list[Path]) -> None:
    certificate = access.certificate
    assert certificate is not None  # noqa: S101 it was just made
    bodies = {".pem": (certificate.certificate, _PUBLIC), ".key": (certificate.key, _PRIVATE)}
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, (body, mode) in bodies.items():
        if body is None:
            continue
        path = folder / f"{access.username}{suffix}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        written.append(path)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def _taken_away_on_failure() -> Iterator[list[Path]]:
    """Holds the files that are of no use unless the change commits."""
    written: list[Path] = []
    try:
        yield written
    finally:
        for path in written:
            path.unlink(missing_ok=True)


@contextmanager
def _said_in_one_sentence() -> Iterator[None]:
    try:
        yield
    except YinlingError as error:
        message = f"The device got no certificate: {text(error.code, 'en', error.details)}"
        raise CannotStartError(message) from error
    except FileExistsError as error:
        message = f"{error.filename} is there already, and nothing is overwritten: move it away, or name another --folder."
        raise CannotStartError(message) from error
    except (OSError, SQLAlchemyError) as error:
        message = f"The device got no certificate: {error}"
        raise CannotStartError(message) from error


def _read(request: Path) -> str:
    try:
        return request.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        message = f"--request {request} cannot be read: {error}"
        raise CannotStartError(message) from error


def _with_real_ports(settings: Settings) -> Settings:
    """Where a running centre chose a free port, that one."""
    running = run_file.read(settings.data_dir)
    chosen = (
        {} if running is None else {f"{name}_port": running.ports[name] for name in ("mqtt", "gateway") if name in running.ports}
    )
    return settings.model_copy(update=chosen)


__all__ = ["Wanted", "give_certificate"]
