"""Many homes at once, each with a resident and a button, put straight into the relational store of a centre."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from support.centre import Centre, Credentials

from core.database import Database
from core.ids import hash_secret
from devices.model import Device, DeviceState
from people.model import Home, Resident

SECRET = "the-one-secret-of-a-town-of-tests"
_CHUNK = 500


def settle(centre: Centre, homes: int, *, profile: str = "sos-button", prefix: str = "town") -> list[Credentials]:
    """`homes` new homes; what each one's device signs in with, as provisioning would have told it."""
    codes = [f"{prefix}-{serial:04d}" for serial in range(homes)]
    ids: dict[str, int] = {}
    with closing(Database(centre.database_url)) as database:
        for start in range(0, homes, _CHUNK):
            ids |= _settle(database, codes[start : start + _CHUNK], profile)
    return [
        Credentials(
            id=ids[code],
            home=code,
            code=f"dev-{code}",
            host="127.0.0.1",
            port=centre.mqtt_port,
            username=f"dev-{code}",
            password=SECRET,
            client_id=f"yl-dev-{code}",
            topic=f"yl/v1/{code}/dev-{code}",
        )
        for code in codes
    ]


def _settle(database: Database, codes: list[str], profile: str) -> dict[str, int]:
    now = datetime.now(UTC)
    hashed = hash_secret(SECRET)
    with database.transaction() as session:
        places = {code: Home(code=code, name=code, address=f"{code} 号", created_at=now) for code in codes}
        session.add_all(places.values())
        session.flush()
        session.add_all(Resident(home_id=home.id, name="王秀兰", created_at=now) for home in places.values())
        devices = {
            code: Device(
                code=f"dev-{code}",
                home_id=home.id,
                name="SOS",
                profile=profile,
                state=DeviceState.LIVE,
                live_at=now,
                secret_hash=hashed,
                client_id=f"yl-dev-{code}",
                created_at=now,
            )
            for code, home in places.items()
        }
        session.add_all(devices.values())
        session.flush()
        return {code: device.id for code, device in devices.items()}
