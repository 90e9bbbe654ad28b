"""Tables of rules. A rule keeps every version it ever had, because alerts name the version that made them.

Built-in rules are data files beside this room and need no row; a row with the same code takes the place of one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class Rule(OfCentre, Base):
    """A rule of this centre; `version` is the one in force."""

    __tablename__ = "rules"
    __table_args__ = (sa.UniqueConstraint("centre_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(60))
    """Its lasting name, which alerts carry as `rule`."""
    kind: Mapped[str] = mapped_column(sa.String(20))
    version: Mapped[int]
    deleted_at: Mapped[datetime | None]
    """A deleted rule no longer runs; a deleted copy of a built-in one gives that back its place."""


class RuleVersion(OfCentre, Base):
    """What a rule said from one moment on. Append-only."""

    __tablename__ = "rule_versions"
    __table_args__ = (sa.UniqueConstraint("rule_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[int] = mapped_column(sa.ForeignKey("rules.id"), index=True)
    version: Mapped[int]
    """From 1; 0 means the built-in rule."""
    spec: Mapped[dict[str, Any]]
    """As exported: the whole rule as `alerts.ruleset.schemas` reads it."""
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(sa.String(120))
    note: Mapped[str | None] = mapped_column(sa.String(500))


class RuleTimer(OfCentre, Base):
    """A rule that waits for something at one home: the only place where it waits (invariant 4)."""

    __tablename__ = "rule_timers"
    __table_args__ = (sa.UniqueConstraint("home_id", "rule", "subject"), sa.Index("ix_rule_timers_due_at", "due_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"))
    rule: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(120))
    armed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[dict[str, Any]]
    """What the rule's kind must remember of the arming: instants as ISO 8601, the readings and signals behind it."""


class BacktestRun(OfCentre, Base):
    """A rule run over stored days, with its progress and its answer."""

    __tablename__ = "backtest_runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    created_by: Mapped[str] = mapped_column(sa.String(120))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    spec: Mapped[dict[str, Any]]
    """The rule as it would be."""
    home_id: Mapped[int | None] = mapped_column(sa.ForeignKey("homes.id"))
    area_id: Mapped[int | None] = mapped_column(sa.ForeignKey("areas.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(20), default="waiting")
    """`waiting`, `running`, `done`, `failed`, `cancelled`."""
    homes_done: Mapped[int] = mapped_column(default=0, server_default="0")
    homes_total: Mapped[int] = mapped_column(default=0, server_default="0")
    lease_expires_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(sa.String(300))
