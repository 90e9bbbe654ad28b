"""Who a step means, asked at the moment its pages are written: who has the shift, who is on leave, who can be reached."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from alerts.escalation.schemas import Step, Target
from alerts.escalation.ways import Way, is_available, usable_channels, way_to_address, ways_of
from alerts.model import Incident
from core.config import Settings
from people.duty.model import Roster
from people.duty.on_duty import Calendar, on_duty, present
from people.duty.schemas import RosterSpec
from people.duty.store import calendar_of, users_by_name
from people.model import Area, Contact, Home, User
from people.reach.model import ContactPoint
from people.rights import Scope, scope_of

T = TypeVar("T")
_ANSWERS = "alerts.escalation_answers"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to page: a person with their ways, or an address."""

    person: str | None
    name: str | None
    ways: tuple[Way, ...]
    later: timedelta = timedelta(0)
    """How long after the others of the step they are paged."""


@dataclass(frozen=True, slots=True)
class About:
    """What resolving needs of an incident, so that it can also be asked beforehand."""

    home_id: int | None
    area_path: str | None
    drill: bool = False


def about(session: Session, incident: Incident) -> About:
    """Where an incident is."""
    return About(incident.home_id, area_path_of(session, incident.home_id, incident.area_id), incident.drill)


def area_path_of(session: Session, home_id: int | None, area_id: int | None = None) -> str | None:
    """The path of the area of a home, or of an area; None for what has none."""
    if home_id is not None:
        return session.scalar(sa.select(Area.path).join(Home, Home.area_id == Area.id).where(Home.id == home_id))
    return None if area_id is None else session.scalar(sa.select(Area.path).where(Area.id == area_id))


def resolve(session: Session, where: About, step: Step, now: datetime, settings: Settings) -> list[Recipient]:
    """Everybody the step means at `now`, nobody twice; those without a usable way have no `ways`."""
    asked = _Asked(now, settings, _remembered(session, now, "calendar", lambda: calendar_of(session, now, now, settings.timezone)))
    found: dict[tuple[str | None, tuple[Way, ...]], Recipient] = {}
    people: set[str] = set()
    for target in step.targets:
        for one in _of_target(session, where, step, target, asked):
            if one.person is None or one.person not in people:
                found.setdefault((one.person, one.ways), one)
                people |= {one.person} if one.person is not None else set()
    return list(found.values())


def _remembered(session: Session, now: datetime, what: Hashable, ask: Callable[[], T]) -> T:
    """What is the same for every incident of one moment is asked once in a transaction: alarms come in floods."""
    at, answers = session.info.get(_ANSWERS, (None, {}))
    if at != now:
        answers = {}
        session.info[_ANSWERS] = (now, answers)
    if what not in answers:
        answers[what] = ask()
    answer: T = answers[what]
    return answer


@dataclass(frozen=True, slots=True)
class _Asked:
    now: datetime
    settings: Settings
    calendar: Calendar


def _of_target(session: Session, where: About, step: Step, target: Target, asked: _Asked) -> list[Recipient]:
    match target.who:
        case "roster" | "role" | "user":
            names = tuple(_names(session, where, target, asked))
            known = ("staff", names, step.channels)
            return _remembered(session, asked.now, known, lambda: _staff(session, names, step, asked.settings))
        case "contacts":
            return _contacts(session, where, step, target, asked)
        case "fallback":
            return [_address(one) for one in (Way("apprise", url) for url in asked.settings.fallback_urls)]
        case "address":
            return [_address(way_to_address(target.address or ""))]
        case "second_centre":
            address = target.address or asked.settings.second_centre_url
            return [] if address is None else [_address(way_to_address(address))]


def _names(session: Session, where: About, target: Target, asked: _Asked) -> list[str]:
    if target.who == "roster":
        return _on_roster(session, target.roster or "", asked)
    if target.who == "role":
        return _of_role(session, where, target.role or "", asked)
    return [one.username for one in present([target.user or ""], asked.now, asked.calendar.away)]


def _address(way: Way) -> Recipient:
    return Recipient(None, None, (way,))


def _on_roster(session: Session, code: str, asked: _Asked) -> list[str]:
    """Whoever has the shift; a roster that is gone or cannot be read has nobody, and the next step is taken."""
    stored = session.scalar(sa.select(Roster.spec).where(Roster.code == code))
    if stored is None:
        return []
    try:
        spec = RosterSpec.model_validate(stored)
    except ValidationError:
        return []
    return [one.username for one in on_duty(spec, asked.now, asked.calendar)]


def _of_role(session: Session, where: About, role: str, asked: _Asked) -> list[str]:
    users = _remembered(session, asked.now, ("role", role), lambda: _scopes(session, role))
    reaching = [name for name, scope in users if _reaches(scope, where)]
    return [one.username for one in present(reaching, asked.now, asked.calendar.away)]


def _reaches(scope: Scope, where: About) -> bool:
    """Whether it is somebody's matter: an area is when it lies in theirs or theirs in it, the system is everybody's."""
    if where.home_id is not None:
        return scope.includes(where.home_id, where.area_path)
    path = where.area_path
    return path is None or scope.includes_area(path) or any(own.startswith(path) for own in scope.area_paths)


def _scopes(session: Session, role: str) -> list[tuple[str, Scope]]:
    users = session.scalars(sa.select(User).where(User.role == role, User.disabled_at.is_(None)).order_by(User.id)).all()
    return [(user.username, scope_of(user)) for user in users]


def _staff(session: Session, usernames: Sequence[str], step: Step, settings: Settings) -> list[Recipient]:
    users = users_by_name(session, usernames)
    found = [users[name] for name in usernames if name in users]
    points = _points(session, ContactPoint.user_id, [user.id for user in found])
    usable = usable_channels(settings)
    return [
        Recipient(f"user:{user.id}", user.name, ways_of(points.get(user.id, ()), _own_phone(user, points), step.channels, usable))
        for user in found
    ]


def _own_phone(user: User, points: dict[int, tuple[Way, ...]]) -> str | None:
    return None if user.id in points else user.phone


def _contacts(session: Session, where: About, step: Step, target: Target, asked: _Asked) -> list[Recipient]:
    """The home's contacts in their order, those who may not be called now last. Drills are no family's worry."""
    if where.home_id is None or where.drill:
        return []
    local = asked.now.astimezone(ZoneInfo(asked.settings.timezone))
    rows = session.scalars(sa.select(Contact).where(Contact.home_id == where.home_id).order_by(Contact.order, Contact.id)).all()
    ordered = sorted(rows, key=lambda contact: not is_available(contact.available, local))
    found = contact_recipients(session, ordered, step.channels, asked.settings)
    pause = timedelta(seconds=target.one_after_another_seconds or 0)
    reachable = [one for one in found if one.ways]
    return [Recipient(one.person, one.name, one.ways, pause * place) for place, one in enumerate(reachable)] + [
        one for one in found if not one.ways
    ]


def contact_recipients(
    session: Session, contacts: Sequence[Contact], channels: Sequence[str], settings: Settings, *, aloud: bool = True
) -> list[Recipient]:
    """These contacts with their ways."""
    points = _points(session, ContactPoint.contact_id, [one.id for one in contacts])
    usable = usable_channels(settings)
    return [
        Recipient(
            f"contact:{one.id}",
            one.name,
            ways_of(points.get(one.id, ()), None if one.id in points else one.phone, channels, usable, aloud=aloud),
        )
        for one in contacts
    ]


def _points(session: Session, owner: sa.orm.InstrumentedAttribute[int | None], ids: Iterable[int]) -> dict[int, tuple[Way, ...]]:
    """The contact points of people by id; broken ones are left out, but whoever has only those has no other number either."""
    wanted = list(ids)
    if not wanted:
        return {}
    found: dict[int, tuple[Way, ...]] = {}
    for point in session.scalars(sa.select(ContactPoint).where(owner.in_(wanted)).order_by(ContactPoint.order, ContactPoint.id)):
        person_id = point.user_id if point.user_id is not None else point.contact_id
        if person_id is not None:
            known = found.setdefault(person_id, ())
            if point.broken_at is None:
                found[person_id] = (*known, Way(point.channel, point.address, point.id, point.language))
    return found


__all__ = ["About", "Recipient", "about", "area_path_of", "contact_recipients", "resolve"]
