"""The ways to reach people, and tests of them. An address is never told to an audit or a log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from alerts.channels.apprise import is_readable
from alerts.paging.page_tests import schedule
from api.callers import Ready, allowed
from api.deps import Using
from api.errors import NO_HOME, refusals
from api.schemas.base import Id
from api.schemas.reach import ContactPointList, ContactPointOut, PageTestList, PageTestOut, PageTestWanted
from api.views.reach import page_test_report, page_test_view, point_view, shown_address
from core.errors import ConflictError, InvalidInputError, NotFoundError
from people import audit, store
from people.model import Contact
from people.reach import service
from people.reach.schemas import PointChange, PointCreate
from people.reach.service import Owner
from people.reach.store import find_point, find_user, owner_name, points_of_contact, points_of_user
from people.rights import Caller, Capability

router = APIRouter(tags=["reach"])

HomeChanger = Annotated[Caller, Depends(allowed(Capability.CHANGE_HOMES))]
Reader = Annotated[Caller, Depends(allowed(Capability.CHANGE_HOMES, Capability.MANAGE_USERS))]

_NO_POINT = NotFoundError("contact_point_not_found")
_NO_USER = NotFoundError("user_not_found")
_NO_CONTACT = NotFoundError("contact_not_found")
_WRONG = (
    InvalidInputError("number_never_works"),
    InvalidInputError("address_unusable"),
    ConflictError("contact_point_taken"),
    ConflictError("too_many_contact_points"),
)


@router.get("/users/{username}/contact-points", responses=refusals(_NO_USER))
def list_user_contact_points(username: str, caller: Ready, deps: Using) -> ContactPointList:
    """Those of somebody the caller manages, or of oneself."""
    with deps.database.snapshot() as session:
        user = find_user(session, username, caller)
        return ContactPointList(items=[point_view(point) for point in points_of_user(session, user.id)])


@router.post("/users/{username}/contact-points", status_code=201, responses=refusals(_NO_USER, *_WRONG))
def create_user_contact_point(username: str, wanted: PointCreate, caller: Ready, deps: Using) -> ContactPointOut:
    """Add a number or an address."""
    _check_readable(wanted.channel, wanted.address)
    with deps.database.transaction() as session:
        owner = Owner(user=find_user(session, username, caller))
        return point_view(service.add_point(session, owner, wanted, deps.clock.now(), caller))


@router.get("/homes/{code}/contacts/{contact_id}/contact-points", responses=refusals(NO_HOME, _NO_CONTACT))
def list_contact_contact_points(code: str, contact_id: Id, caller: HomeChanger, deps: Using) -> ContactPointList:
    """Those of a contact of a home."""
    with deps.database.snapshot() as session:
        contact = _contact(session, code, contact_id, caller)
        return ContactPointList(items=[point_view(point) for point in points_of_contact(session, contact.id)])


@router.post(
    "/homes/{code}/contacts/{contact_id}/contact-points", status_code=201, responses=refusals(NO_HOME, _NO_CONTACT, *_WRONG)
)
def create_contact_contact_point(
    code: str, contact_id: Id, wanted: PointCreate, caller: HomeChanger, deps: Using
) -> ContactPointOut:
    """Add a number or an address."""
    _check_readable(wanted.channel, wanted.address)
    with deps.database.transaction() as session:
        owner = Owner(contact=_contact(session, code, contact_id, caller))
        return point_view(service.add_point(session, owner, wanted, deps.clock.now(), caller))


@router.patch("/contact-points/{point_id}", responses=refusals(_NO_POINT, InvalidInputError("channel_fixed"), *_WRONG))
def change_contact_point(point_id: Id, wanted: PointChange, caller: Ready, deps: Using) -> ContactPointOut:
    """Change one; an address sent back as it is shown stays what it was."""
    with deps.database.transaction() as session:
        point = find_point(session, point_id, caller)
        if wanted.address == shown_address(point):
            wanted = wanted.model_copy(update={"address": None})
        if wanted.address is not None:
            _check_readable(point.channel, wanted.address)
        owner = service.owner_of(session, point)
        return point_view(service.change_point(session, point, owner, wanted, deps.clock.now(), caller))


@router.delete("/contact-points/{point_id}", status_code=204, responses=refusals(_NO_POINT))
def remove_contact_point(point_id: Id, caller: Ready, deps: Using) -> None:
    """Take one away."""
    with deps.database.transaction() as session:
        point = find_point(session, point_id, caller)
        service.remove_point(session, point, service.owner_of(session, point), deps.clock.now(), caller)


@router.post("/contact-points/{point_id}/test", status_code=201, responses=refusals(_NO_POINT))
def send_test_page(point_id: Id, caller: Ready, deps: Using, wanted: PageTestWanted | None = None) -> PageTestOut:
    """Send a test page, now or at a time; the person answers it within its window by link or key."""
    now = deps.clock.now()
    at = now if wanted is None or wanted.at is None else max(wanted.at, now)
    with deps.database.transaction() as session:
        point = find_point(session, point_id, caller)
        test = schedule(session, point, at, deps.settings, caller.name)
        owner = service.owner_of(session, point)
        audit.write(
            session, now, caller, "page_test.scheduled", subject=owner.subject, home_id=owner.home_id, channel=point.channel
        )
        view = page_test_view(test, point, owner_name(session, point), None)
    deps.hint(None)
    return view


@router.get("/page-tests", responses=refusals())
def list_page_tests(caller: Reader, deps: Using, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> PageTestList:
    """The latest tests of everybody the caller may see, with how many answered and how fast."""
    with deps.database.snapshot() as session:
        return page_test_report(session, caller, limit)


def _contact(session: Session, code: str, contact_id: int, caller: Caller) -> Contact:
    home = store.find_home(session, code, caller.scope)
    contact = store.find_contact(session, contact_id, caller.scope)
    if contact.home_id != home.id:
        raise NotFoundError("contact_not_found")
    return contact


def _check_readable(channel: str, address: str) -> None:
    if channel == "apprise" and not is_readable(address):
        raise InvalidInputError("address_unusable")
