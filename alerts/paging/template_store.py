"""A centre's own texts: kept, put back and previewed. Each change is audited in its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.paging.model import PageTemplate
from alerts.paging.templates import BUILT_IN, Template, check, fill
from alerts.paging.texts import SMS_LONGEST, PageFacts, Reader, joined_values, values
from core.config import Settings
from core.errors import InvalidInputError
from people import audit
from people.rights import Caller

_PEOPLE: Mapping[str, tuple[str, str, str, str]] = {
    "zh-CN": ("李秀英", "幸福小区 3 栋 201", "幸福路 1 号 3 栋 201", "王芳"),
    "en": ("Mary Lee", "Block 3, flat 201", "1 Happiness Road, block 3, flat 201", "Anna Wang"),
}
"""Invented: a preview shows nobody's data."""
_SAMPLE_LINK = "https://centre.example/a/Zk3…"


def own_templates(session: Session) -> dict[tuple[str, str], PageTemplate]:
    """The centre's own, by key and language."""
    return {(row.key, row.language): row for row in session.scalars(sa.select(PageTemplate))}


def put_template(session: Session, key: str, language: str, wanted: Template, now: datetime, actor: Caller) -> PageTemplate:  # noqa: PLR0913, PLR0917 one act
    """Put a text of the centre's own in the place of the built-in one; InvalidInputError as of `templates.check`."""
    check(key, language, wanted)
    row = own_templates(session).get((key, language))
    if row is None:
        row = PageTemplate(key=key, language=language, title="", body="", updated_at=now)
        session.add(row)
    row.title, row.body = wanted.title, wanted.body
    row.updated_at, row.updated_by = now, actor.name
    session.flush()
    audit.write(session, now, actor, "page_template.changed", subject=f"{key}/{language}", title=wanted.title, body=wanted.body)
    return row


def remove_template(session: Session, key: str, language: str, now: datetime, actor: Caller) -> None:
    """Put the built-in text back."""
    if (key, language) not in BUILT_IN:
        raise InvalidInputError("unknown_template", key=key)
    row = own_templates(session).get((key, language))
    if row is None:
        return
    session.delete(row)
    session.flush()
    audit.write(session, now, actor, "page_template.reset", subject=f"{key}/{language}")


def preview(key: str, language: str, wanted: Template, now: datetime, settings: Settings) -> tuple[str, str]:
    """What somebody would get, of an invented alarm; the same checks as for keeping it."""
    check(key, language, wanted)
    event, _, form = key.partition(".")
    reader = Reader(language, settings.timezone, "apprise" if form == "full" else form)
    found = values(_sample(event, language, now), reader, _SAMPLE_LINK)
    if event == "bundle":
        found = joined_values([found, found], language)
    return fill(wanted, found, SMS_LONGEST if form == "sms" else None)


def _sample(event: str, language: str, now: datetime) -> PageFacts:
    resident, home, address, person = _PEOPLE[language]
    cause = {"alarm": "not_acknowledged", "bundle": "not_acknowledged"}.get(event, event)
    return PageFacts(
        number=42,
        kind="sos",
        cause=cause,
        opened_at=now,
        centre="银铃调度中心" if language == "zh-CN" else "Yinling centre",
        home=home,
        address=address,
        residents=(resident,),
        step="dispatched",
        verdict="all_normal",
        last_movement_at=now - timedelta(minutes=25),
        battery=78.0,
        phone="0797-8120120",
        window_minutes=30,
        person=person,
    )


__all__ = ["own_templates", "preview", "put_template", "remove_template"]
