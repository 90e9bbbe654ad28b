"""The page of rules names every kind, every field of it with what it means, and every built-in rule."""

from __future__ import annotations

import pytest
from support.reference import DOCS
from support.rule_reference import KINDS, PARTS, kind_of

from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.schemas import RULE_KINDS, RuleBase

PAGE = (DOCS / "rules.md").read_text(encoding="utf-8")


def test_every_kind_has_its_section() -> None:
    assert [kind_of(model) for model in KINDS] == list(RULE_KINDS)
    assert [line for line in PAGE.splitlines() if line.startswith("## Kind")] == [f"## Kind `{kind}`" for kind in RULE_KINDS]


@pytest.mark.parametrize("model", [RuleBase, *KINDS, *PARTS], ids=lambda model: model.__name__)
def test_every_field_says_what_it_means(model: type[RuleBase]) -> None:
    assert [name for name, field in model.model_fields.items() if name != "kind" and not field.description] == []
    for name in model.model_fields:
        assert name == "kind" or f"| `{name}` |" in PAGE, name


@pytest.mark.parametrize("code", builtin_specs())
def test_every_built_in_rule_is_listed(code: str) -> None:
    assert f"| `{code}` |" in PAGE
