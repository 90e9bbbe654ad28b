"""Contact points and test pages as answers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.paging.model import Page, PageTest
from alerts.paging.page_tests import latest_tests
from alerts.paging.texts import masked
from api.schemas.reach import ContactPointOut, PageTestList, PageTestOut, PageTestSummary
from people.model import Contact, User
from people.reach.model import ContactPoint
from people.rights import Caller, Capability, scope_of

_SHOWN_WHOLE = frozenset({"sms", "voice"})
_NINETY_PERCENT = 0.9


def shown_address(point: ContactPoint) -> str:
    """A number whole; of an address that may carry secrets its service only."""
    return point.address if point.channel in _SHOWN_WHOLE else masked(point.address)


def point_view(point: ContactPoint) -> ContactPointOut:
    """One way to reach somebody."""
    return ContactPointOut(
        id=point.id,
        channel=point.channel,
        address=shown_address(point),
        label=point.label,
        language=point.language,
        order=point.order,
        broken_at=point.broken_at,
        broken_reason=point.broken_reason,
    )


def page_test_view(test: PageTest, point: ContactPoint, person: str | None, error: str | None) -> PageTestOut:
    """One test page."""
    took = None if test.answered_at is None or test.sent_at is None else (test.answered_at - test.sent_at).total_seconds()
    return PageTestOut(
        id=test.id,
        contact_point_id=point.id,
        person_name=person,
        channel=point.channel,
        address=shown_address(point),
        label=point.label,
        state=test.state,
        due_at=test.due_at,
        sent_at=test.sent_at,
        answered_at=test.answered_at,
        answered_after_seconds=took,
        window_seconds=test.window_seconds,
        created_by=test.created_by,
        error=error,
    )


def page_test_report(session: Session, caller: Caller, limit: int) -> PageTestList:
    """The latest tests of everybody the caller may see, and how they went."""
    rows = latest_tests(session, _seen_by(session, caller), limit)
    pages = {page.id: page for page in session.scalars(sa.select(Page).where(Page.id.in_([test.page_id for test, _ in rows])))}
    users = _names(session, User, [point.user_id for _, point in rows])
    contacts = _names(session, Contact, [point.contact_id for _, point in rows])
    items = [
        page_test_view(
            test,
            point,
            users.get(point.user_id or 0) or contacts.get(point.contact_id or 0),
            pages[test.page_id].error if test.page_id in pages else None,
        )
        for test, point in rows
    ]
    return PageTestList(items=items, summary=summary_of(items))


def summary_of(items: Sequence[PageTestOut]) -> PageTestSummary:
    """How many answered, and how fast half and nine in ten of them did. Pure."""
    states = [item.state for item in items if item.state in {"answered", "unanswered", "failed"}]
    times = sorted(item.answered_after_seconds for item in items if item.answered_after_seconds is not None)
    answered = states.count("answered")
    return PageTestSummary(
        over=len(states),
        answered=answered,
        unanswered=states.count("unanswered"),
        failed=states.count("failed"),
        answered_percent=round(100 * answered / len(states), 1) if states else None,
        median_seconds=statistics.median(times) if times else None,
        p90_seconds=times[min(int(len(times) * _NINETY_PERCENT), len(times) - 1)] if times else None,
    )


def _seen_by(session: Session, caller: Caller) -> sa.ColumnElement[bool]:
    """Contact points of contacts of the caller's homes, of staff within the caller's scope, and the caller's own."""
    contacts = sa.select(Contact.id).where(caller.scope.of_home(Contact.home_id))
    seen = [ContactPoint.contact_id.in_(contacts), ContactPoint.user_id == caller.user_id]
    if caller.can(Capability.MANAGE_USERS):
        staff = [user.id for user in session.scalars(sa.select(User)) if scope_of(user).within(caller.scope)]
        seen.append(ContactPoint.user_id.in_(staff))
    return sa.or_(*seen)


def _names(session: Session, of: type[User | Contact], ids: Sequence[int | None]) -> dict[int, str]:
    wanted = [one for one in ids if one is not None]
    return dict(session.execute(sa.select(of.id, of.name).where(of.id.in_(wanted))).all()) if wanted else {}


__all__ = ["page_test_report", "page_test_view", "point_view", "shown_address", "summary_of"]
