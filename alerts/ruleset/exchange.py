"""Rules out to YAML and in again: all of a text or nothing of it, and what it would change before it does.

A text is read outside every transaction and judged without a lock; only what changes is then written, in one transaction
that a process's death takes back whole. A text names the rules it has and no others: what is not in it stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from alerts.ruleset.compile import rules_in_force
from alerts.ruleset.reach import is_seen
from alerts.ruleset.schemas import RuleSpec
from alerts.ruleset.service import Wanted, check_rule, put_rule
from alerts.ruleset.yaml_form import Problem, Written, read_rules, write_rules
from alerts.ruleset.yaml_text import YamlError
from core.errors import YinlingError
from people.rights import Caller

_NOTE = "YAML"
_FIELDS = {"area": "applies.areas", "home": "applies.homes", "worsens": "worsens", "kind": "kind"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a text does: codes of rules, or what is wrong with it (then it does nothing)."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it was understood."""

    written: tuple[Written, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def specs(self) -> dict[str, RuleSpec]:
        """Its rules by code."""
        return {one.spec.code: one.spec for one in self.written if one.spec is not None}


def export_rules(session: Session, actor: Caller | str) -> str:
    """Every rule in force that the actor may see, as YAML."""
    rules = rules_in_force(session).rules
    return write_rules(rule.spec for rule in rules if is_seen(session, rule.spec.applies, actor))


def read_text(text: str) -> Text:
    """What stands in a text, with all that is wrong with it. Pure."""
    try:
        written = read_rules(text)
    except YamlError as error:
        return Text(problems=(Problem(None, "", error.code, error.details, error.details["line"]),))
    return Text(written, tuple(problem for one in written for problem in one.problems))


def plan_import(session: Session, text: Text, actor: Caller | str) -> Imported:
    """What a text would do, judged rule by rule. Only reads."""
    specs, problems = text.specs, list(text.problems)
    outcomes: dict[str, list[str]] = {"created": [], "changed": [], "unchanged": []}
    for one in text.written:
        if one.spec is None:
            continue
        try:
            _, outcome = check_rule(session, one.spec, actor, specs)
        except YinlingError as error:
            problems.append(Problem(one.spec.code, _path_of(error.details), error.code, error.details, one.line))
            continue
        outcomes[outcome].append(one.spec.code)
    in_order = tuple(sorted(problems, key=lambda problem: problem.line or 0))
    return Imported(tuple(outcomes["created"]), tuple(outcomes["changed"]), tuple(outcomes["unchanged"]), in_order)


def carry_out(session: Session, text: Text, plan: Imported, now: datetime, actor: Caller | str) -> None:
    """Put what a plan creates and changes, inside the caller's transaction; what was refused meanwhile undoes all of it."""
    specs = text.specs
    for code in (*plan.created, *plan.changed):
        put_rule(session, code, Wanted(specs[code], _NOTE, also=frozenset(specs)), now, actor)


def _path_of(details: Mapping[str, Any]) -> str:
    """Which field of a rule a refusal is about."""
    said = details.get("field")
    return str(said) if said is not None else next((path for name, path in _FIELDS.items() if name in details), "")


__all__ = ["Imported", "Text", "carry_out", "export_rules", "plan_import", "read_text"]
