"""Signing in and out, and one's own password."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.callers import Signed
from api.deps import Deps, Using
from api.errors import refusals
from api.schemas.people import Me, SignedIn
from api.security import COOKIE, check_same_origin
from api.views.people import me_view
from core.errors import InvalidInputError, NotSignedInError, TooManyAttemptsError
from people.passwords import hash_password
from people.schemas import PasswordChange, SignIn
from people.users import change_own_password, check_own_password

router = APIRouter(tags=["sign-in"])


@router.post("/sign-in", responses=refusals(NotSignedInError("wrong_sign_in"), TooManyAttemptsError(), signed_in=False))
def sign_in(wanted: SignIn, request: Request, response: Response, deps: Using) -> SignedIn:
    """Check name and password; answers with a bearer token, which is also set as the session cookie."""
    check_same_origin(request)
    address = request.client.host if request.client is not None else "unknown"
    person = deps.sign_in.sign_in(wanted.username, wanted.password, address)
    _set_cookie(response, person.token, deps)
    with deps.database.snapshot() as session:
        me = me_view(session, person.caller, deps.settings)
    return SignedIn(token=person.token, user=me, must_change_password=me.must_change_password)


@router.post("/sign-out", status_code=204, responses=refusals())
def sign_out(caller: Signed, response: Response, deps: Using) -> None:
    """End this session; its live streams end with it."""
    deps.sign_in.sign_out(caller)
    deps.live.end_session(caller.session_hash)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=deps.settings.secure_cookies)


@router.get("/me", responses=refusals())
def read_me(caller: Signed, deps: Using) -> Me:
    """The person who is signed in, and what they may do."""
    with deps.database.snapshot() as session:
        return me_view(session, caller, deps.settings)


@router.post(
    "/me/password",
    responses=refusals(InvalidInputError("wrong_password"), InvalidInputError("password_unchanged"), TooManyAttemptsError()),
)
def change_my_password(wanted: PasswordChange, caller: Signed, request: Request, deps: Using) -> Me:
    """Set a new password; all other sessions of this person end."""
    address = request.client.host if request.client is not None else "unknown"
    seconds = deps.clock.monotonic_seconds()
    wait = deps.sign_in.attempts.wait_seconds(caller.username, address, seconds)
    if wait > 0:
        raise TooManyAttemptsError(wait_seconds=int(wait) + 1)
    with deps.database.snapshot() as session:
        try:
            checked = check_own_password(session, wanted, caller)
        except InvalidInputError:
            deps.sign_in.attempts.failed(caller.username, address, seconds)
            raise
    hashed = hash_password(wanted.new)
    with deps.database.transaction() as session:
        change_own_password(session, checked, hashed, deps.clock.now(), caller)
        return me_view(session, caller, deps.settings)


def _set_cookie(response: Response, token: str, deps: Deps) -> None:
    # No Max-Age: the cookie goes with the browser, the session ends by itself after its hours without use.
    response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="lax", secure=deps.settings.secure_cookies)
