"""A set of rules as a YAML text: written out for a person to change, and read back with a problem per mistake. Pure.

    yinling_rules: 1
    rules:
      - code: sos
        kind: signal
        …

The fields are those of `alerts.ruleset.schemas`; what has its default need not be written, and is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from alerts.ruleset.schemas import RULE_KINDS, RuleSpec
from alerts.ruleset.yaml_text import Document, Place, YamlError, read_yaml, write_yaml

FORM = 1
"""The version of this form."""
MAX_RULES = 1000

ADAPTER: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
"""Reads any rule."""

_ALWAYS = ("code", "kind", "name", "severity", "raises")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: in which rule, where, and by which code of `core.messages.FIELD_MESSAGES`."""

    rule: str | None
    path: str
    code: str
    details: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One rule of a text: as it is understood, or what is wrong with it."""

    code: str | None
    spec: RuleSpec | None
    problems: tuple[Problem, ...] = ()
    line: int | None = None
    error: ValidationError | None = None


def read_rules(text: str) -> tuple[Written, ...]:
    """Every rule of a text in its order; YamlError where the text is not a set of rules at all."""
    document = read_yaml(text)
    items = _items(document)
    seen: set[str] = set()
    return tuple(_read_one(document, index, item, seen) for index, item in enumerate(items))


def write_rules(specs: Iterable[RuleSpec]) -> str:
    """A set of rules as text; reading it back gives the same rules."""
    return write_yaml({"yinling_rules": FORM, "rules": [plain(spec) for spec in specs]})


def plain(spec: RuleSpec) -> dict[str, Any]:
    """A rule as plain values, without what has its default; first what every rule states."""
    said = spec.model_dump(mode="json", exclude_defaults=True)
    whole = spec.model_dump(mode="json", include=set(_ALWAYS))
    return {key: whole[key] for key in _ALWAYS} | {key: value for key, value in said.items() if key not in _ALWAYS}


def problems_of(error: ValidationError, rule: str | None) -> tuple[Problem, ...]:
    """What a validator found, with the path inside the rule, such as `during.since` or `on[0]`."""
    return tuple(_problem(one, rule) for one in error.errors(include_url=False, include_input=False))


def _items(document: Document) -> list[Any]:
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("rules"), list):
        raise YamlError("yaml_not_rules", document.place_of(()))
    if value.get("yinling_rules") != FORM:
        raise YamlError("yaml_other_form", document.place_of(("yinling_rules",)), form=FORM)
    for key in value:
        if key not in {"yinling_rules", "rules"}:
            raise YamlError("yaml_key", document.place_of((key,)), key=key)
    items: list[Any] = value["rules"]
    if len(items) > MAX_RULES:
        raise YamlError("yaml_too_deep", document.place_of(("rules",)), depth=MAX_RULES, values=MAX_RULES)
    return items


def _read_one(document: Document, index: int, item: Any, seen: set[str]) -> Written:
    here = ("rules", index)
    code = item.get("code") if isinstance(item, dict) and isinstance(item.get("code"), str) else None
    if code is not None and code in seen:
        twice = Problem(code, "code", "rule_said_twice", {"given": code}, _line(document.place_of((*here, "code"))))
        return Written(code, None, (twice,))
    try:
        spec = ADAPTER.validate_python(item)
    except ValidationError as error:
        found = tuple(_placed(document, here, one) for one in error.errors(include_url=False, include_input=False))
        return Written(code, None, tuple(_problem(one, code, line) for one, line in found), error=error)
    seen.add(spec.code)
    return Written(spec.code, spec, line=_line(document.place_of(here)))


def _placed(document: Document, here: tuple[str | int, ...], one: ErrorDetails) -> tuple[ErrorDetails, int | None]:
    return one, _line(document.place_of((*here, *_inside(one["loc"]))))


def _line(place: Place | None) -> int | None:
    return None if place is None else place.line


def _inside(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The place without the name of the kind, which pydantic puts first."""
    return loc[1:] if loc and loc[0] in RULE_KINDS else loc


def _problem(one: ErrorDetails, rule: str | None, line: int | None = None) -> Problem:
    inside = _inside(one["loc"])
    if one["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return Problem(rule, "kind", one["type"], {"expected_tags": ", ".join(RULE_KINDS)}, line)
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inside).lstrip(".")
    return Problem(rule, path, one["type"], dict(one.get("ctx", {})), line)


__all__ = ["ADAPTER", "FORM", "Problem", "Written", "plain", "problems_of", "read_rules", "write_rules"]
