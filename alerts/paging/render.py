"""From a page in the outbox to the message that is sent: whose language, which text, and the link to answer by.

Call it in the transaction that claims the page: it mints the link's token there. It reads, and writes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.home_today import home_today
from alerts.model import Incident
from alerts.paging.model import Page, PageTemplate
from alerts.paging.templates import BUILT_IN, LANGUAGES, Template, event_of, fill
from alerts.paging.texts import ACCEPT_DIGIT, SMS_LONGEST, PageFacts, Reader, joined_values, values
from alerts.paging.tokens import link, mint
from alerts.ports import Message
from alerts.troubles import subject_in
from core.config import Settings
from people.model import Area, Centre, Home, Resident
from people.reach.model import ContactPoint

_TEMPLATES = "alerts.page_templates"
_CENTRES = "alerts.page_centres"

ANSWERED_BY_LINK = frozenset({"alarm", "family_opened", "family_step", "test"})
"""Texts whose link answers; a digest's only opens the pages."""


def message_of(session: Session, page: Page, now: datetime, settings: Settings) -> Message:
    """What is sent for a page, with those that were bundled into it. A token is minted for each incident it names."""
    reader = Reader(_language(session, page, settings), settings.timezone, page.channel)
    bundled = _bundled(session, page)
    event = "bundle" if bundled else event_of(page.cause)
    several = [_values(session, one, reader, now, settings) for one in (page, *bundled)]
    filled_with = joined_values(several, reader.language) if bundled else several[0]
    template = template_of(session, f"{event}.{reader.form}", reader.language)
    title, body = fill(template, filled_with, SMS_LONGEST if reader.form == "sms" else None)
    return Message(
        target=page.target,
        title=title,
        body=body,
        idempotency_key=page.idempotency_key,
        language=reader.language,
        link=several[0]["link"] or None,
        accept_digit=ACCEPT_DIGIT if event != "digest" else None,
        critical=page.critical,
        details=_details(session, page, several),
    )


def facts_of(session: Session, page: Page, now: datetime) -> PageFacts:
    """What is known of what a page is about; a day is judged now, not when its message was planned."""
    told = page.details or {}
    incident = None if page.incident_id is None else session.get_one(Incident, page.incident_id)
    home_id = told.get("home_id") if incident is None else incident.home_id
    home = None if home_id is None else session.get(Home, home_id)
    area = None if incident is None or incident.area_id is None else session.get(Area, incident.area_id)
    centre = _centre(session, page.centre_id)
    today = home_today(session, home.id, now) if home is not None and event_of(page.cause) == "digest" else None
    return PageFacts(
        number=None if incident is None else incident.number,
        kind="other" if incident is None else incident.kind,
        cause=page.cause,
        opened_at=page.due_at if incident is None else incident.began_at,
        centre="" if centre is None else centre.name,
        home=(None if area is None else area.name) if home is None else home.name,
        address=(None if area is None else area.name) if home is None else home.address,
        residents=_residents(session, home, None if incident is None else incident.resident_id),
        drill=incident is not None and incident.drill,
        test=incident is not None and incident.test,
        step=told.get("step"),
        verdict=None if today is None else today.sentence,
        last_movement_at=None if today is None or today.movement is None else today.movement.at,
        battery=None if today is None else today.battery,
        phone=None if centre is None else centre.phone,
        window_minutes=told.get("window_minutes"),
        person=page.person_name,
        trouble=None if incident is None else subject_in(incident.lane),
    )


def _centre(session: Session, centre_id: int) -> Centre | None:
    """The centre, held for the transaction: every page names it."""
    known: dict[int, Centre | None] = session.info.setdefault(_CENTRES, {})
    if centre_id not in known:
        known[centre_id] = session.get(Centre, centre_id)
    return known[centre_id]


def template_of(session: Session, key: str, language: str) -> Template:
    """The centre's own text, else the built-in one; read once in a transaction that sends pages."""
    known: dict[tuple[str, str], Template] = session.info.setdefault(_TEMPLATES, {})
    if (key, language) not in known:
        own = session.scalar(sa.select(PageTemplate).where(PageTemplate.key == key, PageTemplate.language == language))
        known[key, language] = BUILT_IN[key, language] if own is None else Template(own.title, own.body)
    return known[key, language]


def _values(session: Session, page: Page, reader: Reader, now: datetime, settings: Settings) -> dict[str, str]:
    answers = event_of(page.cause) in ANSWERED_BY_LINK
    address = link(mint(session, page, now, settings), settings) if answers else settings.page_address
    return values(facts_of(session, page, now), reader, address)


def _bundled(session: Session, page: Page) -> Sequence[Page]:
    if page.bundle is None:
        return ()
    return session.scalars(sa.select(Page).where(Page.bundled_into_id == page.id).order_by(Page.id)).all()


def _language(session: Session, page: Page, settings: Settings) -> str:
    wanted = page.language
    if wanted is None and page.contact_point_id is not None:
        wanted = session.scalar(sa.select(ContactPoint.language).where(ContactPoint.id == page.contact_point_id))
    return wanted if wanted in LANGUAGES else settings.language


def _residents(session: Session, home: Home | None, resident_id: int | None) -> tuple[str, ...]:
    if home is None:
        return ()
    query = sa.select(Resident.name).where(Resident.home_id == home.id).order_by(Resident.id)
    return tuple(session.scalars(query if resident_id is None else query.where(Resident.id == resident_id)))


def _details(session: Session, page: Page, several: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The contact point's own details, and the facts a provider's own template or a webhook is filled with."""
    point = None if page.contact_point_id is None else session.get(ContactPoint, page.contact_point_id)
    return {
        "page": page.id,
        "cause": page.cause,
        "point": {} if point is None else dict(point.details or {}),
        "values": several[0],
        "incidents": [one["number"] for one in several if one["number"]],
    }


__all__ = ["facts_of", "message_of", "template_of"]
