"""Rules as answers."""

from __future__ import annotations

from sqlalchemy.orm import Session

from alerts.ruleset import store
from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.exchange import Imported
from alerts.ruleset.life import PROTECTED
from api.schemas.rules import ImportProblem, RuleImported, RuleItem, RuleOut, RuleVersionOut
from core.messages import Language, problem_text


def rule_item(rule: RuleInForce) -> RuleItem:
    """A rule as a row of the list."""
    spec = rule.spec
    built_in = spec.code in builtin_specs()
    return RuleItem(
        code=spec.code,
        name=spec.name,
        kind=spec.kind,
        severity=spec.severity.value,
        raises=spec.raises,
        lane=spec.lane,
        audience=list(spec.audience),
        playbook=spec.playbook or spec.raises,
        enabled=spec.enabled,
        monitor=spec.monitor,
        applies=spec.applies,
        version=rule.version,
        built_in=built_in,
        changed=built_in and rule.version > 0,
        life=spec.code in PROTECTED,
        spec=spec,
    )


def rule_view(session: Session, rule: RuleInForce) -> RuleOut:
    """A rule with all its versions, the built-in one last."""
    row = store.find_row(session, rule.code)
    versions = [] if row is None else store.versions_of(session, row)
    said = [
        RuleVersionOut(version=one.version, created_at=one.created_at, created_by=one.created_by, note=one.note, spec=one.spec)
        for one in versions
    ]
    ours = builtin_specs().get(rule.code)
    if ours is not None:
        spec = ours.model_dump(mode="json")
        said.append(RuleVersionOut(version=0, created_at=None, created_by=None, note=None, spec=spec))
    return RuleOut(**dict(rule_item(rule)), versions=said)


def imported_view(done: Imported, language: Language) -> RuleImported:
    """What an import did, in the reader's language."""
    problems = [
        ImportProblem(rule=one.rule, path=one.path, message=problem_text(one.code, language, one.details), line=one.line)
        for one in done.problems
    ]
    return RuleImported(created=[*done.created], changed=[*done.changed], unchanged=[*done.unchanged], problems=problems)
