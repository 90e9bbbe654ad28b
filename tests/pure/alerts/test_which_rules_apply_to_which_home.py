"""A ruleset answers for each home, and homes that do not differ share one answer."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.ruleset.compile import HomeKey, RuleInForce, Ruleset
from alerts.ruleset.yaml_form import ADAPTER

PLAIN: dict[str, Any] = {
    "kind": "threshold",
    "name": {"zh": "冷", "en": "Cold"},
    "severity": "medium",
    "raises": "environment",
    "metric": "temperature",
    "low": 14,
}


def _rule(code: str, version: int = 1, **more: Any) -> RuleInForce:
    return RuleInForce(ADAPTER.validate_python(PLAIN | {"code": code} | more), version)


def _home(code: str = "h1", path: str | None = "/street/grid/", residents: tuple[int, ...] = (), *profiles: str) -> HomeKey:
    return HomeKey(path, code, frozenset(residents), frozenset(profiles))


def _codes(ruleset: Ruleset, home: HomeKey) -> list[str]:
    return [rule.code for rule in ruleset.for_home(home)]


@pytest.mark.parametrize(
    ("applies", "home", "is_applied"),
    [
        ({}, _home(), True),
        ({}, _home(path=None), True),
        ({"areas": ["street"]}, _home(), True),
        ({"areas": ["grid"]}, _home(), True),
        ({"areas": ["gri"]}, _home(), False),
        ({"areas": ["street"]}, _home(path=None), False),
        ({"areas": ["elsewhere", "grid"]}, _home(), True),
        ({"homes": ["h1"]}, _home(), True),
        ({"homes": ["h2"]}, _home(), False),
        ({"residents": [7]}, _home("h1", None, (7, 8)), True),
        ({"residents": [9]}, _home("h1", None, (7, 8)), False),
        ({"profiles": ["watch"]}, _home("h1", None, (), "watch", "motion"), True),
        ({"profiles": ["watch"]}, _home("h1", None, (), "motion"), False),
        ({"homes_with": ["motion", "presence"]}, _home("h1", None, (), "presence"), True),
        ({"homes_with": ["motion"]}, _home("h1", None, (), "door"), False),
        ({"areas": ["street"], "profiles": ["watch"]}, _home("h1", "/street/", (), "door"), False),
        ({"areas": ["street"], "homes": ["h2"]}, _home(), False),
    ],
)
def test_everything_that_is_named_must_match(applies: dict[str, Any], home: HomeKey, is_applied: bool) -> None:
    assert _codes(Ruleset([_rule("a", applies=applies)]), home) == (["a"] if is_applied else [])


def test_a_disabled_rule_runs_nowhere_and_a_monitored_one_does() -> None:
    ruleset = Ruleset([_rule("off", enabled=False), _rule("quiet", monitor=True)])
    assert _codes(ruleset, _home()) == ["quiet"]
    found = ruleset.get("off")
    assert found is not None
    assert not found.spec.enabled


def test_homes_that_do_not_differ_for_any_rule_share_one_answer() -> None:
    ruleset = Ruleset([_rule("all"), _rule("one", applies={"homes": ["h1"]}), _rule("watch", applies={"profiles": ["watch"]})])
    many = [ruleset.for_home(_home(f"h{n}", f"/street/grid{n}/", (n,), "motion", "door")) for n in range(2, 1000)]
    assert all(answer is many[0] for answer in many)
    assert ruleset.for_home(_home("h1")) is not many[0]
    assert ruleset.for_home(_home("h1")) is ruleset.for_home(_home("h1", "/other/"))


def test_the_order_of_rules_is_kept() -> None:
    assert _codes(Ruleset([_rule("b"), _rule("a"), _rule("c")]), _home()) == ["b", "a", "c"]
