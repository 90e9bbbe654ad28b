"""Tables of pages: the outbox, tokens to answer a page with, the answers, texts of this centre, digests and test pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


class Page(OfCentre, Base):
    """One message to one person on one channel: the outbox of the pager (invariants 5 and 6)."""

    __tablename__ = "pages"
    __table_args__ = (
        sa.UniqueConstraint("idempotency_key"),
        sa.Index("ix_pages_due_at", "due_at", **_where("state IN ('pending', 'claimed')")),
        sa.Index("ix_pages_bundle", "bundle", "sent_at", **_where("bundle IS NOT NULL")),
        sa.Index("ix_pages_provider_id", "channel", "provider_id", **_where("provider_id IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    """Null for a digest and a test page."""
    channel: Mapped[str] = mapped_column(sa.String(20))
    """`sms`, `voice`, `apprise`, `web_push`, `webhook`."""
    target: Mapped[str] = mapped_column(sa.String(1000))
    contact_point_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact_points.id", ondelete="SET NULL"))
    person: Mapped[str | None] = mapped_column(sa.String(40))
    """`user:{id}`, `contact:{id}`; null for an address of the settings."""
    person_name: Mapped[str | None] = mapped_column(sa.String(120))
    cause: Mapped[str] = mapped_column(sa.String(40))
    """`not_acknowledged`, `nobody_watching`, `family_opened`, `family_step`, `digest`, `test`: also the key of its text."""
    details: Mapped[dict[str, Any] | None]
    """What its text needs beyond the incident: the step, the verdict of a day."""
    step: Mapped[int | None]
    round: Mapped[int | None] = mapped_column("escalation_round")
    language: Mapped[str | None] = mapped_column(sa.String(8))
    critical: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    """Never bundled, never throttled."""
    bundle: Mapped[str | None] = mapped_column(sa.String(120))
    """Pages of one bundle that wait together are sent as one."""
    bundled_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("pages.id"))
    idempotency_key: Mapped[str] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.String(20), default="pending")
    """`pending`, `claimed`, `sent`, `failed`, `given_up`."""
    due_at: Mapped[datetime]
    """When to try (again)."""
    deadline_at: Mapped[datetime]
    lease_expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_at: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(sa.String(120))
    """How the provider calls it, for its delivery receipts."""
    delivery: Mapped[str | None] = mapped_column(sa.String(20))
    """`delivered`, `read`, `undelivered`, as the provider told; never goes backwards, stops nothing."""
    delivery_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(sa.String(300))


class PageToken(OfCentre, Base):
    """What lets one person answer one page once, without signing in; only its SHA-256 is stored."""

    __tablename__ = "page_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    page_id: Mapped[int] = mapped_column(sa.ForeignKey("pages.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class PageAnswer(OfCentre, Base):
    """What a paged person answered: each for themselves."""

    __tablename__ = "page_answers"
    __table_args__ = (sa.UniqueConstraint("page_id", "answer"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(sa.ForeignKey("pages.id"))
    incident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    person: Mapped[str | None] = mapped_column(sa.String(40))
    """`user:{id}` or `contact:{id}`."""
    person_name: Mapped[str | None] = mapped_column(sa.String(120))
    answer: Mapped[str] = mapped_column(sa.String(20))
    """`accepted`, `declined`, `received` (of a test page)."""
    via: Mapped[str] = mapped_column(sa.String(20))
    """`link`, `key` (a digit on the telephone), `app`."""
    at: Mapped[datetime]


class PageTemplate(OfCentre, Base):
    """A text of this centre in the place of a built-in one."""

    __tablename__ = "page_templates"
    __table_args__ = (sa.UniqueConstraint("centre_id", "key", "language"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(40))
    language: Mapped[str] = mapped_column(sa.String(8))
    title: Mapped[str] = mapped_column(sa.String(300))
    body: Mapped[str] = mapped_column(sa.Text)
    updated_at: Mapped[datetime]
    updated_by: Mapped[str | None] = mapped_column(sa.String(120))


class Digest(OfCentre, Base):
    """The quiet daily "normal" of one day to one contact: at most one."""

    __tablename__ = "digests"
    __table_args__ = (sa.UniqueConstraint("contact_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(sa.Date)
    verdict: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime]


class PageTest(OfCentre, Base):
    """A scheduled test of one way to reach somebody, with the time they have to answer."""

    __tablename__ = "page_tests"
    __table_args__ = (sa.Index("ix_page_tests_due_at", "due_at", **_where("due_at IS NOT NULL")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_point_id: Mapped[int] = mapped_column(sa.ForeignKey("contact_points.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(sa.String(20))
    """`scheduled`, `sent`, `answered`, `unanswered`, `failed`."""
    due_at: Mapped[datetime | None]
    """When to send it, then when its window closes; null once it is over."""
    page_id: Mapped[int | None] = mapped_column(sa.ForeignKey("pages.id"))
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    window_seconds: Mapped[int]
    created_by: Mapped[str | None] = mapped_column(sa.String(120))
