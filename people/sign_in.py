"""Signing in and staying signed in.

A session is a 256-bit random token of which only the SHA-256 is stored; it ends `session_hours` after its last use, at
sign-out, and when its person is disabled or gets a new password. The audit tells of every sign-in made and refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.clock import Clock
from core.config import Settings
from core.database import Database
from core.errors import NotSignedInError, TooManyAttemptsError
from core.ids import hash_secret, new_secret
from people import audit
from people.attempts import MADE, REFUSED, FailedAttempts, wait_by_audit
from people.model import Role, SignInSession, User
from people.passwords import password_matches
from people.rights import Caller, scope_of

RENEW_AFTER = timedelta(minutes=5)
"""Use pushes the end of a session forward at most this often, so that reading writes nothing."""


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """A fresh session: the token, shown once, and who it belongs to."""

    token: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class SignInDesk:
    """Where people sign in; one per process, since it remembers failed attempts."""

    database: Database
    clock: Clock
    settings: Settings
    attempts: FailedAttempts

    def sign_in(self, username: str, password: str, address: str) -> SignedInPerson:
        """Check name and password, and open a session.

        Raises TooManyAttemptsError (`too_many_attempts`) and NotSignedInError (`wrong_sign_in`, the same for an unknown
        name, a wrong password and a disabled person). Takes some 50 ms of one core: call it in a thread.
        """
        seconds = self.clock.monotonic_seconds()
        wait = self.attempts.wait_seconds(username, address, seconds)
        if wait > 0:
            raise TooManyAttemptsError(wait_seconds=int(wait) + 1)
        with self.database.snapshot() as session:
            if (wait := wait_by_audit(session, username, address, self.settings.sign_in_attempts, self.clock.now())) > 0:
                raise TooManyAttemptsError(wait_seconds=int(wait) + 1)
            known = session.scalar(sa.select(User).where(User.username == username))
            hashed = known.password_hash if known is not None and known.disabled_at is None else None
        if not password_matches(password, hashed):
            self.attempts.failed(username, address, seconds)
            with self.database.transaction() as session:
                audit.write(session, self.clock.now(), username, REFUSED, subject=username, address=address)
            raise NotSignedInError("wrong_sign_in")
        self.attempts.succeeded(username)
        token = new_secret()
        with self.database.transaction() as session:
            caller = self._open(session, username, hashed, token)
            audit.write(session, self.clock.now(), caller, MADE, subject=username, address=address)
        return SignedInPerson(token, caller)

    def _open(self, session: Session, username: str, hashed: str | None, token: str) -> Caller:
        now = self.clock.now()
        user = session.scalar(sa.select(User).where(User.username == username))
        if user is None or user.disabled_at is not None or user.password_hash != hashed:
            raise NotSignedInError("wrong_sign_in")  # changed while we were hashing
        session.execute(sa.delete(SignInSession).where(SignInSession.expires_at <= now))
        row = SignInSession(
            token_hash=hash_secret(token),
            user_id=user.id,
            created_at=now,
            expires_at=now + timedelta(hours=self.settings.session_hours),
        )
        session.add(row)
        return caller_of(user, row.token_hash)

    def renew(self, session_hash: str) -> None:
        """Push the end of a session forward; nothing when it was pushed lately or is gone."""
        now = self.clock.now()
        end = now + timedelta(hours=self.settings.session_hours)
        row = SignInSession.__table__.c
        with self.database.transaction() as session:
            session.execute(
                sa.update(SignInSession).where(row.token_hash == session_hash, row.expires_at > now).values(expires_at=end)
            )

    def needs_renewal(self, expires_at: datetime) -> bool:
        """Whether `renew` is worth a write."""
        return expires_at - self.clock.now() < timedelta(hours=self.settings.session_hours) - RENEW_AFTER

    def sign_out(self, caller: Caller) -> None:
        """End the session the caller came with."""
        with self.database.transaction() as session:
            session.execute(sa.delete(SignInSession).where(SignInSession.token_hash == caller.session_hash))
            audit.write(session, self.clock.now(), caller, "sign_in.ended", subject=caller.username)


def find_caller(session: Session, session_hash: str, now: datetime) -> tuple[Caller, datetime] | None:
    """Whose session this is, and when it ends unless used; None when it is unknown, over, or its person disabled."""
    row = session.execute(
        sa.select(SignInSession.expires_at, User)
        .join(User, User.id == SignInSession.user_id)
        .where(SignInSession.token_hash == session_hash, SignInSession.expires_at > now, User.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    expires_at, user = row
    return caller_of(user, session_hash), expires_at


def caller_of(user: User, session_hash: str = "") -> Caller:
    """A person as the one who asks."""
    return Caller(
        user_id=user.id,
        username=user.username,
        name=user.name,
        role=Role(user.role),
        scope=scope_of(user),
        must_change_password=user.must_change_password,
        session_hash=session_hash,
    )


def end_sessions(session: Session, user_id: int, *, except_hash: str = "") -> None:
    """End all sessions of a person, all but one if given."""
    session.execute(sa.delete(SignInSession).where(SignInSession.user_id == user_id, SignInSession.token_hash != except_hash))
