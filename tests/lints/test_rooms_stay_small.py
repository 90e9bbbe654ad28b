"""A file past 400 lines holds two ideas, a function past 45 lines of code does two things."""

from __future__ import annotations

import ast
from typing import TypeGuard

from support.sources import ROOT, read, sources

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 45
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc"}


def test_no_file_is_too_long() -> None:
    others = [read(path) for folder in ("tests", "bench") for path in (ROOT / folder).rglob("*.py")]
    long = {source.path: source.text.count("\n") for source in (*sources(), *others) if "/migrations/versions/" not in source.path}
    assert {path: lines for path, lines in long.items() if lines > MOST_LINES} == {}


def lines_of_text(function: ast.AST) -> int:
    """Lines inside texts of several lines: docstrings, templates."""
    texts = [node for node in ast.walk(function) if isinstance(node, ast.JoinedStr) or is_text(node)]
    inner = {id(part) for text in texts if isinstance(text, ast.JoinedStr) for part in ast.walk(text) if part is not text}
    return sum((text.end_lineno or text.lineno) - text.lineno for text in texts if id(text) not in inner)


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_no_function_is_too_long() -> None:
    found = []
    for source in sources():
        if "/migrations/versions/" in source.path:
            continue
        for function in source.functions():
            first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
            lines = (function.end_lineno or first) - first + 1 - lines_of_text(function)
            if lines > MOST_LINES_OF_A_FUNCTION:
                found.append(f"{source.at(function)} {function.name}: {lines} lines")
    assert found == []


def test_no_room_without_a_name_of_its_own() -> None:
    parts = {part for source in sources() for part in source.path.removesuffix(".py").split("/")}
    assert parts & FORBIDDEN_NAMES == set()
