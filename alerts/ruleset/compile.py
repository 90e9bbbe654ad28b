"""Which rules are in force, and which of them apply to a home.

A stored rule takes the place of the built-in one of its code. A row that cannot be read, or that would weaken a rule
that protects life, is passed over: the built-in rule stays, the others work, and the code is named in `broken`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import structlog
from pydantic import ValidationError
from sqlalchemy.orm import Session

from alerts.ruleset import store
from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.life import weakening
from alerts.ruleset.schemas import Applies, RuleSpec
from alerts.ruleset.yaml_form import ADAPTER

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule and the version of it that runs; 0 is the built-in one."""

    spec: RuleSpec
    version: int = 0

    @property
    def code(self) -> str:
        """Its lasting name."""
        return self.spec.code


@dataclass(frozen=True, slots=True)
class HomeKey:
    """What of a home decides which rules apply to it."""

    area_path: str | None
    """`/root/child/`, made of codes; None outside every area."""
    home_code: str
    resident_ids: frozenset[int] = frozenset()
    profiles: frozenset[str] = frozenset()
    """Of its devices in use."""


class Ruleset:
    """The rules in force at one moment. Values only; safe to share between threads."""

    def __init__(self, rules: Iterable[RuleInForce], revision: int | str = 0, broken: Iterable[str] = ()) -> None:
        self.rules: tuple[RuleInForce, ...] = tuple(rules)
        self.revision = revision
        self.broken: tuple[str, ...] = tuple(broken)
        """Codes of stored rules that cannot be used."""
        self._by_code: Mapping[str, RuleInForce] = {rule.code: rule for rule in self.rules}
        running = tuple(rule for rule in self.rules if rule.spec.enabled)
        self._running = running
        self._named = _Named.by(rule.spec.applies for rule in running)
        self._memo: dict[_Named, tuple[RuleInForce, ...]] = {}

    def for_home(self, home: HomeKey) -> tuple[RuleInForce, ...]:
        """The enabled rules that apply to a home, those in monitor mode too; the same tuple for homes that do not differ.

        A rule for single residents or profiles applies to the home where one of them is; the evaluator looks at no others.
        """
        key = self._named.seen_in(home)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = tuple(rule for rule in self._running if _applies(rule.spec.applies, key))
        return found

    def get(self, code: str) -> RuleInForce | None:
        """The rule of a code, enabled or not."""
        return self._by_code.get(code)


@cache
def builtin_rules() -> tuple[RuleInForce, ...]:
    """Every built-in rule, in the order in which they are listed."""
    return tuple(RuleInForce(spec) for spec in builtin_specs().values())


def rules_in_force(session: Session) -> Ruleset:
    """The centre's rules laid over the built-in ones."""
    revision = store.revision_of(session)
    stored: dict[str, RuleInForce] = {}
    broken: list[str] = []
    for row, version in store.versions_in_force(session):
        spec = _read(row.code, version.spec)
        if spec is None:
            broken.append(row.code)
        else:
            stored[row.code] = RuleInForce(spec, version.version)
    rules = [stored.pop(rule.code, rule) for rule in builtin_rules()]
    return Ruleset([*rules, *stored.values()], revision, broken)


def rule_in_force(session: Session, code: str) -> RuleInForce | None:
    """The one rule of a code, without reading all the others."""
    found = store.version_in_force(session, code)
    spec = None if found is None else _read(code, found.spec)
    if found is not None and spec is not None:
        return RuleInForce(spec, found.version)
    ours = builtin_specs().get(code)
    return None if ours is None else RuleInForce(ours)


def _read(code: str, said: Mapping[str, object]) -> RuleSpec | None:
    try:
        spec = ADAPTER.validate_python(said)
    except ValidationError as error:
        log.error("rule_cannot_be_read", rule=code, error=str(error))  # noqa: TRY400 the sentence says it all
        return None
    if spec.code != code or weakening(spec, builtin_specs()) is not None:
        log.error("rule_protects_life", rule=code, field=weakening(spec, builtin_specs()))
        return None
    return spec


@dataclass(frozen=True, slots=True)
class _Named:
    """Areas, homes, residents and profiles that rules name, or those of them a home has."""

    areas: frozenset[str]
    homes: frozenset[str]
    residents: frozenset[int]
    profiles: frozenset[str]

    @classmethod
    def by(cls, every: Iterable[Applies]) -> _Named:
        listed = list(every)
        return cls(
            frozenset(area for one in listed for area in one.areas),
            frozenset(home for one in listed for home in one.homes),
            frozenset(resident for one in listed for resident in one.residents),
            frozenset(profile for one in listed for profile in (*one.profiles, *one.homes_with)),
        )

    def seen_in(self, home: HomeKey) -> _Named:
        above = (home.area_path or "").strip("/").split("/")
        return _Named(
            self.areas.intersection(above),
            self.homes & {home.home_code},
            self.residents & home.resident_ids,
            self.profiles & home.profiles,
        )


def _applies(applies: Applies, home: _Named) -> bool:
    return (
        (not applies.areas or not home.areas.isdisjoint(applies.areas))
        and (not applies.homes or not home.homes.isdisjoint(applies.homes))
        and (not applies.residents or not home.residents.isdisjoint(applies.residents))
        and (not applies.profiles or not home.profiles.isdisjoint(applies.profiles))
        and (not applies.homes_with or not home.profiles.isdisjoint(applies.homes_with))
    )


__all__ = ["HomeKey", "RuleInForce", "Ruleset", "builtin_rules", "rule_in_force", "rules_in_force"]
