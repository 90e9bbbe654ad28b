"""Changing escalation policies. Each function is one change inside the caller's transaction, with its audit entry.

A change is a new version; incidents under way keep the one they froze. Whoever is limited to areas changes only the
policies of those.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.escalation.model import EscalationPolicy, EscalationPolicyVersion
from alerts.escalation.schemas import PolicySpec
from alerts.escalation.store import forget_in_force, stored_policies
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from people import audit
from people.duty.store import roster_by_code
from people.model import Area, User
from people.rights import Caller
from people.store import areas_by_code


def save_policy(session: Session, spec: PolicySpec, now: datetime, actor: Caller) -> EscalationPolicy:
    """Make a policy, or a new version of it; the same again changes nothing.

    InvalidInputError `unknown_area`, `unknown_roster`, `unknown_user`; ForbiddenError `scope_exceeds_own`.
    """
    area = _area(session, spec, actor)
    _check_people(session, spec)
    policy = session.scalar(sa.select(EscalationPolicy).where(EscalationPolicy.code == spec.code))
    wanted = spec.model_dump(mode="json")
    if policy is None:
        policy = EscalationPolicy(code=spec.code, version=0)
        session.add(policy)
    else:
        _check_may_change(session, policy, actor)
        if policy.deleted_at is None and _current(session, policy) == wanted:
            return policy
    session.flush()
    latest = sa.select(sa.func.max(EscalationPolicyVersion.version)).where(EscalationPolicyVersion.policy_id == policy.id)
    policy.version = (session.scalar(latest) or 0) + 1
    policy.area_id = None if area is None else area.id
    policy.deleted_at = None
    session.add(
        EscalationPolicyVersion(policy_id=policy.id, version=policy.version, spec=wanted, created_at=now, created_by=actor.name)
    )
    session.flush()
    forget_in_force(session)
    audit.write(session, now, actor, "policy.changed", subject=spec.code, version=policy.version)
    return policy


def delete_policy(session: Session, code: str, now: datetime, actor: Caller) -> None:
    """End a policy: new incidents freeze the next one above it. NotFoundError `policy_not_found`."""
    policy = find_policy(session, code)
    _check_may_change(session, policy, actor)
    policy.deleted_at = now
    session.flush()
    forget_in_force(session)
    audit.write(session, now, actor, "policy.removed", subject=code, version=policy.version)


def find_policy(session: Session, code: str) -> EscalationPolicy:
    """The centre's own policy, or NotFoundError `policy_not_found`."""
    query = sa.select(EscalationPolicy).where(EscalationPolicy.code == code, EscalationPolicy.deleted_at.is_(None))
    policy = session.scalar(query)
    if policy is None:
        raise NotFoundError("policy_not_found", policy=code)
    return policy


def check_roster_unused(session: Session, code: str) -> None:
    """ConflictError `roster_in_use` while a policy asks a roster: its step would silently mean nobody."""
    for policy in stored_policies(session):
        targets = [target for step in policy.spec.get("steps", []) for target in step.get("targets", [])]
        if any(target.get("roster") == code for target in targets):
            raise ConflictError("roster_in_use", policy=policy.code, roster=code)


def _current(session: Session, policy: EscalationPolicy) -> object:
    of_policy = sa.select(EscalationPolicyVersion.spec).where(EscalationPolicyVersion.policy_id == policy.id)
    return session.scalar(of_policy.where(EscalationPolicyVersion.version == policy.version))


def _area(session: Session, spec: PolicySpec, actor: Caller) -> Area | None:
    if spec.area is None:
        if not actor.scope.whole_centre:
            raise ForbiddenError("scope_exceeds_own")
        return None
    area = areas_by_code(session, [spec.area]).get(spec.area)
    if area is None or not actor.scope.includes_area(area.path):
        raise InvalidInputError("unknown_area", area=spec.area)
    return area


def _check_may_change(session: Session, policy: EscalationPolicy, actor: Caller) -> None:
    """Nobody takes away what holds beyond their own areas."""
    path = None if policy.area_id is None else session.scalar(sa.select(Area.path).where(Area.id == policy.area_id))
    if not actor.scope.whole_centre and (path is None or not actor.scope.includes_area(path)):
        raise ForbiddenError("scope_exceeds_own")


def _check_people(session: Session, spec: PolicySpec) -> None:
    targets = [target for step in spec.steps for target in step.targets]
    for code in sorted({target.roster for target in targets if target.who == "roster" and target.roster is not None}):
        if roster_by_code(session, code) is None:
            raise InvalidInputError("unknown_roster", roster=code)
    named = sorted({target.user for target in targets if target.who == "user" and target.user is not None})
    known = set(session.scalars(sa.select(User.username).where(User.username.in_(named)))) if named else set()
    for username in named:
        if username not in known:
            raise InvalidInputError("unknown_user", user=username)


__all__ = ["check_roster_unused", "delete_policy", "find_policy", "save_policy"]
