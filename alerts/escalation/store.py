"""Which escalation policy holds where: the centre's own, read once a transaction, and the built-in one under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from pydantic import ValidationError
from sqlalchemy.orm import Session

from alerts.escalation.builtin import Reach, built_in
from alerts.escalation.model import EscalationPolicy, EscalationPolicyVersion
from alerts.escalation.people import area_path_of
from alerts.escalation.policy import Frozen, InForce, choose
from alerts.escalation.schemas import PolicySpec
from alerts.escalation.ways import usable_channels
from alerts.metrics import POISON
from alerts.model import Incident
from core.config import Settings
from people.model import Area, Contact, Role, User
from people.reach.model import ContactPoint

log = structlog.get_logger()

_IN_FORCE = "alerts.policies_in_force"


def policy_for(session: Session, incident: Incident, settings: Settings) -> Frozen | None:
    """The policy an incident freezes now; None when nobody is paged for its severity, or it is a probe or a test."""
    if incident.probe or incident.test:
        return None
    own, default = policies_in_force(session, settings)
    path = None
    if any(one.area_path is not None for one in own):
        path = area_path_of(session, incident.home_id, incident.area_id)
    return choose(own, incident.severity, path) or choose([default], incident.severity, path)


def policies_in_force(session: Session, settings: Settings) -> tuple[Sequence[InForce], InForce]:
    """The centre's own policies and the built-in one; read once in a transaction."""
    known: tuple[Sequence[InForce], InForce] | None = session.info.get(_IN_FORCE)
    if known is None:
        known = (_own(session), built_in(settings, reach(session, settings)))
        session.info[_IN_FORCE] = known
    return known


def forget_in_force(session: Session) -> None:
    """A policy was changed in this transaction."""
    session.info.pop(_IN_FORCE, None)


def _own(session: Session) -> list[InForce]:
    """A policy that cannot be read is left out, said and counted: the one above it holds."""
    found: list[InForce] = []
    for row in stored_policies(session):
        try:
            spec = PolicySpec.model_validate(row.spec)
        except ValidationError as error:
            log.error("policy_unreadable", policy=row.code, version=row.version, error=str(error))  # noqa: TRY400 the sentence is enough
            POISON.labels("escalation.policy").inc()
            continue
        found.append(InForce(Frozen(row.code, row.version, spec), row.area_path))
    return found


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy of the centre as it stands."""

    code: str
    version: int
    spec: dict[str, Any]
    area_path: str | None


def stored_policies(session: Session) -> list[StoredPolicy]:
    """Every policy of the centre that is not deleted, by code."""
    rows = session.execute(
        sa.select(EscalationPolicy.code, EscalationPolicy.version, EscalationPolicyVersion.spec, Area.path)
        .join(
            EscalationPolicyVersion,
            sa.and_(
                EscalationPolicyVersion.policy_id == EscalationPolicy.id,
                EscalationPolicyVersion.version == EscalationPolicy.version,
            ),
        )
        .outerjoin(Area, Area.id == EscalationPolicy.area_id)
        .where(EscalationPolicy.deleted_at.is_(None))
        .order_by(EscalationPolicy.code)
    )
    return [StoredPolicy(code, version, spec, path) for code, version, spec, path in rows]


def versions_of(session: Session, code: str) -> Sequence[EscalationPolicyVersion]:
    """What a policy said, the latest first."""
    query = (
        sa.select(EscalationPolicyVersion)
        .join(EscalationPolicy, EscalationPolicy.id == EscalationPolicyVersion.policy_id)
        .where(EscalationPolicy.code == code)
        .order_by(EscalationPolicyVersion.version.desc())
    )
    return session.scalars(query).all()


def reach(session: Session, settings: Settings) -> Reach:
    """Whether any supervisor, and any contact, can be reached at all."""
    usable = usable_channels(settings)
    by_phone = bool({"sms", "voice"} & usable)
    works = sa.and_(ContactPoint.channel.in_(usable), ContactPoint.broken_at.is_(None))
    supervisor = sa.and_(User.role == Role.SUPERVISOR, User.disabled_at.is_(None))
    has_point = sa.select(sa.literal(1)).select_from(ContactPoint).join(User, User.id == ContactPoint.user_id)
    has_phone = sa.select(sa.literal(1)).select_from(User).where(supervisor, User.phone.is_not(None))
    of_contact = sa.select(sa.literal(1)).select_from(ContactPoint).where(ContactPoint.contact_id.is_not(None), works)
    any_contact = sa.select(sa.literal(1)).select_from(Contact)
    return Reach(
        supervisors=_any(session, has_point.where(supervisor, works)) or (by_phone and _any(session, has_phone)),
        contacts=(by_phone and _any(session, any_contact)) or _any(session, of_contact),
    )


def _any(session: Session, query: sa.Select[Any]) -> bool:
    return session.scalar(query.limit(1)) is not None


__all__ = [
    "StoredPolicy",
    "forget_in_force",
    "policies_in_force",
    "policy_for",
    "reach",
    "stored_policies",
    "versions_of",
]
