"""The reference page of rules: every kind with its fields, and what comes built in; made from the source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.life import PROTECTED
from alerts.ruleset.parts import Applies, Circle, Happening, Window
from alerts.ruleset.schemas import RuleBase, RuleSpec
from alerts.ruleset.values import OWN_VALUES
from alerts.ruleset.yaml_form import write_rules

KINDS: tuple[type[RuleBase], ...] = get_args(get_args(RuleSpec)[0])
PARTS: tuple[type[BaseModel], ...] = (Happening, Window, Applies, Circle)

Row = tuple[str, ...]


def parts() -> Iterable[tuple[str, str, Sequence[str], Sequence[Row]]]:
    """Sections of the page: heading, text, head of a table, rows."""
    yield (
        "What every rule states",
        "",
        _FIELDS,
        _rows(RuleBase, own_only=False),
    )
    for model in KINDS:
        kind = kind_of(model)
        own = ", ".join(f"`{name}`" for name in sorted(OWN_VALUES.get(kind, ())))
        says = f"{_plain(model.__doc__)} A resident can have own values of: {own}." if own else _plain(model.__doc__)
        yield f"Kind `{kind}`", says, _FIELDS, _rows(model, own_only=True)
    for part in PARTS:
        yield f"Part: {part.__name__.lower()}", _plain(part.__doc__), _FIELDS, _rows(part, own_only=False)
    yield (
        "Built-in rules",
        f"Those that protect life ({', '.join(f'`{code}`' for code in sorted(PROTECTED))}) can be added to and never weakened.",
        ("code", "name", "kind", "severity", "what it says"),
        [
            (
                f"`{spec.code}`",
                f"{spec.name.zh} / {spec.name.en}",
                spec.kind,
                spec.severity.value,
                ", ".join(f"{name}: {_said(value)}" for name, value in _beyond(spec)),
            )
            for spec in builtin_specs().values()
        ],
    )


EXAMPLE = write_rules([builtin_specs()["not_up"]]).rstrip()

_FIELDS = ("field", "left out", "meaning")
_EVERY = frozenset(RuleBase.model_fields)


def kind_of(model: type[RuleBase]) -> str:
    """The word that `kind` says."""
    return str(model.model_fields["kind"].default)


def _rows(model: type[BaseModel], *, own_only: bool) -> list[Row]:
    return [
        (f"`{name}`", _default(field), _plain(field.description))
        for name, field in model.model_fields.items()
        if name != "kind" and not (own_only and name in _EVERY and field.description == RuleBase.model_fields[name].description)
    ]


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "must be said"
    if value is None or value == () or (isinstance(value, BaseModel) and not value.model_dump(exclude_defaults=True)):
        return "—"
    return f"`{_said(value)}`"


def _beyond(spec: RuleBase) -> Iterable[tuple[str, Any]]:
    said = spec.model_dump(mode="json", exclude_defaults=True)
    return [(name, value) for name, value in said.items() if name not in {"code", "name", "kind", "severity", "playbook"}]


def _said(value: Any) -> str:
    if isinstance(value, BaseModel):
        return _said(value.model_dump(mode="json", exclude_defaults=True))
    if isinstance(value, dict):
        return "; ".join(f"{name} {_said(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return " ".join(_said(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())
