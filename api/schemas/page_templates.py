"""Texts of pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import InstantOut, Out
from people.schemas import In


class PageTemplateOut(Out):
    """One text as it is used now."""

    key: str
    language: Literal["zh-CN", "en"]
    title: str
    body: str
    changed: bool
    placeholders: list[str]
    required: list[str]
    updated_at: InstantOut | None
    updated_by: str | None


class PageTemplateList(Out):
    """All of them."""

    items: list[PageTemplateOut]


class PageTemplateWanted(In):
    """A title and a body; a text message and a call have no title."""

    title: Annotated[str, Field(max_length=300)] = ""
    body: Annotated[str, Field(min_length=1, max_length=2000)]


class PageTemplatePreview(Out):
    """What somebody would get of an invented alarm."""

    title: str
    body: str
    length: int
    parts: int
    """Text messages it takes; 1 for what is none."""
