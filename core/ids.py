"""Names and secrets: what is random, how long it is, and how a secret is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
"""What a home's or a device's name on the broker may look like (design, section 5)."""

_NAME = re.compile(NAME_PATTERN)
# No 0/O, 1/l/I: codes are read aloud over the phone.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def is_topic_name(name: str) -> bool:
    """Whether `name` may stand as one level of a topic."""
    return _NAME.fullmatch(name) is not None


def new_code(prefix: str, length: int = 8) -> str:
    """A short random name such as `dev-7hq2m9xk`, free of letters that are confused when spoken."""
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


def new_secret() -> str:
    """A 256-bit secret, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """SHA-256 of a secret that is itself 256-bit random; a slow hash would add nothing (design, section 4)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_matches(secret: str, hashed: str) -> bool:
    """Constant-time comparison of a presented secret with its stored hash."""
    return hmac.compare_digest(hash_secret(secret), hashed)
