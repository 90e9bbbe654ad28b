"""What families are told who consented: that an alarm was opened, in its own transaction, and each step until it is closed.

They are told, not asked: these pages stop no clock, are sent whoever took the incident, and come over one way only.
Drills, tests, probes and devices that are not yet live are no family's worry, nor are faults, unless a rule
means them for the family.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.audience import FAMILY, GRAVE, of_incident
from alerts.escalation.pages import Errand, write_pages
from alerts.escalation.people import contact_recipients
from alerts.lanes import FAULT, FAULT_KINDS
from alerts.model import Incident
from alerts.paging.model import Page
from alerts.timeline import Act, tell
from core.config import Settings
from people.model import Contact

OPENED = "family_opened"
STEP = "family_step"
TOLD_STEPS = frozenset({Act.ACKNOWLEDGED, Act.DISPATCHED, Act.ON_SCENE, Act.RESOLVED, Act.CLOSED})
_DEADLINE = timedelta(hours=1)
_ANY_CONSENT = "alerts.any_family_consents"


def tell_opened(session: Session, incident: Incident, now: datetime, settings: Settings) -> int:
    """Page every consenting contact of the home that there is an alarm, once an incident; how many pages are new.

    Of what is critical or high, and of whatever a rule means for the family, however mild.
    """
    if not _is_for_families(incident) or not (incident.severity in GRAVE or FAMILY in of_incident(incident)):
        return 0
    return _tell(session, incident, Errand(OPENED, OPENED, _DEADLINE, critical=False, first_way_only=True), now, settings)


def tell_step(session: Session, incident: Incident, act: Act, now: datetime, settings: Settings) -> int:
    """Page those who were told of the opening what happened now: once for each act and round."""
    if act not in TOLD_STEPS or not _is_for_families(incident):
        return 0
    errand = Errand(
        STEP,
        f"{STEP}:{act}:{incident.escalation_round}",
        _DEADLINE,
        details={"step": str(act)},
        critical=False,
        first_way_only=True,
    )
    return _tell(session, incident, errand, now, settings, only_who_knows=True)


def try_next_way(session: Session, page: Page, incident: Incident, now: datetime, settings: Settings) -> int:
    """A page to a family that will never arrive: write the same over the contact's next way, where there is one."""
    if page.cause not in {OPENED, STEP} or page.person is None:
        return 0
    contact = session.get(Contact, int(page.person.removeprefix("contact:")))
    if contact is None:
        return 0
    scope = page.idempotency_key.removeprefix(f"{incident.id}:").partition(f":{page.person}:")[0]
    tried = sa.select(Page.target).where(Page.incident_id == incident.id, Page.person == page.person, Page.cause == page.cause)
    same = set(session.scalars(tried.where(Page.idempotency_key.startswith(f"{incident.id}:{scope}:"))))
    (one,) = contact_recipients(session, [contact], (), settings, aloud=False)
    left = tuple(way for way in one.ways if way.address not in same or (way.channel != page.channel and way.address == page.target))
    errand = Errand(page.cause, scope, _DEADLINE, details=page.details, critical=False, first_way_only=True)
    return write_pages(session, incident, [replace(one, ways=left)], errand, now)[1]


def _is_for_families(incident: Incident) -> bool:
    marked = incident.probe or incident.test or incident.drill or incident.not_live
    fault = incident.lane.startswith(FAULT) or incident.kind in FAULT_KINDS
    return not marked and incident.home_id is not None and (not fault or FAMILY in of_incident(incident))


def _tell(  # noqa: PLR0913 the rows, what, when and how
    session: Session, incident: Incident, errand: Errand, now: datetime, settings: Settings, *, only_who_knows: bool = False
) -> int:
    if not _any_consents(session):
        return 0
    query = sa.select(Contact).where(Contact.home_id == incident.home_id, Contact.alarm_consent_at.is_not(None))
    contacts = session.scalars(query.order_by(Contact.order, Contact.id)).all()
    if only_who_knows and contacts:
        known = _who_knows(session, incident)
        contacts = [one for one in contacts if f"contact:{one.id}" in known]
    if not contacts:
        return 0
    recipients = contact_recipients(session, contacts, (), settings, aloud=False)
    reached, new = write_pages(session, incident, recipients, errand, now)
    if new and errand.cause == OPENED:
        tell(session, incident, Act.FAMILY_TOLD, now, to=[one.name for one in reached])
    return new


def _any_consents(session: Session) -> bool:
    """Whether any family consented at all; asked once a transaction, since alarms come in floods."""
    known: bool | None = session.info.get(_ANY_CONSENT)
    if known is None:
        known = session.scalar(sa.select(Contact.id).where(Contact.alarm_consent_at.is_not(None)).limit(1)) is not None
        session.info[_ANY_CONSENT] = known
    return known


def _who_knows(session: Session, incident: Incident) -> set[str | None]:
    return set(session.scalars(sa.select(Page.person).where(Page.incident_id == incident.id, Page.cause == OPENED)))


__all__ = ["OPENED", "STEP", "TOLD_STEPS", "tell_opened", "tell_step", "try_next_way"]
