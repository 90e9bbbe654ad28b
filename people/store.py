"""Queries about people and places; every one that a person's eyes pass through takes that person's scope."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from core.errors import NotFoundError
from people.model import Area, Contact, Home, Resident, User
from people.rights import Scope


def areas_by_code(session: Session, codes: Iterable[str]) -> dict[str, Area]:
    """The areas of these codes that exist."""
    wanted = list(codes)
    if not wanted:
        return {}
    return {area.code: area for area in session.scalars(sa.select(Area).where(Area.code.in_(wanted)))}


def homes_by_code(session: Session, codes: Iterable[str], scope: Scope) -> dict[str, Home]:
    """The homes of these codes inside the scope."""
    wanted = list(codes)
    if not wanted:
        return {}
    return {home.code: home for home in session.scalars(sa.select(Home).where(Home.code.in_(wanted), scope.homes()))}


def all_areas(session: Session) -> Sequence[Area]:
    """The tree, parents before children."""
    return session.scalars(sa.select(Area).order_by(Area.path)).all()


def find_home(session: Session, code: str, scope: Scope) -> Home:
    """The home with its people, or NotFoundError `home_not_found` also where it exists outside the scope."""
    home = session.scalar(
        sa.select(Home).where(Home.code == code, scope.homes()).options(selectinload(Home.residents), selectinload(Home.contacts))
    )
    if home is None:
        raise NotFoundError("home_not_found", home=code)
    return home


def find_resident(session: Session, resident_id: int, scope: Scope) -> Resident:
    """The resident, or NotFoundError `resident_not_found`."""
    resident = session.scalar(sa.select(Resident).where(Resident.id == resident_id, scope.of_home(Resident.home_id)))
    if resident is None:
        raise NotFoundError("resident_not_found")
    return resident


def find_contact(session: Session, contact_id: int, scope: Scope) -> Contact:
    """The contact, or NotFoundError `contact_not_found`."""
    contact = session.scalar(sa.select(Contact).where(Contact.id == contact_id, scope.of_home(Contact.home_id)))
    if contact is None:
        raise NotFoundError("contact_not_found")
    return contact


def search_homes(  # noqa: PLR0913 a search has that many sides
    session: Session, scope: Scope, *, text: str | None, area: str | None, after_code: str | None, limit: int
) -> Sequence[Home]:
    """Homes by code from `after_code` on whose code, name, address, phone, or whose people's names or phones hold `text`."""
    query = sa.select(Home).where(scope.homes()).order_by(Home.code).limit(limit).options(selectinload(Home.residents))
    if after_code is not None:
        query = query.where(Home.code > after_code)
    if area is not None:
        found = areas_by_code(session, [area]).get(area)
        if found is None or not (scope.includes_area(found.path) or scope.home_ids):
            return []
        below = sa.select(Area.id).where(sa.func.substr(Area.path, 1, len(found.path)) == found.path)
        query = query.where(Home.area_id.in_(below))
    if text:
        query = query.where(_mentions(text))
    return session.scalars(query).all()


def _mentions(text: str) -> sa.ColumnElement[bool]:
    of_residents = sa.or_(Resident.name.contains(text, autoescape=True), Resident.phone.contains(text, autoescape=True))
    of_contacts = sa.or_(Contact.name.contains(text, autoescape=True), Contact.phone.contains(text, autoescape=True))
    return sa.or_(
        Home.code.contains(text, autoescape=True),
        Home.name.contains(text, autoescape=True),
        Home.address.contains(text, autoescape=True),
        Home.phone.contains(text, autoescape=True),
        Home.id.in_(sa.select(Resident.home_id).where(of_residents)),
        Home.id.in_(sa.select(Contact.home_id).where(of_contacts)),
    )


def all_users(session: Session) -> Sequence[User]:
    """Every user with scope, by name."""
    return session.scalars(sa.select(User).order_by(User.username)).all()


def people_of_role(session: Session, role: str) -> Sequence[User]:
    """The people of a role who can sign in, by name."""
    return session.scalars(sa.select(User).where(User.role == role, User.disabled_at.is_(None)).order_by(User.name)).all()
