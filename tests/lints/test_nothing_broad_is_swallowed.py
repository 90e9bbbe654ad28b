"""`except Exception`, `except BaseException` and a bare `except` never make a failure vanish.

Such a handler does one of these: it raises; it sets the failed thing aside, keeps it for later or works it off one by one
(a call named `quarantine…`, `set_aside…`, `postpone…` or `…_alone`); it returns a value made from the error; or it logs the
exception *and* counts it (`.inc()`), which is how a chore that runs again in a second fails.
"""

from __future__ import annotations

import ast
import re

import pytest
from support.sources import Source, dotted, sources

BROAD = {"Exception", "BaseException"}
SETS_ASIDE = re.compile(r"^_*(quarantine|set_aside|postpone)|_alone$")


def swallowed(source: Source) -> list[str]:
    handlers = [node for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler)]
    return [source.at(handler) for handler in handlers if is_broad(handler) and not is_handled(handler)]


def is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(dotted(one).split(".")[-1] in BROAD for one in caught)


def is_handled(handler: ast.ExceptHandler) -> bool:
    calls = {dotted(node.func).split(".")[-1] for node in ast.walk(handler) if isinstance(node, ast.Call)}
    if any(isinstance(node, ast.Raise) for node in ast.walk(handler)) or any(SETS_ASIDE.search(call) for call in calls):
        return True
    if {"exception", "inc"} <= calls:
        return True
    returned = [node.value for node in ast.walk(handler) if isinstance(node, ast.Return) and node.value is not None]
    return handler.name is not None and any(
        handler.name in {n.id for n in ast.walk(v) if isinstance(n, ast.Name)} for v in returned
    )


def test_no_broad_except_is_swallowed() -> None:
    assert [line for source in sources() for line in swallowed(source)] == []


def test_no_suppress_of_everything() -> None:
    found = []
    for source in sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "suppress":
                found += [source.at(node) for argument in node.args if dotted(argument).split(".")[-1] in BROAD]
    assert found == []


@pytest.mark.parametrize(
    ("body", "is_refused"),
    [
        ("pass", True),
        ("log.exception('x')", True),
        ("return None", True),
        ("raise", False),
        ("self._quarantine(row, error)", False),
        ("log.exception('x'); failed.labels('y').inc()", False),
        ("return NotSent(str(error))", False),
    ],
)
def test_the_lint_knows_swallowing(body: str, is_refused: bool) -> None:
    text = f"try:\n    work()\nexcept Exception as error:\n    {body}\n"
    assert bool(swallowed(Source("x.py", text, ast.parse(text)))) is is_refused
