"""What people do to rules: change, make, delete and give back, each one new version inside the caller's transaction.

Nothing is ever overwritten: an alert names the version that made it, and that version stays readable. A rule that
protects life is only ever added to. Changes are in the audit with the fields they touched.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue, ValidationError
from sqlalchemy.orm import Session

from alerts.changes import hold_order
from alerts.modes.store import end_monitored
from alerts.ruleset import store
from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.compile import RuleInForce, rule_in_force
from alerts.ruleset.life import lacks_operators, weakening
from alerts.ruleset.model import Rule, RuleVersion
from alerts.ruleset.reach import check_names, check_reach, is_seen
from alerts.ruleset.schemas import RuleSpec, SequenceRule
from alerts.ruleset.values import OWN_VALUES, own_rule
from core.errors import ConflictError, InvalidInputError, NotFoundError
from people import audit
from people.rights import Caller


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule as somebody wants it; `seen_version` is the one they looked at, where they say so.

    `also` are codes of rules that come with it.
    """

    spec: RuleSpec
    note: str | None = None
    seen_version: int | None = None
    also: frozenset[str] = frozenset()


def find_rule(session: Session, code: str, actor: Caller | str) -> RuleInForce:
    """A rule in force that the actor may see; NotFoundError `rule_not_found`."""
    rule = rule_in_force(session, code)
    if rule is None or not is_seen(session, rule.spec.applies, actor):
        raise NotFoundError("rule_not_found", rule=code)
    return rule


def check_rule(session: Session, spec: RuleSpec, actor: Caller | str, also: Container[str] = ()) -> tuple[RuleInForce | None, str]:
    """What is in force in its place, and what putting it would be: `created`, `changed` or `unchanged`. Only reads.

    `also` are codes of rules that come with it. ConflictError `rule_protects_life`, `rule_kind_fixed`; NotFoundError
    `rule_not_found`; InvalidInputError `rule_needs_operators`, `rule_worsens_unknown`, `unknown_area`, `unknown_home`,
    `unknown_resident`; ForbiddenError `scope_exceeds_own`.
    """
    present = rule_in_force(session, spec.code)
    if present is not None and not is_seen(session, present.spec.applies, actor):
        raise NotFoundError("rule_not_found", rule=spec.code)
    if present is not None and present.spec.kind != spec.kind:
        raise ConflictError("rule_kind_fixed", rule=spec.code, kind=present.spec.kind)
    field = weakening(spec, builtin_specs())
    if field is not None:
        raise ConflictError("rule_protects_life", rule=spec.code, field=field)
    if lacks_operators(spec):
        raise InvalidInputError("rule_needs_operators", rule=spec.code, field="audience")
    worsens = spec.worsens if isinstance(spec, SequenceRule) else None
    if worsens is not None and worsens not in also and rule_in_force(session, worsens) is None:
        raise InvalidInputError("rule_worsens_unknown", worsens=worsens)
    if present is not None and present.spec == spec:
        return present, "unchanged"
    check_names(session, spec.applies, actor)
    for applies in (spec.applies, *(() if present is None else (present.spec.applies,))):
        check_reach(session, applies, actor)
    return present, "created" if present is None else "changed"


def put_rule(session: Session, code: str, wanted: Wanted, now: datetime, actor: Caller | str) -> RuleInForce:
    """Make a rule say this from now on; the same again is no new version.

    As `check_rule`, and InvalidInputError `rule_code_differs`, ConflictError `rule_changed_meanwhile`.
    """
    hold_order(session)
    spec = wanted.spec
    if spec.code != code:
        raise InvalidInputError("rule_code_differs", rule=code, given=spec.code)
    present, outcome = check_rule(session, spec, actor, wanted.also)
    if present is not None and outcome == "unchanged":
        return present
    seen = present.version if present is not None else 0
    if wanted.seen_version is not None and wanted.seen_version != seen:
        raise ConflictError("rule_changed_meanwhile", rule=code, version=seen)
    version = _add_version(session, wanted, now, actor)
    if not spec.monitor:
        end_monitored(session, code, now)
    fields = _fields(present, spec)
    audit.write(session, now, actor, f"rule.{outcome}", subject=code, version=version, fields=fields, note=wanted.note)
    return RuleInForce(spec, version)


def delete_rule(session: Session, code: str, now: datetime, actor: Caller | str) -> RuleInForce | None:
    """End a rule; a changed built-in one is given back its place and returned.

    ConflictError `rule_built_in` for a built-in rule nobody changed.
    """
    hold_order(session)
    present = find_rule(session, code, actor)
    check_reach(session, present.spec.applies, actor)
    row = store.find_row(session, code)
    if row is None or row.deleted_at is not None:
        raise ConflictError("rule_built_in", rule=code)
    row.deleted_at = now
    session.flush()
    end_monitored(session, code, now)
    ours = builtin_specs().get(code)
    audit.write(session, now, actor, "rule.deleted" if ours is None else "rule.restored", subject=code, version=row.version)
    return None if ours is None else RuleInForce(ours)


def check_rule_values(session: Session, rule_values: Mapping[str, Mapping[str, Any]] | None) -> None:
    """Refuse a resident's own values that name no rule, or that make none.

    InvalidInputError `unknown_rule`, `rule_value_not_own`, `rule_value_wrong`.
    """
    if not rule_values:
        return
    for code, values in rule_values.items():
        rule = rule_in_force(session, code)
        if rule is None:
            raise InvalidInputError("unknown_rule", rule=code)
        allowed = OWN_VALUES.get(rule.spec.kind, frozenset())
        foreign = next((name for name in values if name not in allowed), None)
        if foreign is not None:
            raise InvalidInputError("rule_value_not_own", rule=code, field=foreign, allowed=", ".join(sorted(allowed)) or "—")
        try:
            own_rule(rule.spec, values)
        except ValidationError as error:
            place = error.errors(include_url=False, include_input=False)[0]["loc"][1:]
            field = ".".join(str(part) for part in place) or ", ".join(values)
            raise InvalidInputError("rule_value_wrong", rule=code, field=field) from error


def _add_version(session: Session, wanted: Wanted, now: datetime, actor: Caller | str) -> int:
    row = store.find_row(session, wanted.spec.code)
    if row is None:
        row = Rule(code=wanted.spec.code, kind=wanted.spec.kind, version=0, deleted_at=None)
        session.add(row)
        session.flush()
    last = session.scalar(sa.select(sa.func.max(RuleVersion.version)).where(RuleVersion.rule_id == row.id)) or 0
    row.version, row.kind, row.deleted_at = last + 1, wanted.spec.kind, None
    name = actor.name if isinstance(actor, Caller) else actor
    said = wanted.spec.model_dump(mode="json")
    session.add(
        RuleVersion(rule_id=row.id, version=row.version, spec=said, created_at=now, created_by=name[:120], note=wanted.note)
    )
    session.flush()
    return row.version


def _fields(present: RuleInForce | None, spec: RuleSpec) -> list[JsonValue]:
    before = {} if present is None else present.spec.model_dump(mode="json")
    return [name for name, value in spec.model_dump(mode="json").items() if name not in before or before[name] != value]


__all__ = ["Wanted", "check_rule", "check_rule_values", "delete_rule", "find_rule", "put_rule"]
