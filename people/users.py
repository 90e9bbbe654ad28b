"""Users: who may sign in, in which role, over what. Changes are audited in the same transaction.

Nobody can give more than they have: only administrators make administrators, and a supervisor of an area only people of
that area. The last administrator can neither be disabled nor change role.
"""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from people import audit
from people.model import Role, User
from people.passwords import hash_password, password_matches
from people.rights import Caller, Scope, scope_of
from people.schemas import PasswordChange, UserChange, UserCreate
from people.sign_in import end_sessions
from people.store import areas_by_code, homes_by_code

ADMINISTRATOR_NAME = "admin"


def create_user(session: Session, wanted: UserCreate, hashed: str, now: datetime, actor: Caller | str) -> User:
    """Add a person; ConflictError `username_taken`, InvalidInputError for scopes that do not exist or do not fit.

    `hashed` is `hash_password(wanted.password)`, made before the transaction began: a hash takes longer than a commit.
    """
    if session.scalar(sa.select(User.id).where(sa.func.lower(User.username) == wanted.username.lower())) is not None:
        raise ConflictError("username_taken", username=wanted.username)
    user = User(
        username=wanted.username,
        name=wanted.name,
        role=wanted.role,
        phone=wanted.phone,
        password_hash=hashed,
        must_change_password=wanted.must_change_password,
        created_at=now,
    )
    _give_scope(session, user, wanted.areas, wanted.homes, actor)
    _check_may_manage(actor, user)
    session.add(user)
    session.flush()
    audit.write(
        session,
        now,
        actor,
        "user.created",
        subject=user.username,
        role=str(wanted.role),
        areas=list(wanted.areas),
        homes=list(wanted.homes),
    )
    return user


def change_user(session: Session, user_id: int, wanted: UserChange, hashed: str | None, now: datetime, actor: Caller) -> User:  # noqa: PLR0913, PLR0917 one act
    """Change a person; a new password (`hashed`), role, scope or disabling ends their sessions."""
    user = session.get(User, user_id)
    if user is None or not may_manage(actor, user):
        raise NotFoundError("user_not_found")
    changes = wanted.model_dump(exclude_unset=True, mode="json")
    before_role = Role(user.role)
    for name in ("name", "role", "phone"):
        if name in changes and (changes[name] is not None or name == "phone"):
            setattr(user, name, changes[name])
    _give_scope(
        session,
        user,
        wanted.areas if wanted.areas is not None else [area.code for area in user.areas],
        wanted.homes if wanted.homes is not None else [home.code for home in user.homes],
        actor,
    )
    if wanted.disabled is not None:
        user.disabled_at = (user.disabled_at or now) if wanted.disabled else None
    if hashed is not None:
        user.password_hash = hashed
        user.must_change_password = user.id != actor.user_id
    if wanted.must_change_password is not None:
        user.must_change_password = wanted.must_change_password
    _check_may_manage(actor, user)
    if before_role is Role.ADMINISTRATOR and (user.role != Role.ADMINISTRATOR or user.disabled_at is not None):
        _check_another_administrator(session, user.id)
    if changes.keys() & {"password", "disabled", "role", "areas", "homes"}:
        end_sessions(session, user.id, except_hash=actor.session_hash)
    changes.pop("password", None)
    audit.write(session, now, actor, "user.changed", subject=user.username, password=wanted.password is not None, **changes)
    return user


def check_own_password(session: Session, wanted: PasswordChange, actor: Caller) -> str:
    """The stored hash, once the present password was right; InvalidInputError `wrong_password`, `password_unchanged`."""
    user = session.get_one(User, actor.user_id)
    if not password_matches(wanted.current, user.password_hash):
        raise InvalidInputError("wrong_password")
    if wanted.new == wanted.current:
        raise InvalidInputError("password_unchanged")
    return user.password_hash


def change_own_password(session: Session, checked: str, hashed: str, now: datetime, actor: Caller) -> User:
    """Set a new password where the old one is still the `checked` one; other sessions end."""
    user = session.get_one(User, actor.user_id)
    if user.password_hash != checked:
        raise InvalidInputError("wrong_password")
    user.password_hash = hashed
    user.must_change_password = False
    end_sessions(session, user.id, except_hash=actor.session_hash)
    audit.write(session, now, actor, "user.password_changed", subject=user.username)
    return user


def ensure_administrator(session: Session, password: str | None, now: datetime) -> str | None:
    """Make `admin` where nobody can sign in yet.

    With a given `password` it stays; without one a random one is made, which is returned (print it once) and must be
    changed at the first sign-in. Returns None when nothing was made up.
    """
    if session.scalar(sa.select(User.id).limit(1)) is not None:
        return None
    made_up = password or secrets.token_urlsafe(12)
    session.add(
        User(
            username=ADMINISTRATOR_NAME,
            name="管理员",
            role=Role.ADMINISTRATOR,
            password_hash=hash_password(made_up),
            must_change_password=password is None,
            created_at=now,
        )
    )
    session.flush()
    audit.write(session, now, audit.SYSTEM, "user.created", subject=ADMINISTRATOR_NAME, role=str(Role.ADMINISTRATOR))
    return None if password else made_up


def may_manage(actor: Caller | str, user: User) -> bool:
    """Whether the actor may make or change such a person: never more than the actor has."""
    if isinstance(actor, str) or actor.role is Role.ADMINISTRATOR:
        return True
    return user.role != Role.ADMINISTRATOR and scope_of(user).within(actor.scope)


def _check_may_manage(actor: Caller | str, user: User) -> None:
    if not may_manage(actor, user):
        raise ForbiddenError("scope_exceeds_own")


def _give_scope(session: Session, user: User, areas: list[str], homes: list[str], actor: Caller | str) -> None:
    scope = Scope(whole_centre=True) if isinstance(actor, str) else actor.scope
    found_areas = areas_by_code(session, areas)
    found_homes = homes_by_code(session, homes, scope)
    for code in areas:
        if code not in found_areas or not scope.includes_area(found_areas[code].path):
            raise InvalidInputError("unknown_area", area=code)
    for code in homes:
        if code not in found_homes:
            raise InvalidInputError("unknown_home", home=code)
    if user.role == Role.FAMILY and not homes:
        raise InvalidInputError("family_needs_homes")
    user.areas = list(found_areas.values())
    user.homes = list(found_homes.values())


def _check_another_administrator(session: Session, user_id: int) -> None:
    others = sa.select(User.id).where(User.role == Role.ADMINISTRATOR, User.disabled_at.is_(None), User.id != user_id).limit(1)
    if session.scalar(others) is None:
        raise ConflictError("last_administrator")
