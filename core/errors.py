"""Errors that say what to do.

Every refusal a user can meet is a `YinlingError` with an HTTP status and a stable code. Its text is looked up by code
in `core.messages` in the reader's language; `details` fill the text's placeholders and are returned beside it.
"""

from __future__ import annotations

from typing import Any, ClassVar


class YinlingError(Exception):
    """The base of every error that reaches a user. Subclasses set `status` and `code`."""

    status: ClassVar[int] = 500
    code: str = "internal_error"

    def __init__(self, code: str | None = None, **details: Any) -> None:
        if code is not None:
            self.code = code
        self.details = details
        super().__init__(self.code, details)

    def __str__(self) -> str:
        facts = ", ".join(f"{key}={value!r}" for key, value in self.details.items())
        return f"{self.code} ({facts})" if facts else self.code


class InvalidInputError(YinlingError):
    """What was sent cannot be understood or breaks a rule; 422."""

    status = 422
    code = "invalid_input"


class NotSignedInError(YinlingError):
    """Nobody is signed in, or the session has ended; 401."""

    status = 401
    code = "not_signed_in"


class ForbiddenError(YinlingError):
    """Signed in, but not allowed; 403."""

    status = 403
    code = "forbidden"


class NotFoundError(YinlingError):
    """There is no such thing, or the caller may not know of it; 404."""

    status = 404
    code = "not_found"


class ConflictError(YinlingError):
    """The present state does not allow it; 409."""

    status = 409
    code = "conflict"


class TooManyAttemptsError(YinlingError):
    """Slow down; 429."""

    status = 429
    code = "too_many_attempts"


class UnavailableError(YinlingError):
    """Something Yinling stands on is away; 503."""

    status = 503
    code = "unavailable"
