"""What of a centre matters to Grafana, read in one consistent look: areas, which homes are where, and its supervisors.

No name of a resident, no address and nothing medical is read, so none of it can get out. A home is known by its code.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from people.model import Area, Centre, Home, Role, User


@dataclass(frozen=True, slots=True)
class AreaFact:
    """An area: its codes from the top down to itself, and their names."""

    code: str
    above: tuple[str, ...]
    """Codes, the topmost first, its own last."""
    title: str


@dataclass(frozen=True, slots=True)
class HomeFact:
    """A home: the id readings carry, the code people know, and its area's code."""

    id: int
    code: str
    area: str | None


@dataclass(frozen=True, slots=True)
class SupervisorFact:
    """A supervisor who may sign in; without areas or homes, of the whole centre."""

    username: str
    name: str
    areas: tuple[str, ...]
    is_limited: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it."""

    centre: str
    areas: tuple[AreaFact, ...] = ()
    homes: tuple[HomeFact, ...] = ()
    supervisors: tuple[SupervisorFact, ...] = ()


def read_facts(session: Session) -> Facts:
    """One look at the store."""
    rows = session.scalars(sa.select(Area).order_by(Area.path)).all()
    names = {area.code: area.name for area in rows}
    areas = []
    for area in rows:
        above = tuple(code for code in area.path.split("/") if code)
        areas.append(AreaFact(area.code, above, " / ".join(names.get(code, code) for code in above)))
    homes = session.execute(
        sa.select(Home.id, Home.code, Area.code)
        .outerjoin(Area, Home.area_id == Area.id)
        .where(Home.is_probe.is_(False))
        .order_by(Home.code)
    ).all()
    people = session.scalars(
        sa.select(User).where(User.role == Role.SUPERVISOR, User.disabled_at.is_(None)).order_by(User.username)
    ).all()
    return Facts(
        session.scalar(sa.select(Centre.name)) or "",
        tuple(areas),
        tuple(HomeFact(number, code, area) for number, code, area in homes),
        tuple(
            SupervisorFact(user.username, user.name, tuple(area.code for area in user.areas), bool(user.areas or user.homes))
            for user in people
        ),
    )


__all__ = ["AreaFact", "Facts", "HomeFact", "SupervisorFact", "read_facts"]
