"""One place commits, so that a transition is one transaction whoever calls it."""

from __future__ import annotations

import ast

from support.sources import Source, sources

HOME = "core/database.py"


def commits(source: Source) -> list[str]:
    return [
        source.at(node)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]


def test_no_commit_below_the_unit_of_work() -> None:
    assert [line for source in sources() if source.path != HOME for line in commits(source)] == []


def test_the_lint_sees_a_commit() -> None:
    text = "session.commit()"
    assert commits(Source("x.py", text, ast.parse(text)))
