"""A family member as a contact of a home: what they agreed to, and how they are reached."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.schemas.homes import FamilyContact
from api.views.reach import point_view
from people.model import Home, User
from people.reach.numbers import normalised
from people.reach.store import points_of_contact
from people.rights import Caller


def family_contact(session: Session, home: Home, caller: Caller) -> FamilyContact | None:
    """The contact of this home with the caller's telephone number; None where there is none."""
    number = normalised(session.get_one(User, caller.user_id).phone or "")
    contact = next((one for one in home.contacts if number is not None and normalised(one.phone) == number), None)
    if contact is None:
        return None
    return FamilyContact(
        name=contact.name,
        phone=contact.phone,
        alarm_consent_at=contact.alarm_consent_at,
        digest_consent_at=contact.digest_consent_at,
        points=[point_view(point) for point in points_of_contact(session, contact.id)],
    )
