"""A number that is a length of time says its unit in its name, or is a `timedelta`."""

from __future__ import annotations

import ast
import re

import pytest
from support.sources import Source, sources

# `age` alone and `resident_age` are a person's, in years.
DURATION = re.compile(
    r"(^|_)(timeout|interval|delay|duration|ttl|period|lifetime|backoff|grace|latency|elapsed)$|(?<!\bresident)_age$"
)
NUMBER = re.compile(r"\b(int|float|Seconds)\b")


def without_unit(source: Source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.arg) and node.annotation is not None and is_unclear(node.arg, node.annotation):
            found.append(f"{source.at(node)} {node.arg}")
        if isinstance(node, ast.AnnAssign):
            name = node.target.id if isinstance(node.target, ast.Name) else getattr(node.target, "attr", "")
            if is_unclear(name, node.annotation):
                found.append(f"{source.at(node)} {name}")
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found += [f"{source.at(node)} {name}" for name in names if DURATION.search(name.lower())]
    return found


def is_unclear(name: str, annotation: ast.expr) -> bool:
    return bool(DURATION.search(name.lower())) and bool(NUMBER.search(ast.unparse(annotation)))


def test_every_duration_says_its_unit() -> None:
    assert [line for source in sources() for line in without_unit(source)] == []


@pytest.mark.parametrize("text", ["def wait(timeout: float) -> None: ...", "class A:\n    retry_delay: int = 3", "DELAY = 0.5"])
def test_the_lint_sees_a_bare_number(text: str) -> None:
    assert without_unit(Source("x.py", text, ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "def wait(timeout_seconds: float) -> None: ...",
        "def wait(delay: timedelta) -> None: ...",
        "age: int = 3",
        "resident_age: int = 81",
    ],
)
def test_the_lint_accepts_units(text: str) -> None:
    assert without_unit(Source("x.py", text, ast.parse(text))) == []
