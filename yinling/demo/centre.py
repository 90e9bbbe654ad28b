"""Fills the demonstration centre: areas, homes, people, devices, sign-ins, and the incidents of a past week.

Everything commits in one transaction, and what is already there is left as people made it, so a start after any death
finds either nothing or the whole, and a second start changes nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.clock import Clock
from core.config import Settings
from core.database import Database
from core.ids import hash_secret
from devices.model import Device, DeviceState
from devices.profiles import catalogue
from people.model import Area, Centre, Contact, Home, Resident, Role, User
from people.passwords import hash_password
from yinling.demo.accounts import ACCOUNTS, COLLEAGUE, MORE_RESPONDERS, Account
from yinling.demo.census import AREAS, CENTRE_NAME, CENTRE_PHONE, Household, household
from yinling.demo.furnishing import TRIAL_ROLE, DevicePlan, code_of, furnish
from yinling.demo.keys import DemoKey, load_or_create
from yinling.demo.past_incidents import write_past_incidents

_LIVED_IN = timedelta(days=200)
"""How long before the first start the town's homes joined."""


@dataclass(frozen=True, slots=True)
class FirstSos:
    """What an ordinary MQTT client needs to press the trial button."""

    topic: str
    username: str
    password: str
    client_id: str


def ensure_centre(database: Database, data_dir: Path, settings: Settings, homes: int, clock: Clock) -> FirstSos:
    """Bring the centre to `homes` demonstration homes; gives the trial button.

    Only a demonstration (`settings.demo`) gets sign-ins with known passwords, a name and a past: a centre of somebody's own that
    is asked to simulate homes gets their areas, people and devices, and nothing that lets anybody in.
    """
    key = load_or_create(data_dir)
    now = clock.now()
    with database.transaction() as session:
        if settings.demo:
            _ensure_name(session, now)
        areas = _ensure_areas(session)
        missing = [household(number) for number in _missing_homes(session, homes)]
        added = [_home(plan, areas, now) for plan in missing]
        session.add_all(added)
        session.flush()
        _add_devices(session, list(zip(missing, added, strict=True)), key, now)
        if settings.demo:
            _ensure_accounts(session, key, now)
        if settings.demo and missing:
            write_past_incidents(session, added, now, settings.timezone)
    trial = code_of(household(1), DevicePlan(TRIAL_ROLE, "sos-button", ""))
    return FirstSos(
        topic=f"yl/v1/{household(1).code}/{trial}", username=trial, password=key.secret_of(trial), client_id=f"yl-{trial}"
    )


def _ensure_name(session: Session, now: datetime) -> None:
    centre = session.get(Centre, 1)
    if centre is None:
        centre = Centre(id=1, created_at=now)
        session.add(centre)
    centre.name, centre.phone = CENTRE_NAME, CENTRE_PHONE
    session.flush()


def _ensure_areas(session: Session) -> dict[str, Area]:
    found = {area.code: area for area in session.scalars(sa.select(Area))}
    for plan in AREAS:
        if plan.code in found:
            continue
        parent = found[plan.parent] if plan.parent else None
        path = f"{parent.path if parent else '/'}{plan.code}/"
        area = Area(code=plan.code, name=plan.name, parent_id=parent.id if parent else None, path=path)
        session.add(area)
        session.flush()
        found[plan.code] = area
    return found


def _missing_homes(session: Session, homes: int) -> list[int]:
    wanted = {household(number).code: number for number in range(1, homes + 1)}
    there = set(session.scalars(sa.select(Home.code).where(Home.code.in_(wanted))))
    return [number for code, number in wanted.items() if code not in there]


def _home(plan: Household, areas: dict[str, Area], now: datetime) -> Home:
    joined_at = now - _LIVED_IN
    return Home(
        code=plan.code,
        name=plan.name,
        address=plan.address,
        area_id=areas[plan.area].id,
        entry_method=plan.entry_method,
        phone=plan.phone,
        notes=plan.notes,
        created_at=joined_at,
        residents=[Resident(**asdict(resident), created_at=joined_at) for resident in plan.residents],
        contacts=[
            Contact(
                name=contact.name,
                phone=contact.phone,
                relation=contact.relation,
                order=order,
                key_holder=contact.key_holder,
                availability=contact.availability,
                created_at=joined_at,
            )
            for order, contact in enumerate(plan.contacts, start=1)
        ],
    )


def _add_devices(session: Session, homes: list[tuple[Household, Home]], key: DemoKey, now: datetime) -> None:
    pairs = [(plan, home, device) for plan, home in homes for device in furnish(plan)]
    rows = [_device(plan, home, device, key, now) for plan, home, device in pairs]
    gateways = {row.home_id: row for row in rows if catalogue()[row.profile].is_gateway}
    session.add_all(gateways.values())
    session.flush()
    for (_, home, device), row in zip(pairs, rows, strict=True):
        if device.is_child:
            row.parent_id = gateways[home.id].id
    session.add_all(rows)
    session.flush()


def _device(plan: Household, home: Home, device: DevicePlan, key: DemoKey, now: datetime) -> Device:
    code = code_of(plan, device)
    return Device(
        code=code,
        home_id=home.id,
        resident_id=home.residents[device.worn_by].id if device.worn_by is not None else None,
        address=device.address,
        name=device.name,
        room=device.room,
        profile=device.profile,
        serial=f"YL-{plan.number:05d}-{_small_number(code):06d}",
        model=device.model,
        secret_hash=None if device.is_child else hash_secret(key.secret_of(code)),
        client_id=None if device.is_child else f"yl-{code}",
        state=DeviceState.LIVE,
        live_at=now - _LIVED_IN,
        # They hang there and spoke lately; those that are simulated say so again within the first half minute.
        last_seen_at=now - timedelta(seconds=_small_number(code) % 240),
        silence_due_at=now + timedelta(seconds=catalogue()[device.profile].silence_seconds),
        created_at=now - _LIVED_IN,
    )


def _small_number(text: str) -> int:
    """Stable, for serial numbers that look like some."""
    return int(hash_secret(text)[:8], 16) % 1_000_000


def _ensure_accounts(session: Session, key: DemoKey, now: datetime) -> None:
    there = set(session.scalars(sa.select(User.username)))
    password_of_responders = next(account.password for account in ACCOUNTS if account.role is Role.RESPONDER)
    more = [
        Account(username, password_of_responders, Role.RESPONDER, name, "", areas=(area,))
        for username, name, area in MORE_RESPONDERS
    ]
    colleague = Account(COLLEAGUE, key.secret_of(COLLEAGUE), Role.OPERATOR, "模拟同事", "")
    wanted = [account for account in (*ACCOUNTS, colleague, *more) if account.username not in there]
    # Hashing is slow on purpose; the passwords are printed at every start, so a shared hash gives nothing away.
    hashes = {password: hash_password(password) for password in {account.password for account in wanted}}
    for account in wanted:
        session.add(
            User(
                username=account.username,
                name=account.name,
                role=account.role,
                phone=account.phone,
                password_hash=hashes[account.password],
                created_at=now,
                areas=list(session.scalars(sa.select(Area).where(Area.code.in_(account.areas)))) if account.areas else [],
                homes=list(session.scalars(sa.select(Home).where(Home.code.in_(account.homes)))) if account.homes else [],
            )
        )
    session.flush()
