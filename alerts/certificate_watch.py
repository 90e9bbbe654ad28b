"""Certificates that end: counted for `/metrics`, and an incident of the system before one does.

An ended certificate silences every device at once, at an hour nobody chose. So what is in use is looked at each hour: within
`YINLING_CERTIFICATE_WARNING_DAYS` of its end it is a low incident, in its last seven days a high one. Devices' own
certificates are one incident together. A process that dies raises again what is still so; nothing is doubled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from alerts.metrics import CERTIFICATE_DAYS_LEFT
from alerts.model import Alert, Severity
from alerts.system import RULE, clear_system, raise_system
from alerts.troubles import OF_DEVICES, Trouble
from alerts.work import Desk
from core.certificate_folder import CertificateFolder, CertificateFolderError, read_certificate
from core.certificates import describe
from core.config import Settings
from devices.model import Device, DeviceState

log = structlog.get_logger()

EVERY_SECONDS = 3600.0
GRAVE_DAYS = 7
_DAY = timedelta(days=1)
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate in use, and when it ends; `count` of them end with the first."""

    name: str
    ends_at: datetime
    count: int = 1

    def days_left(self, now: datetime) -> int:
        """Whole days, negative when it is over."""
        return (self.ends_at - now) // _DAY

    def severity(self, now: datetime, warning_days: int) -> Severity | None:
        """How bad it is by now; None while there is time."""
        left = self.days_left(now)
        if left > warning_days:
            return None
        return Severity.HIGH if left <= GRAVE_DAYS else Severity.LOW


def certificates_in_use(settings: Settings) -> Iterator[Ending]:
    """What is shown and trusted, and what `yinling certs` keeps. What cannot be read is logged and passed over."""
    named: dict[Path, str] = {}
    for setting in ("tls_certificate", "tls_authority"):
        path: Path | None = getattr(settings, setting)
        if path is not None:
            named[path.resolve()] = path.stem[:_NAME_LENGTH]
    for kept in CertificateFolder(settings.certificates_folder).kept():
        named.setdefault(kept.path.resolve(), kept.path.stem[:_NAME_LENGTH])
    for path, name in named.items():
        try:
            yield Ending(name, describe(read_certificate(path)).ends_at)
        except CertificateFolderError as error:
            log.warning("certificate_unreadable", path=str(path), error=str(error))


def certificates_of_devices(session: Session, until: datetime) -> Ending | None:
    """The first certificate of a device in use that ends before `until`, and how many do."""
    in_use = sa.and_(Device.certificate_ends_at < until, Device.state != DeviceState.RETIRED)
    first, count = session.execute(sa.select(sa.func.min(Device.certificate_ends_at), sa.func.count()).where(in_use)).one()
    return None if first is None else Ending(OF_DEVICES, first, count)


class CertificateWatch:
    """Call `tick` as often as you like: it looks once an hour."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._looked_at_seconds: float | None = None

    def tick(self) -> None:
        """Look, and raise or clear."""
        seconds = self._desk.clock.monotonic_seconds()
        if self._looked_at_seconds is not None and seconds - self._looked_at_seconds < EVERY_SECONDS:
            return
        self.look()
        self._looked_at_seconds = seconds

    def look(self) -> None:
        """Look now."""
        now, settings = self._desk.clock.now(), self._desk.settings
        endings = list(certificates_in_use(settings))
        with self._desk.database.snapshot() as session:
            of_devices = certificates_of_devices(session, now + settings.certificate_warning_days * _DAY)
            raised = dict(_raised(session))
        endings += [] if of_devices is None else [of_devices]
        for ending in endings:
            CERTIFICATE_DAYS_LEFT.labels(ending.name).set(ending.days_left(now))
            severity = ending.severity(now, settings.certificate_warning_days)
            if severity is not None and raised.get(ending.name) != severity:
                self._raise(ending, severity, now)
        due = {ending.name for ending in endings if ending.severity(now, settings.certificate_warning_days) is not None}
        for name in raised.keys() - due:
            self._clear(name)

    def _clear(self, name: str) -> None:
        self._desk.act(lambda session, at: clear_system(session, _what(name), at, self._desk.settings))

    def _raise(self, ending: Ending, severity: Severity, now: datetime) -> None:
        details: dict[str, Any] = {
            "certificate": ending.name,
            "ends_at": ending.ends_at.isoformat(),
            "days_left": ending.days_left(now),
            "count": ending.count,
            "do": "docs/tls.md",
        }
        settings = self._desk.settings
        self._desk.act(lambda session, at: raise_system(session, _what(ending.name), severity, details, at, settings))


def _what(name: str) -> str:
    return f"{Trouble.CERTIFICATE}:{name}"


def _raised(session: Session) -> Iterator[tuple[str, str]]:
    """The certificates an alert is open for, with its severity."""
    query = sa.select(Alert.subject, Alert.severity).where(
        Alert.rule == RULE, Alert.subject.startswith(_what("")), Alert.condition_active, Alert.closed_at.is_(None)
    )
    for subject, severity in session.execute(query):
        yield subject.removeprefix(_what("")), severity


__all__ = ["CertificateWatch", "Ending", "certificates_in_use", "certificates_of_devices"]
