"""People to page, policies, and a carrier that records what it was given, for tests of escalation."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from alerts.escalation.schemas import PolicySpec
from alerts.escalation.service import save_policy
from alerts.pager import PagerLoop
from alerts.ports import Message, NotSent, Sent
from core.clock import Clock
from core.database import Database
from people.duty.model import Roster
from people.model import Area, Contact, Role, User
from people.reach.model import ContactPoint
from people.rights import Caller, Scope

CHIEF = Caller(1, "chief", "值班长", Role.SUPERVISOR, Scope(whole_centre=True))


class Carrier:
    """A channel that takes everything, unless told otherwise for an address; `carried` is what it took, in order."""

    def __init__(self) -> None:
        self.carried: list[Message] = []
        self.tried: list[str] = []
        self.says: dict[str, Sent | NotSent] = {}
        self.otherwise: Sent | NotSent = Sent()
        self._lock = threading.Lock()

    def send(self, message: Message) -> Sent | NotSent:
        with self._lock:
            self.tried.append(message.target)
            result = self.says.get(message.target, self.otherwise)
            if isinstance(result, Sent):
                self.carried.append(message)
            return result

    def targets(self) -> list[str]:
        """Where it carried to, in order."""
        return [one.target for one in self.carried]

    def take(self) -> list[str]:
        """`targets` since the last time."""
        found, self.carried = sorted(self.targets()), []
        return found


class People:
    """Adds people who can be reached at an address that is their name."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _add(self, *rows: Any) -> None:
        with self._database.transaction() as session:
            session.add_all(rows)

    def staff(self, username: str, *addresses: str, role: str = "supervisor", areas: Iterable[int] = ()) -> int:
        """One of the staff with these addresses, in order."""
        with self._database.transaction() as session:
            user = User(username=username, name=username, role=role, password_hash="x", created_at=self._clock.now())
            user.areas = [session.get_one(Area, area_id) for area_id in areas]
            session.add(user)
            session.flush()
            self._points(session, addresses, user_id=user.id)
            return user.id

    def contact(self, name: str, *addresses: str, home: int = 1, consents: bool = False, **facts: Any) -> int:
        """A contact of a home with these addresses, in order."""
        with self._database.transaction() as session:
            now = self._clock.now()
            contact = Contact(
                home_id=home, name=name, phone="13800000000", created_at=now, alarm_consent_at=now if consents else None, **facts
            )
            session.add(contact)
            session.flush()
            self._points(session, addresses, contact_id=contact.id)
            return contact.id

    def _points(self, session: Session, addresses: Iterable[str], **owner: int) -> None:
        for order, address in enumerate(addresses, 1):
            channel, _, rest = address.rpartition("!")
            session.add(
                ContactPoint(channel=channel or "apprise", address=rest, order=order, created_at=self._clock.now(), **owner)
            )

    def roster(self, code: str, *groups: list[str], since: str = "00:00", until: str = "00:00") -> None:
        """A roster of one shift whose groups take turns day by day."""
        shift = {"name": "shift", "since": since, "until": until, "groups": groups, "turns_from": "2026-11-22"}
        self._add(Roster(code=code, name=code, spec={"shifts": [shift]}, updated_at=self._clock.now()))

    def policy(self, *steps: dict[str, Any], code: str = "own", severities: Iterable[str] = ("critical",), **more: Any) -> None:
        """A policy of the centre."""
        spec = PolicySpec.model_validate({"code": code, "name": code, "severities": severities, "steps": steps, **more})
        with self._database.transaction() as session:
            save_policy(session, spec, self._clock.now(), CHIEF)


def step(after_seconds: float, *who: str, **more: Any) -> dict[str, Any]:
    """A step: `user:wang`, `roster:night`, `role:supervisor`, `contacts`, `contacts:30`, `fallback`, `address:…`."""
    targets = []
    for one in who:
        kind, _, name = one.partition(":")
        named = {"one_after_another_seconds": float(name)} if kind == "contacts" and name else {kind: name} if name else {}
        targets.append({"who": kind, **named})
    return {"after_seconds": after_seconds, "targets": targets, **more}


def settle(loop: PagerLoop) -> None:
    """Everything that is due now, and what comes of it at once."""
    for _ in range(10):
        done = loop.tick()
        assert loop.wait_for_sends(30)
        if not done:
            return


def by_round(pages: Iterable[Any]) -> dict[int, list[tuple[int, str, str]]]:
    """(step, target, state) of pages by their round."""
    found: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for page in pages:
        found[page.round].append((page.step, page.target, page.state))
    return dict(found)


__all__ = ["CHIEF", "Carrier", "People", "by_round", "settle", "step"]
