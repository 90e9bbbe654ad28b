"""Modes, what was suppressed, and what is shelved, as answers; a fixed number of queries for any number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Alert, Incident
from alerts.modes.model import Mode, Suppressed
from api.schemas.base import PersonReference
from api.schemas.incidents import AlertDevice
from api.schemas.modes import ModeOut, ShelvedOut, SuppressedOut
from api.views.incidents import alert_view
from devices.model import Device
from people.model import Home, Resident


class Names:
    """What people call the homes, residents and devices of some rows."""

    def __init__(
        self,
        session: Session,
        homes: Iterable[int | None],
        residents: Iterable[int | None] = (),
        devices: Iterable[int | None] = (),
    ) -> None:
        wanted = {id_ for id_ in homes if id_ is not None}
        rows = session.execute(sa.select(Home.id, Home.code, Home.name).where(Home.id.in_(wanted)))
        self.homes = {id_: (code, name) for id_, code, name in rows}
        people = {id_ for id_ in residents if id_ is not None}
        named = session.execute(sa.select(Resident.id, Resident.name).where(Resident.id.in_(people))) if people else ()
        self.residents = {id_: PersonReference(id=id_, name=name) for id_, name in named}
        things = {id_ for id_ in devices if id_ is not None}
        found = session.execute(sa.select(Device.id, Device.name, Device.room).where(Device.id.in_(things))) if things else ()
        self.devices = {id_: AlertDevice(id=id_, name=name, room=room) for id_, name, room in found}

    def home(self, home_id: int | None) -> tuple[str | None, str | None]:
        """Code and name."""
        return (None, None) if home_id is None else self.homes.get(home_id, (None, None))


def mode_views(session: Session, modes: Sequence[Mode]) -> list[ModeOut]:
    """Stays, in the same order."""
    names = Names(session, (one.home_id for one in modes), (one.resident_id for one in modes), (one.device_id for one in modes))
    return [
        ModeOut(
            id=mode.id,
            mode=mode.mode,
            home=names.homes[mode.home_id][0],
            home_name=names.homes[mode.home_id][1],
            resident=None if mode.resident_id is None else names.residents.get(mode.resident_id),
            device=None if mode.device_id is None else names.devices.get(mode.device_id),
            reason=mode.reason,
            starts_at=mode.starts_at,
            until_at=mode.until_at,
            set_by=mode.set_by,
            movement_seen_at=mode.movement_seen_at,
            ended_at=mode.ended_at,
            ended_by=mode.ended_by,
        )
        for mode in modes
    ]


def suppressed_views(session: Session, rows: Sequence[Suppressed]) -> list[SuppressedOut]:
    """What was suppressed, in the same order."""
    names = Names(session, (one.home_id for one in rows), (one.resident_id for one in rows), (one.device_id for one in rows))
    return [_suppressed(row, names) for row in rows]


def _suppressed(row: Suppressed, names: Names) -> SuppressedOut:
    home, home_name = names.home(row.home_id)
    return SuppressedOut(
        id=row.id,
        at=row.at,
        last_at=row.last_at,
        count=row.count,
        because=row.because,
        home=home,
        home_name=home_name,
        device=None if row.device_id is None else names.devices.get(row.device_id),
        resident=None if row.resident_id is None else names.residents.get(row.resident_id),
        rule=row.rule,
        rule_kind=row.rule_kind,
        rule_version=row.rule_version,
        subject=row.subject,
        kind=row.kind,
        severity=row.severity,
        mode=row.mode_id,
        alert=row.alert_id,
        lasting=row.lasting,
        ended_at=row.ended_at,
        evidence=row.evidence,
    )


def shelved_views(session: Session, rows: Sequence[tuple[Alert, Incident | None]]) -> list[ShelvedOut]:
    """Shelved alerts with their incidents, in the same order."""
    names = Names(session, (alert.home_id for alert, _ in rows), (), (alert.device_id for alert, _ in rows))
    found = []
    for alert, incident in rows:
        home, home_name = names.home(alert.home_id)
        found.append(
            ShelvedOut(
                alert=alert_view(alert, names.devices),
                until_at=alert.shelved_due_at,
                incident=None if incident is None else incident.id,
                incident_number=None if incident is None else incident.number,
                home=home,
                home_name=home_name,
            )
        )
    return found
