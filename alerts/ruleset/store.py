"""Queries about rules: which rows are in force, their versions, and a revision that changes whenever any rule does."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.ruleset.model import Rule, RuleVersion


def revision_of(session: Session) -> str:
    """Changes with every change of any rule: versions are only ever added, and a deletion is undone by a new version."""
    versions = session.scalar(sa.select(sa.func.count()).select_from(RuleVersion)) or 0
    deleted = session.scalar(sa.select(sa.func.count()).select_from(Rule).where(Rule.deleted_at.is_not(None))) or 0
    return f"{versions}.{deleted}"


def versions_in_force(session: Session) -> Sequence[tuple[Rule, RuleVersion]]:
    """Every rule of the centre that is not deleted, with its version in force."""
    query = (
        sa.select(Rule, RuleVersion)
        .join(RuleVersion, sa.and_(RuleVersion.rule_id == Rule.id, RuleVersion.version == Rule.version))
        .where(Rule.deleted_at.is_(None))
        .order_by(Rule.code)
    )
    return [(rule, version) for rule, version in session.execute(query)]


def version_in_force(session: Session, code: str) -> RuleVersion | None:
    """What the rule of a code says now; None where it is not stored or deleted."""
    query = sa.select(RuleVersion).join(Rule, sa.and_(RuleVersion.rule_id == Rule.id, RuleVersion.version == Rule.version))
    return session.scalar(query.where(Rule.code == code, Rule.deleted_at.is_(None)))


def find_row(session: Session, code: str) -> Rule | None:
    """The row of a code, also a deleted one."""
    return session.scalar(sa.select(Rule).where(Rule.code == code))


def versions_of(session: Session, rule: Rule) -> Sequence[RuleVersion]:
    """Everything a rule ever said, newest first."""
    return session.scalars(sa.select(RuleVersion).where(RuleVersion.rule_id == rule.id).order_by(RuleVersion.version.desc())).all()


def find_version(session: Session, code: str, version: int) -> RuleVersion | None:
    """What a rule said in one version; None for a built-in one or where there is none."""
    query = sa.select(RuleVersion).join(Rule, Rule.id == RuleVersion.rule_id)
    return session.scalar(query.where(Rule.code == code, RuleVersion.version == version))


__all__ = ["find_row", "find_version", "revision_of", "version_in_force", "versions_in_force", "versions_of"]
