"""Passwords: Argon2id hashes with the library's current parameters, at most two computed at a time.

A hash takes some 50 ms and 64 MiB, so callers run this in a thread, and a flood of sign-ins waits here instead of
taking the machine's memory.
"""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

_hasher = PasswordHasher()
_at_once = threading.BoundedSemaphore(2)
# Compared with when the name is unknown, so that the answer takes as long as for a known one.
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The Argon2id hash to store."""
    with _at_once:
        return _hasher.hash(password)


def password_matches(password: str, hashed: str | None) -> bool:
    """Whether the password is right; takes as long for an unknown name (`hashed` None) as for a known one."""
    with _at_once:
        try:
            _hasher.verify(hashed or _NOBODY, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return hashed is not None
