"""Tables of people and places, and of who may see them.

Every row belongs to one centre. Codes are the names people and topics use; ids stay inside. The audit is append-only:
triggers made by the first migration refuse to change or delete a row.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, OfCentre


class Role(StrEnum):
    """What a person may do at all; area and home scope narrow it."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    INSTALLER = "installer"
    RESPONDER = "responder"
    DOCTOR = "doctor"
    FAMILY = "family"


class Centre(Base):
    """One dispatch centre: the tenant."""

    __tablename__ = "centres"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    created_at: Mapped[datetime]


class Area(OfCentre, Base):
    """A node of the centre's tree: street, community, grid, estate; the depth is data.

    `path` is `/root/child/` made of codes, so that a subtree is one prefix.
    """

    __tablename__ = "areas"
    __table_args__ = (sa.UniqueConstraint("centre_id", "code"), sa.Index("ix_areas_path", "path"))
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(120))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("areas.id"))
    path: Mapped[str] = mapped_column(sa.String(1000))


class Home(OfCentre, Base):
    """An address under watch; the unit of ordering and of partitioning. `code` is its topic name."""

    __tablename__ = "homes"
    __table_args__ = (sa.UniqueConstraint("centre_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(120))
    address: Mapped[str] = mapped_column(sa.String(300))
    area_id: Mapped[int | None] = mapped_column(sa.ForeignKey("areas.id"), index=True)
    entry_method: Mapped[str | None] = mapped_column(sa.String(500))
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    notes: Mapped[str | None] = mapped_column(sa.Text)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    rhythm: Mapped[dict[str, Any] | None]
    """When it sleeps and has daylight: `{"sleep": ["22:00", "06:30"], "daylight": ["06:00", "19:00"]}`; null: the defaults."""
    is_probe: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The probe's own home: never in queues, lists or figures."""
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    """Grows whenever what a worker caches of this home changes (invariant 13)."""
    created_at: Mapped[datetime]

    area: Mapped[Area | None] = relationship(lazy="joined")
    residents: Mapped[list[Resident]] = relationship(back_populates="home", order_by="Resident.id")
    contacts: Mapped[list[Contact]] = relationship(back_populates="home", order_by="Contact.order")


class Resident(OfCentre, Base):
    """A person who lives in a home. The medical fields are read through the audit only."""

    __tablename__ = "residents"
    id: Mapped[int] = mapped_column(primary_key=True)
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    gender: Mapped[str | None] = mapped_column(sa.String(12))
    birth_date: Mapped[date | None] = mapped_column(sa.Date)
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    photo_url: Mapped[str | None] = mapped_column(sa.String(500))
    dialect: Mapped[str | None] = mapped_column(sa.String(60))
    hearing: Mapped[str | None] = mapped_column(sa.String(120))
    mobility: Mapped[str | None] = mapped_column(sa.String(120))
    lives_alone: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    illnesses: Mapped[str | None] = mapped_column(sa.Text)
    medicines: Mapped[str | None] = mapped_column(sa.Text)
    allergies: Mapped[str | None] = mapped_column(sa.Text)
    blood_type: Mapped[str | None] = mapped_column(sa.String(8))
    doctor: Mapped[str | None] = mapped_column(sa.String(200))
    limits: Mapped[dict[str, Any] | None]
    """Own vital limits, `{metric: {"low": x, "high": y}}`, over the profile's."""
    rule_values: Mapped[dict[str, Any] | None]
    """Own values of rules, `{rule code: {parameter: value}}`, over the rule's."""
    on_oxygen: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Needs a machine that needs electricity."""
    falls_easily: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    created_at: Mapped[datetime]

    home: Mapped[Home] = relationship(back_populates="residents")


class Contact(OfCentre, Base):
    """Family member or key holder, in the order they are called."""

    __tablename__ = "contacts"
    __table_args__ = (
        sa.Index(
            "ix_contacts_digest_consent_at",
            "digest_consent_at",
            sqlite_where=sa.text("digest_consent_at IS NOT NULL"),
            postgresql_where=sa.text("digest_consent_at IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    phone: Mapped[str] = mapped_column(sa.String(40))
    relation: Mapped[str | None] = mapped_column(sa.String(60))
    order: Mapped[int] = mapped_column("call_order", default=1, server_default="1")
    key_holder: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    availability: Mapped[str | None] = mapped_column(sa.String(200))
    """In the family's own words."""
    available: Mapped[list[Any] | None]
    """When to call, `[{"days": [1, …, 7], "from": "08:00", "to": "22:00"}]`; null means always."""
    alarm_consent_at: Mapped[datetime | None]
    """Since when this contact is told of incidents in the same moment as the centre; null without consent."""
    digest_consent_at: Mapped[datetime | None]
    """Since when the quiet daily "normal" is wanted; null without."""
    consent_taken_by: Mapped[str | None] = mapped_column(sa.String(120))
    created_at: Mapped[datetime]

    home: Mapped[Home] = relationship(back_populates="contacts")


class User(OfCentre, Base):
    """A person who signs in. `areas` and `homes` are the scope.

    An empty scope means the whole centre for
    administrators, supervisors, operators, installers, responders and doctors, and nothing at all for family.
    """

    __tablename__ = "users"
    __table_args__ = (sa.UniqueConstraint("username"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[str] = mapped_column(sa.String(20))
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    password_hash: Mapped[str] = mapped_column(sa.String(300))
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    areas: Mapped[list[Area]] = relationship(secondary="user_areas", lazy="selectin")
    homes: Mapped[list[Home]] = relationship(secondary="user_homes", lazy="selectin")


user_areas = sa.Table(
    "user_areas",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("area_id", sa.ForeignKey("areas.id"), primary_key=True),
)

user_homes = sa.Table(
    "user_homes",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("home_id", sa.ForeignKey("homes.id"), primary_key=True, index=True),
)


class SignInSession(OfCentre, Base):
    """A session of a signed-in person; the token itself is never stored, only its SHA-256."""

    __tablename__ = "sign_in_sessions"
    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(OfCentre, Base):
    """One change, or one look at medical data. Append-only."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    actor: Mapped[str] = mapped_column(sa.String(120))
    action: Mapped[str] = mapped_column(sa.String(60))
    """`home.created`, `user.created`, `medical.viewed`, `sign_in.refused`, …"""
    subject: Mapped[str | None] = mapped_column(sa.String(120))
    home_id: Mapped[int | None] = mapped_column(sa.ForeignKey("homes.id"), index=True)
    details: Mapped[dict[str, Any] | None]
