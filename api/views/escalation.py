"""Escalation as answers: policies, whom one would reach now, and where an incident stands in its own."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.escalation.model import EscalationPolicyVersion
from alerts.escalation.people import About, Recipient, resolve
from alerts.escalation.policy import Frozen, InForce
from alerts.escalation.rounds import read_policy
from alerts.escalation.schemas import PolicySpec
from alerts.escalation.store import versions_of
from alerts.model import Incident
from alerts.paging.model import Page
from api.schemas.escalation import (
    EscalationOut,
    EscalationPreview,
    EscalationStepOut,
    PolicyItem,
    PolicyOut,
    PolicyVersionOut,
    PreviewStep,
    ReachedPerson,
)
from core.config import Settings


def policy_item(session: Session, policy: InForce) -> PolicyItem:
    """A policy in force."""
    frozen = policy.frozen
    latest = None if frozen.version == 0 else _version(session, frozen)
    return PolicyItem(
        code=frozen.code,
        version=frozen.version,
        built_in=frozen.version == 0,
        spec=frozen.spec,
        updated_at=None if latest is None else latest.created_at,
        updated_by=None if latest is None else latest.created_by,
    )


def _version(session: Session, frozen: Frozen) -> EscalationPolicyVersion | None:
    return next((one for one in versions_of(session, frozen.code) if one.version == frozen.version), None)


def policy_view(session: Session, policy: InForce) -> PolicyOut:
    """A policy with everything it ever said."""
    versions = [
        PolicyVersionOut(
            version=one.version, created_at=one.created_at, created_by=one.created_by, spec=PolicySpec.model_validate(one.spec)
        )
        for one in versions_of(session, policy.frozen.code)
    ]
    return PolicyOut(**dict(policy_item(session, policy)), versions=versions)


def preview_view(session: Session, frozen: Frozen | None, where: About, now: datetime, settings: Settings) -> EscalationPreview:
    """Whom each step would reach if it began now."""
    if frozen is None:
        return EscalationPreview(policy=None, version=None, name=None, steps=[])
    steps = []
    for step in frozen.spec.steps:
        found = resolve(session, where, step, now, settings)
        reached = [one for one in found if one.ways]
        steps.append(
            PreviewStep(
                after_seconds=step.after_seconds,
                people=[_reached(one) for one in reached],
                unreachable=[one.name or "" for one in found if not one.ways],
                nobody=not reached,
            )
        )
    return EscalationPreview(policy=frozen.code, version=frozen.version, name=frozen.spec.name, steps=steps)


def _reached(one: Recipient) -> ReachedPerson:
    """An address is named by its channel only: it may hold a secret."""
    channels = [way.channel for way in one.ways]
    return ReachedPerson(
        person=one.person,
        name=one.name or channels[0],
        channels=list(dict.fromkeys(channels)),
        after_seconds=one.later.total_seconds(),
    )


def escalation_view(session: Session, incident: Incident) -> EscalationOut | None:
    """Where an incident stands; the people of a step are those its pages of this round went to."""
    frozen = read_policy(incident)
    if frozen is None:
        return None
    told: dict[int | None, list[str]] = defaultdict(list)
    of_round = sa.select(Page.step, Page.person_name, Page.channel).where(
        Page.incident_id == incident.id, Page.round == incident.escalation_round, Page.step.is_not(None)
    )
    for of_step, name, channel in session.execute(of_round.order_by(Page.id)):
        if (name or channel) not in told[of_step]:
            told[of_step].append(name or channel)
    from_at, runs = incident.escalation_from_at, incident.escalation_due_at is not None
    steps = []
    for number, step in enumerate(frozen.spec.steps):
        done = number < incident.escalation_step
        is_next = runs and number == incident.escalation_step
        due_at = None if from_at is None or not (runs or done) else frozen.due_at(number, from_at)
        steps.append(
            EscalationStepOut(
                after_seconds=step.after_seconds,
                who=list(dict.fromkeys(target.who for target in step.targets)),
                state="done" if done else "next" if is_next else "waiting",
                at=incident.escalation_due_at if is_next else due_at,
                people=told[number],
            )
        )
    return EscalationOut(
        policy=frozen.code,
        name=frozen.spec.name,
        version=frozen.version,
        step=incident.escalation_step,
        next_at=incident.escalation_due_at,
        round=incident.escalation_round,
        steps=steps,
    )
