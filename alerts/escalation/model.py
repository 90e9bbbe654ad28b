"""Tables of escalation policies. An incident carries a frozen copy of its policy's steps (`incidents.policy`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class EscalationPolicy(OfCentre, Base):
    """A policy of this centre; `version` is the one new incidents freeze. Without any, the built-in one of the settings holds."""

    __tablename__ = "escalation_policies"
    __table_args__ = (sa.UniqueConstraint("centre_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(60))
    version: Mapped[int]
    area_id: Mapped[int | None] = mapped_column(sa.ForeignKey("areas.id"), index=True)
    """The subtree it is for; null for the whole centre. The nearest to the home wins."""
    deleted_at: Mapped[datetime | None]


class EscalationPolicyVersion(OfCentre, Base):
    """What a policy said from one moment on. Append-only."""

    __tablename__ = "escalation_policy_versions"
    __table_args__ = (sa.UniqueConstraint("policy_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[int] = mapped_column(sa.ForeignKey("escalation_policies.id"), index=True)
    version: Mapped[int]
    spec: Mapped[dict[str, Any]]
    """Name, severities and steps, as `alerts.escalation.schemas` reads it."""
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(sa.String(120))
