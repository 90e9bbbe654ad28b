"""Texts of pages, as supervisors edit them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from alerts.paging import template_store
from alerts.paging.templates import BUILT_IN, PLACEHOLDERS, Template, required
from api.callers import allowed
from api.deps import Using
from api.errors import refusals
from api.schemas.page_templates import PageTemplateList, PageTemplateOut, PageTemplatePreview, PageTemplateWanted
from core.errors import InvalidInputError
from people.rights import Caller, Capability

router = APIRouter(tags=["reach"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_ESCALATION))]
Changer = Annotated[Caller, Depends(allowed(Capability.CHANGE_ESCALATION))]

_UNKNOWN = InvalidInputError("unknown_template")
_WRONG = (
    _UNKNOWN,
    InvalidInputError("template_placeholder"),
    InvalidInputError("template_incomplete"),
    InvalidInputError("template_too_long"),
)
_ONE_PART = 70
_PART = 67
"""Letters of a Chinese text message, and of each part of a longer one."""


@router.get("/page-templates", responses=refusals())
def list_page_templates(_caller: Seer, deps: Using) -> PageTemplateList:
    """Every text as it is used now."""
    with deps.database.snapshot() as session:
        own = template_store.own_templates(session)
    items = []
    for (key, language), built_in in BUILT_IN.items():
        row = own.get((key, language))
        event, _, form = key.partition(".")
        items.append(
            PageTemplateOut(
                key=key,
                language=language,
                title=built_in.title if row is None else row.title,
                body=built_in.body if row is None else row.body,
                changed=row is not None,
                placeholders=sorted(PLACEHOLDERS[event]),
                required=sorted(required(event, form)),
                updated_at=None if row is None else row.updated_at,
                updated_by=None if row is None else row.updated_by,
            )
        )
    return PageTemplateList(items=items)


@router.put("/page-templates/{key}/{language}", responses=refusals(*_WRONG))
def change_page_template(key: str, language: str, wanted: PageTemplateWanted, caller: Changer, deps: Using) -> PageTemplatePreview:
    """Put a text of the centre's own in its place; the next page uses it."""
    with deps.database.transaction() as session:
        template_store.put_template(session, key, language, _template(wanted), deps.clock.now(), caller)
    return _preview(key, language, wanted, deps)


@router.delete("/page-templates/{key}/{language}", status_code=204, responses=refusals(_UNKNOWN))
def reset_page_template(key: str, language: str, caller: Changer, deps: Using) -> None:
    """Put the built-in text back."""
    with deps.database.transaction() as session:
        template_store.remove_template(session, key, language, deps.clock.now(), caller)


@router.post("/page-templates/{key}/{language}/preview", responses=refusals(*_WRONG))
def preview_page_template(key: str, language: str, wanted: PageTemplateWanted, _caller: Seer, deps: Using) -> PageTemplatePreview:
    """What somebody would get of an invented alarm; nothing is kept."""
    return _preview(key, language, wanted, deps)


def _preview(key: str, language: str, wanted: PageTemplateWanted, deps: Using) -> PageTemplatePreview:
    title, body = template_store.preview(key, language, _template(wanted), deps.clock.now(), deps.settings)
    is_text = key.endswith(".sms")
    parts = 1 if not is_text or len(body) <= _ONE_PART else -(-len(body) // _PART)
    return PageTemplatePreview(title=title, body=body, length=len(body), parts=parts)


def _template(wanted: PageTemplateWanted) -> Template:
    return Template(wanted.title, wanted.body)
