"""Changing the ways to reach people: each one change inside the caller's transaction, with its audit entry.

Addresses may carry tokens of their service, so that the audit names the channel and the person, never the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from core.errors import ConflictError, InvalidInputError
from people import audit
from people.model import Contact, Home, Role, User
from people.reach.model import ContactPoint
from people.reach.numbers import can_be_called, can_take_text, normalised
from people.reach.schemas import PointChange, PointCreate, Subscription
from people.rights import Caller

_OF_THE_MACHINE = frozenset({"dbus", "qt", "kde", "glib", "gnome", "macosx", "windows", "syslog", "file"})
"""Apprise addresses that reach a screen or log of the server, and no person."""
MOST_POINTS = 20


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose contact point it is: a user or a contact."""

    user: User | None = None
    contact: Contact | None = None

    @property
    def home_id(self) -> int | None:
        """The home of a contact."""
        return None if self.contact is None else self.contact.home_id

    @property
    def subject(self) -> str:
        """How the audit calls them."""
        return f"user:{self.user.username}" if self.user is not None else f"contact:{self.contact.id if self.contact else 0}"

    def is_theirs(self) -> sa.ColumnElement[bool]:
        """The condition on contact points."""
        if self.user is not None:
            return ContactPoint.user_id == self.user.id
        return ContactPoint.contact_id == (None if self.contact is None else self.contact.id)


def checked_address(channel: str, address: str) -> str:
    """The address as it is kept; InvalidInputError `number_never_works` or `address_unusable`."""
    if channel in {"sms", "voice"}:
        number = normalised(address)
        if number is None or not (can_take_text(address) if channel == "sms" else can_be_called(address)):
            raise InvalidInputError("number_never_works", channel=channel)
        return number
    scheme, separator, rest = address.partition("://")
    web = scheme.lower() in {"http", "https"}
    if not separator or not rest or any(char.isspace() for char in address) or scheme.lower() in _OF_THE_MACHINE:
        raise InvalidInputError("address_unusable")
    if web != (channel == "webhook") or (web and not _has_host(address)):
        raise InvalidInputError("address_unusable")
    return address


def _has_host(address: str) -> bool:
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False


def add_point(session: Session, owner: Owner, wanted: PointCreate, now: datetime, actor: Caller) -> ContactPoint:
    """Add a way to reach somebody; ConflictError `contact_point_taken`, `too_many_contact_points`."""
    address = checked_address(wanted.channel, wanted.address)
    _check_room(session, owner, wanted.channel, address)
    point = ContactPoint(
        user_id=None if owner.user is None else owner.user.id,
        contact_id=None if owner.contact is None else owner.contact.id,
        channel=wanted.channel,
        address=address,
        label=wanted.label,
        language=wanted.language,
        order=wanted.order,
        created_at=now,
    )
    session.add(point)
    session.flush()
    audit.write(session, now, actor, "contact_point.created", subject=owner.subject, home_id=owner.home_id, channel=point.channel)
    return point


def change_point(  # noqa: PLR0913, PLR0917 one act
    session: Session, point: ContactPoint, owner: Owner, wanted: PointChange, now: datetime, actor: Caller
) -> ContactPoint:
    """Change one; a changed address is no longer broken."""
    if wanted.channel is not None and wanted.channel != point.channel:
        raise InvalidInputError("channel_fixed")
    if wanted.address is not None:
        address = checked_address(point.channel, wanted.address)
        if address != point.address:
            _check_room(session, owner, point.channel, address)
            point.address = address
            point.broken_at = point.broken_reason = None
    if wanted.broken is False:
        point.broken_at = point.broken_reason = None
    fields = wanted.model_fields_set
    if "label" in fields:
        point.label = wanted.label
    if "language" in fields:
        point.language = wanted.language
    if wanted.order is not None:
        point.order = wanted.order
    session.flush()
    audit.write(
        session,
        now,
        actor,
        "contact_point.changed",
        subject=owner.subject,
        home_id=owner.home_id,
        channel=point.channel,
        fields=[*sorted(fields)],
    )
    return point


def remove_point(session: Session, point: ContactPoint, owner: Owner, now: datetime, actor: Caller) -> None:
    """Take one away; pages that were sent to it stay, its tests go."""
    audit.write(session, now, actor, "contact_point.removed", subject=owner.subject, home_id=owner.home_id, channel=point.channel)
    session.delete(point)
    session.flush()


def subscribe(  # noqa: PLR0913, PLR0917 one act
    session: Session, owner: Owner, wanted: Subscription, hosts: tuple[str, ...], now: datetime, actor: Caller
) -> ContactPoint:
    """Add a browser, or renew its keys; InvalidInputError `push_service_unknown` for a service that is not in `hosts`."""
    if not is_push_service(wanted.endpoint, hosts):
        raise InvalidInputError("push_service_unknown")
    known = session.scalar(
        sa.select(ContactPoint).where(
            owner.is_theirs(), ContactPoint.channel == "web_push", ContactPoint.address == wanted.endpoint
        )
    )
    if known is None:
        _check_room(session, owner, "web_push", wanted.endpoint)
        known = ContactPoint(
            user_id=None if owner.user is None else owner.user.id,
            contact_id=None if owner.contact is None else owner.contact.id,
            channel="web_push",
            address=wanted.endpoint,
            order=1,
            created_at=now,
        )
        session.add(known)
    known.details = wanted.keys.model_dump()
    known.label = wanted.label or known.label
    known.language = wanted.language or known.language
    known.broken_at = known.broken_reason = None
    session.flush()
    audit.write(session, now, actor, "web_push.subscribed", subject=owner.subject, home_id=owner.home_id)
    return known


def unsubscribe(session: Session, owner: Owner, endpoint: str, now: datetime, actor: Caller) -> bool:
    """Take a browser of one's own away; whether there was one."""
    known = session.scalar(
        sa.select(ContactPoint).where(owner.is_theirs(), ContactPoint.channel == "web_push", ContactPoint.address == endpoint)
    )
    if known is None:
        return False
    session.delete(known)
    session.flush()
    audit.write(session, now, actor, "web_push.unsubscribed", subject=owner.subject, home_id=owner.home_id)
    return True


def subscriber_of(session: Session, caller: Caller) -> Owner:
    """Who is paged when this caller's browser is: staff themselves, families the contact with their number.

    ConflictError `no_contact_of_yours` when no home of theirs has a contact with their number.
    """
    user = session.get_one(User, caller.user_id)
    if caller.role is not Role.FAMILY:
        return Owner(user=user)
    number = normalised(user.phone or "")
    own = sa.select(Contact).join(Home, Home.id == Contact.home_id).where(caller.scope.homes()).order_by(Contact.id)
    for contact in session.scalars(own):
        if number is not None and normalised(contact.phone) == number:
            return Owner(contact=contact)
    raise ConflictError("no_contact_of_yours")


def is_push_service(endpoint: str, hosts: tuple[str, ...]) -> bool:
    """Whether a subscription points at one of these hosts or below it: our pager must not post wherever a browser says."""
    try:
        parts = urlsplit(endpoint)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    loopback = host in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        return False
    return any(host == one or host.endswith(f".{one}") for one in hosts)


def owner_of(session: Session, point: ContactPoint) -> Owner:
    """Whose a contact point is."""
    if point.user_id is not None:
        return Owner(user=session.get_one(User, point.user_id))
    return Owner(contact=session.get_one(Contact, point.contact_id))


def _check_room(session: Session, owner: Owner, channel: str, address: str) -> None:
    known = session.execute(sa.select(ContactPoint.channel, ContactPoint.address).where(owner.is_theirs())).all()
    if (channel, address) in {(one.channel, one.address) for one in known}:
        raise ConflictError("contact_point_taken")
    if len(known) >= MOST_POINTS:
        raise ConflictError("too_many_contact_points", most=MOST_POINTS)


__all__ = [
    "MOST_POINTS",
    "Owner",
    "add_point",
    "change_point",
    "checked_address",
    "is_push_service",
    "owner_of",
    "remove_point",
    "subscribe",
    "subscriber_of",
    "unsubscribe",
]
