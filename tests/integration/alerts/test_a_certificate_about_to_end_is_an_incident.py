"""An incident of the system before a certificate ends: low while there is time, high in the last days, clear when renewed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from alerts.certificate_watch import CertificateWatch
from alerts.model import Alert, Severity
from alerts.work import Desk
from core.certificate_folder import CertificateFolder
from core.certificates import Kind
from core.clock import ManualClock
from core.config import Settings
from devices.model import Device


@pytest.fixture
def desk(make_town: Callable[[Settings], Any], clock: ManualClock, tmp_path: Path) -> Desk:
    folder = CertificateFolder(tmp_path / "certs")
    folder.make_authorities("test", clock.now())
    folder.issue(Kind.SERVER, "server", clock.now(), 60, hosts=["x"])
    files = {"tls_certificate": folder.path("server"), "tls_key": folder.key_path("server"), "certificates_dir": folder.folder}
    made: Desk = make_town(Settings(data_dir=tmp_path, **files)).desk  # type: ignore[arg-type]
    return made


def _alerts(desk: Desk, what: str = "certificate:server") -> list[tuple[str, bool]]:
    with desk.database.snapshot() as session:
        query = sa.select(Alert.severity, Alert.condition_active).where(Alert.subject == what)
        return [(severity, active) for severity, active in session.execute(query)]


def test_it_rises_as_the_end_comes_and_clears_when_renewed(desk: Desk, clock: ManualClock) -> None:
    watch = CertificateWatch(desk)
    watch.tick()
    assert _alerts(desk) == []
    assert REGISTRY.get_sample_value("yinling_certificate_days_left", {"certificate": "server"}) == 60
    clock.advance(timedelta(days=31))
    watch.tick()
    assert _alerts(desk) == [(Severity.LOW, True)]
    clock.advance(timedelta(days=23))
    watch.tick()
    assert _alerts(desk) == [(Severity.HIGH, True)]
    CertificateFolder(desk.settings.certificates_folder).renew("server", clock.now())
    clock.advance(timedelta(hours=2))
    watch.tick()
    assert _alerts(desk) == [(Severity.HIGH, False)]


def test_another_process_doubles_nothing_and_an_hour_passes_between_looks(desk: Desk, clock: ManualClock) -> None:
    clock.advance(timedelta(days=40))
    first = CertificateWatch(desk)
    first.tick()
    CertificateWatch(desk).tick()
    assert _alerts(desk) == [(Severity.LOW, True)]
    clock.advance(timedelta(minutes=30))
    CertificateFolder(desk.settings.certificates_folder).renew("server", clock.now())
    first.tick()
    assert _alerts(desk) == [(Severity.LOW, True)]


def test_certificates_of_devices_are_one_incident_together(desk: Desk, clock: ManualClock) -> None:
    _ends(desk, clock.now() + timedelta(days=20))
    CertificateWatch(desk).tick()
    assert _alerts(desk, "certificate:of devices") == [(Severity.LOW, True)]
    _ends(desk, clock.now() + timedelta(days=1000))
    CertificateWatch(desk).tick()
    assert _alerts(desk, "certificate:of devices") == [(Severity.LOW, False)]


def _ends(desk: Desk, at: datetime) -> None:
    with desk.database.transaction() as session:
        session.execute(sa.update(Device).where(Device.code == "button").values(certificate_ends_at=at))
