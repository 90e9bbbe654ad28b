"""Rules out to YAML and in again: all of a text or nothing of it, and what it would change before it does.

A text names the rules it has and no others: what is not in it stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from alerts.ruleset.compile import rules_in_force
from alerts.ruleset.reach import is_seen
from alerts.ruleset.service import Wanted, put_rule
from alerts.ruleset.yaml_form import Problem, read_rules, write_rules
from alerts.ruleset.yaml_text import YamlError
from core.errors import YinlingError
from people.rights import Caller


@dataclass(frozen=True, slots=True)
class Imported:
    """What a text did, or would do: codes of rules, or what is wrong with it (then it did nothing)."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def export_rules(session: Session, actor: Caller | str) -> str:
    """Every rule in force that the actor may see, as YAML."""
    rules = rules_in_force(session).rules
    return write_rules(rule.spec for rule in rules if is_seen(session, rule.spec.applies, actor))


def import_rules(session: Session, text: str, now: datetime, actor: Caller | str, *, dry_run: bool) -> Imported:
    """Put every rule of a text; with a problem anywhere, or in a dry run, nothing is changed."""
    try:
        written = read_rules(text)
    except YamlError as error:
        return Imported(problems=(Problem(None, "", error.code, error.details, error.details["line"]),))
    problems = [problem for one in written for problem in one.problems]
    outcomes: dict[str, list[str]] = {"created": [], "changed": [], "unchanged": []}
    with session.begin_nested() as attempt:
        for one in written:
            if one.spec is None:
                continue
            try:
                put = put_rule(session, one.spec.code, Wanted(one.spec, _NOTE), now, actor)
            except YinlingError as error:
                problems.append(Problem(one.spec.code, _path_of(error.details), error.code, error.details, one.line))
                continue
            outcomes[put.outcome].append(one.spec.code)
        if dry_run or problems:
            attempt.rollback()
    return Imported(
        tuple(outcomes["created"]), tuple(outcomes["changed"]), tuple(outcomes["unchanged"]), tuple(sorted(problems, key=_place))
    )


def _place(problem: Problem) -> int:
    return problem.line or 0


_NOTE = "YAML"
_FIELDS = {"area": "applies.areas", "home": "applies.homes", "worsens": "worsens", "kind": "kind"}


def _path_of(details: dict[str, Any]) -> str:
    """Which field of a rule a refusal is about."""
    said = details.get("field")
    return str(said) if said is not None else next((path for name, path in _FIELDS.items() if name in details), "")


__all__ = ["Imported", "export_rules", "import_rules"]
