"""Who asks: from the bearer token or the session cookie to a `Caller`, once per request.

A route says which capability it needs in its signature (`Annotated[Caller, Depends(allowed(…))]`); the scope is then
applied by the query. Until a password that must be changed was changed, only the routes that ask for `Signed` answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.deps import Using
from api.security import COOKIE, check_same_site
from api.sessions import load_caller
from core.errors import ForbiddenError, NotSignedInError
from core.ids import hash_secret
from people.rights import Caller, Capability

_bearer = HTTPBearer(auto_error=False, description="The token of a sign-in.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="Unsafe methods need the header `X-Yinling-Client` beside it.")


def signed(
    request: Request,
    deps: Using,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Security(_cookie)],
) -> Caller:
    """Whoever is signed in, also with a password that must be changed."""
    token = bearer.credentials if bearer is not None else cookie
    if not token:
        raise NotSignedInError
    with deps.database.snapshot() as session:
        found = load_caller(session, hash_secret(token), deps.clock.now())
    if found is None:
        raise NotSignedInError
    if bearer is None:
        check_same_site(request)
    caller, expires_at = found
    if deps.sign_in.needs_renewal(expires_at):
        deps.sign_in.renew(caller.session_hash)
    return caller


Signed = Annotated[Caller, Depends(signed)]


def ready(caller: Signed) -> Caller:
    """Whoever is signed in and need not change the password first."""
    if caller.must_change_password:
        raise ForbiddenError("password_change_required")
    return caller


Ready = Annotated[Caller, Depends(ready)]


def allowed(*any_of: Capability) -> Callable[[Caller], Caller]:
    """A dependency: the caller, who has at least one of these capabilities."""

    def check(caller: Ready) -> Caller:
        if not any(caller.can(capability) for capability in any_of):
            raise ForbiddenError
        return caller

    return check
