"""Queries about the ways to reach people; those a person's eyes pass through take that person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from people.model import Contact, User
from people.reach.model import ContactPoint
from people.rights import Caller, Capability
from people.store import find_contact
from people.users import may_manage


def points_of_user(session: Session, user_id: int) -> Sequence[ContactPoint]:
    """In the order they are used."""
    return session.scalars(_ordered().where(ContactPoint.user_id == user_id)).all()


def points_of_contact(session: Session, contact_id: int) -> Sequence[ContactPoint]:
    """In the order they are used."""
    return session.scalars(_ordered().where(ContactPoint.contact_id == contact_id)).all()


def points_of_contacts(session: Session, contact_ids: Iterable[int]) -> Mapping[int, list[ContactPoint]]:
    """Those of several contacts, each in the order they are used."""
    found: dict[int, list[ContactPoint]] = {}
    for point in session.scalars(_ordered().where(ContactPoint.contact_id.in_(list(contact_ids)))):
        if point.contact_id is not None:
            found.setdefault(point.contact_id, []).append(point)
    return found


def find_user(session: Session, username: str, caller: Caller) -> User:
    """Oneself, or somebody the caller manages; NotFoundError `user_not_found` otherwise."""
    user = session.scalar(sa.select(User).where(User.username == username))
    if user is None or not _may_change(caller, user):
        raise NotFoundError("user_not_found")
    return user


def find_point(session: Session, point_id: int, caller: Caller) -> ContactPoint:
    """A contact point the caller may change; NotFoundError `contact_point_not_found` also where it is another's."""
    point = session.get(ContactPoint, point_id)
    if point is None or not _is_within(session, point, caller):
        raise NotFoundError("contact_point_not_found")
    return point


def _is_within(session: Session, point: ContactPoint, caller: Caller) -> bool:
    if point.user_id is not None:
        return _may_change(caller, session.get_one(User, point.user_id))
    if not caller.can(Capability.CHANGE_HOMES) or point.contact_id is None:
        return False
    try:
        find_contact(session, point.contact_id, caller.scope)
    except NotFoundError:
        return False
    return True


def _may_change(caller: Caller, user: User) -> bool:
    return user.id == caller.user_id or (caller.can(Capability.MANAGE_USERS) and may_manage(caller, user))


def owner_name(session: Session, point: ContactPoint) -> str:
    """Whose it is."""
    if point.user_id is not None:
        return session.get_one(User, point.user_id).name
    return session.get_one(Contact, point.contact_id).name


def _ordered() -> sa.Select[ContactPoint]:
    return sa.select(ContactPoint).order_by(ContactPoint.order, ContactPoint.id)


__all__ = ["find_point", "find_user", "owner_name", "points_of_contact", "points_of_contacts", "points_of_user"]
