"""Tables of alarms and of what people do about them, with the invariants of the design held by the database.

Partial unique indexes hold "at most one open alert per (home, rule, subject)" and "alerts of one home join one open
incident per lane"; triggers made by the first migration keep timeline and changes append-only. Every timer is an
indexed `*_due_at` column polled by one loop.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, OfCentre


class Severity(StrEnum):
    """How bad, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst; for ordering and for raising."""
        return list(Severity).index(self)


class AlertState(StrEnum):
    """The states of ISA-18.2 that a stored alert can be in."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURN_UNACKNOWLEDGED = "return_unacknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"
    NORMAL = "normal"


class IncidentState(StrEnum):
    """The states of an incident (design, section 6)."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DISPATCHED = "dispatched"
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """Why an incident was closed."""

    REAL_ASSISTED = "real_assisted"
    REAL_AMBULANCE = "real_ambulance"
    REASSURED = "reassured"
    FALSE_ACCIDENTAL = "false_accidental"
    FALSE_DEVICE = "false_device"
    TECHNICAL = "technical"
    TEST = "test"
    DUPLICATE = "duplicate"
    HANDED_OVER = "handed_over"
    BATTERY_CHANGED = "battery_changed"
    REPAIRED = "repaired"
    REPLACED = "replaced"
    NOTHING_FOUND = "nothing_found"


class Disposition(StrEnum):
    """What became of a signal or finding: the closed set every stage answers from."""

    OPENED = "opened"
    JOINED = "joined"
    REPEATED = "repeated"
    RAISED = "raised"
    DUPLICATE = "duplicate"
    CLEARED = "cleared"
    STORED = "stored"
    STALE_RETAINED = "stale_retained"
    SUPERSEDED = "superseded"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    NOTED = "noted"
    """Written on its incident's timeline; changed nothing (a press taken back, the end of a call)."""
    LOWERED = "lowered"
    """Its alert's severity went down (a fall its wearer cancelled in time)."""


_JOINABLE = "state IN ('open', 'acknowledged', 'dispatched', 'on_scene')"
_NOT_CLOSED = "state <> 'closed'"
_ALERT_OPEN = "closed_at IS NULL"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


class Incident(OfCentre, Base):
    """What a person works on: one or more alerts, with a state, a clock and an owner.

    `lane` says which alerts of a home may join: `life`, `life:resident:{id}`, `fault`, `doctor_call`, `manual:{…}`.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        sa.UniqueConstraint("centre_id", "number"),
        sa.Index("uq_incidents_open_lane", "home_id", "lane", unique=True, **_where(f"home_id IS NOT NULL AND {_JOINABLE}")),
        sa.Index("uq_incidents_open_system_lane", "centre_id", "lane", unique=True, **_where(f"home_id IS NULL AND {_JOINABLE}")),
        sa.Index("ix_incidents_not_closed", "state", "home_id", **_where(_NOT_CLOSED)),
        sa.Index("ix_incidents_ring_due_at", "ring_due_at", **_where("ring_due_at IS NOT NULL")),
        sa.Index("ix_incidents_claim_due_at", "claim_due_at", **_where("claim_due_at IS NOT NULL")),
        sa.Index("ix_incidents_escalation_due_at", "escalation_due_at", **_where("escalation_due_at IS NOT NULL")),
        sa.Index("ix_incidents_answer_due_at", "answer_due_at", **_where("answer_due_at IS NOT NULL")),
        sa.CheckConstraint(f"state IN ({', '.join(repr(str(s)) for s in IncidentState)})", name="state"),
        sa.CheckConstraint("state NOT IN ('acknowledged') OR owner_id IS NOT NULL", name="acknowledged_has_owner"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        sa.CheckConstraint("closed_at IS NULL OR reason IS NOT NULL", name="closed_has_reason"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    """Runs from 1 within a centre; what people say over the phone."""
    kind: Mapped[str] = mapped_column(sa.String(40))
    """`sos`, `fall`, `smoke`, `gas`, `co`, `water`, `vitals`, `environment`, `doctor_call`, `device_fault`, `battery`, `silence`,
    `phone_call`, `walk_in`, `other`, `system`: that of its worst alert."""
    home_id: Mapped[int | None] = mapped_column(sa.ForeignKey("homes.id"), index=True)
    area_id: Mapped[int | None] = mapped_column(sa.ForeignKey("areas.id"), index=True)
    """Set for an incident of a whole area; `home_id` is null then, and `incident_homes` lists the homes."""
    resident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("residents.id"))
    lane: Mapped[str] = mapped_column(sa.String(80))
    severity: Mapped[str] = mapped_column(sa.String(12))
    audience: Mapped[str] = mapped_column(sa.String(60), default="operators", server_default="operators")
    """Who it is for, by the rules of its alerts, in words with spaces between; it only grows."""
    state: Mapped[str] = mapped_column(sa.String(20), default=IncidentState.OPEN)
    drill: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    test: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Made by a device in test mode: shown and marked, not escalated, out of the figures."""
    probe: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    not_live: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Opened by a device that is not yet live: rings all the same, marked so."""
    opened_at: Mapped[datetime] = mapped_column(index=True)
    happened_at: Mapped[datetime | None]
    """When it happened, of one that was entered afterwards from paper; `opened_at` is when it was entered."""
    entered_afterwards: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """It, or its first answer, was entered afterwards: its times are those of paper, and no figure of answers counts it."""
    acknowledged_at: Mapped[datetime | None]
    """The first acknowledgement; never overwritten. This and the instants below say when it was done, also on paper."""
    dispatched_at: Mapped[datetime | None]
    on_scene_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(sa.String(40))
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    responder_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    responder_name: Mapped[str | None] = mapped_column(sa.String(120))
    previous_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"))
    """The resolved or merged incident this one follows."""
    ring_count: Mapped[int] = mapped_column(default=1, server_default="1")
    """Grows each time it must ring again; pages ring when they see it grow."""
    ring_due_at: Mapped[datetime | None]
    claim_due_at: Mapped[datetime | None]
    policy: Mapped[dict[str, Any] | None]
    """The escalation policy as it was frozen for this incident: code, version and steps."""
    escalation_step: Mapped[int] = mapped_column(default=0, server_default="0")
    """The step of `policy` that `escalation_due_at` is for, from 0."""
    escalation_round: Mapped[int] = mapped_column(default=0, server_default="0")
    """Grows each time the steps start anew; part of the pages' idempotency keys."""
    escalation_from_at: Mapped[datetime | None]
    """The instant the steps of this round count from."""
    escalation_due_at: Mapped[datetime | None]
    answer_due_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Grows with every change."""

    @property
    def began_at(self) -> datetime:
        """When it happened, as far as is known: on paper, else when it was opened."""
        return self.happened_at or self.opened_at


class Alert(OfCentre, Base):
    """One condition at one home, deduplicated, in an ISA-18.2 state."""

    __tablename__ = "alerts"
    __table_args__ = (
        sa.Index(
            "uq_alerts_open_key", "home_id", "rule", "subject", unique=True, **_where(f"home_id IS NOT NULL AND {_ALERT_OPEN}")
        ),
        sa.Index(
            "uq_alerts_open_system_key", "centre_id", "rule", "subject", unique=True, **_where(f"home_id IS NULL AND {_ALERT_OPEN}")
        ),
        sa.Index("ix_alerts_pending_due_at", "pending_due_at", **_where("pending_due_at IS NOT NULL")),
        sa.Index("ix_alerts_shelved_due_at", "shelved_due_at", **_where("shelved_due_at IS NOT NULL")),
        sa.CheckConstraint("state <> 'shelved' OR shelved_due_at IS NOT NULL", name="shelved_has_end"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    home_id: Mapped[int | None] = mapped_column(sa.ForeignKey("homes.id"))
    device_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"))
    resident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("residents.id"))
    rule: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(120))
    """What of the home it is about: `device:{code}`, `resident:{id}:{metric}`, …"""
    kind: Mapped[str] = mapped_column(sa.String(40))
    severity: Mapped[str] = mapped_column(sa.String(12))
    state: Mapped[str] = mapped_column(sa.String(30))
    condition_active: Mapped[bool] = mapped_column(default=True)
    """Whether what raised it is still so (smoke still on); momentary signals (a press) are False from the start."""
    pending: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """A fall inside its wearer's cancel window."""
    cancelled: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    raised_at: Mapped[datetime]
    """By our clock."""
    happened_at: Mapped[datetime]
    """By the device's, where credible."""
    last_signal_at: Mapped[datetime]
    active_since_at: Mapped[datetime | None]
    """When its condition began for the last time, by our clock; null where it began with the alert."""
    count: Mapped[int] = mapped_column("signal_count", default=1)
    returned_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    pending_due_at: Mapped[datetime | None]
    shelved_due_at: Mapped[datetime | None]
    rule_kind: Mapped[str] = mapped_column(sa.String(20), default="signal", server_default="signal")
    lane: Mapped[str | None] = mapped_column(sa.String(80))
    """The lane its rule gave it, wherever a test, a drill or a person has put it since."""
    rule_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """The version of the rule that raised it; 0 is the built-in one."""
    playbook: Mapped[str | None] = mapped_column(sa.String(40))
    """The script its rule asks for; null for that of its kind."""
    audience: Mapped[list[Any] | None]
    """Who its rule is for: `operators`, `supervisors`, `installers`, `family`; null means operators."""
    evidence: Mapped[dict[str, Any] | None]
    """What made it: the signal or the reading with its limit."""


class Evidence(OfCentre, Base):
    """One link of the why-chain of an alert: a signal, a reading or a silence that raised, repeated or worsened it."""

    __tablename__ = "evidence"
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(sa.ForeignKey("alerts.id"), index=True)
    at: Mapped[datetime]
    """When it happened, by the device where credible."""
    what: Mapped[str] = mapped_column(sa.String(20))
    """`signal`, `reading`, `silence`, `area`."""
    device_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"))
    name: Mapped[str] = mapped_column(sa.String(60))
    """The signal's type or the reading's metric."""
    value: Mapped[float | None]
    effect: Mapped[str] = mapped_column(sa.String(20))
    """`raised`, `repeated`, `worsened`, `returned`."""
    rule_version: Mapped[int] = mapped_column(default=0, server_default="0")
    details: Mapped[dict[str, Any] | None]
    """Limits, times and places the rule compared with."""


class IncidentHome(OfCentre, Base):
    """A home of an incident of an area, with how much is at risk there."""

    __tablename__ = "incident_homes"
    __table_args__ = (sa.Index("ix_incident_homes_lost", "incident_id", **_where("restored_at IS NULL")),)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), primary_key=True)
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"), primary_key=True, index=True)
    joined_at: Mapped[datetime]
    because: Mapped[str] = mapped_column(sa.String(40))
    """`silence`, `power`, `offline`."""
    risk: Mapped[int] = mapped_column(default=0, server_default="0")
    """Higher first: oxygen, falls, living alone."""
    reasons: Mapped[list[Any] | None]
    """Codes of what makes the risk."""
    restored_at: Mapped[datetime | None]


class SignalRecord(OfCentre, Base):
    """A discrete happening a codec saw, kept whatever became of it (invariant 3)."""

    __tablename__ = "signals"
    __table_args__ = (
        sa.Index("ix_signals_event", "device_id", "event_key", "received_at"),
        sa.Index("ix_signals_home_received_at", "home_id", "received_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"))
    device_id: Mapped[int] = mapped_column(sa.ForeignKey("devices.id"))
    event_key: Mapped[str] = mapped_column(sa.String(200))
    """The device's own event id, or for dialects without one a digest of topic and payload."""
    own_id: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Whether `event_key` is the device's own id, so that receipts can name it."""
    type: Mapped[str] = mapped_column(sa.String(40))
    device_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    data: Mapped[dict[str, Any] | None]
    disposition: Mapped[str] = mapped_column(sa.String(30))
    retained: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Whether the broker had kept it from before; a backtest tells old news from new by it."""
    redelivered: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Whether the broker had delivered it before."""
    because: Mapped[str | None] = mapped_column(sa.String(20))
    """Why it was suppressed, where it was."""
    repeats: Mapped[int] = mapped_column(default=0, server_default="0")
    alert_id: Mapped[int | None] = mapped_column(sa.ForeignKey("alerts.id"), index=True)
    incident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"), index=True)


class TimelineEntry(OfCentre, Base):
    """One line of an incident's story. Append-only."""

    __tablename__ = "timeline"
    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    """When it was done, of what was entered afterwards; `at` and `actor` then say when and by whom it was entered."""
    act: Mapped[str] = mapped_column(sa.String(40))
    """`opened`, `alert_joined`, `alert_repeated`, `alert_raised`, `alert_returned`, `acknowledged`, `released`, `claim_expired`,
    `dispatched`, `on_scene`, `resolved`, `closed`, `reopened`, `noted`, `rang_again`, `paged`, `page_failed`, …: the closed set
    is `alerts.timeline.Act`."""
    actor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    actor: Mapped[str | None] = mapped_column(sa.String(120))
    """The person's name, or null when the system did it."""
    details: Mapped[dict[str, Any] | None]


class Change(OfCentre, Base):
    """The commit-ordered sequence of changes; `sequence` is the `Last-Event-ID` of the live stream (invariant 14)."""

    __tablename__ = "changes"
    __table_args__ = ({"sqlite_autoincrement": True},)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(30))
    """`incident.opened`, `incident.changed`, `device.changed`."""
    at: Mapped[datetime] = mapped_column(index=True)
    home_id: Mapped[int | None] = mapped_column(sa.ForeignKey("homes.id"))
    incident_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incidents.id"))
    device_id: Mapped[int | None] = mapped_column(sa.ForeignKey("devices.id"))
    probe: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class Receipt(OfCentre, Base):
    """A receipt to a device that a person's act caused: sent by the ingest worker of its home, then marked sent."""

    __tablename__ = "receipts"
    __table_args__ = (sa.Index("ix_receipts_unsent", "created_at", **_where("sent_at IS NULL")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(sa.ForeignKey("devices.id"), index=True)
    home_id: Mapped[int] = mapped_column(sa.ForeignKey("homes.id"))
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"), index=True)
    event_key: Mapped[str] = mapped_column(sa.String(200))
    status: Mapped[str] = mapped_column(sa.String(12))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Poison(OfCentre, Base):
    """A row or message that could not be worked on: set aside, counted and shown; it never stops the next (invariant 10)."""

    __tablename__ = "poison"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    place: Mapped[str] = mapped_column(sa.String(60))
    reference: Mapped[str] = mapped_column(sa.String(300))
    error: Mapped[str] = mapped_column(sa.Text)
    payload: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class OperatorPresence(OfCentre, Base):
    """A live stream an operator has open, renewed by the API while it lives; an unwatched screen pages at once."""

    __tablename__ = "operator_presence"
    stream: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ProbeRun(OfCentre, Base):
    """One synthetic alarm through the whole path."""

    __tablename__ = "probe_runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    sent_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(sa.String(20), default="sent")
    """`sent`, `arrived`, `late`, `lost`."""
    latency_milliseconds: Mapped[float | None]
