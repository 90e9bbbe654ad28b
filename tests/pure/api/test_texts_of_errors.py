from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from core.messages import FIELD_MESSAGES, MESSAGES, field_text, language_of, text

ROOT = Path(__file__).parents[3]
PACKAGES = ("core", "people", "devices", "timeseries", "alerts", "ingest", "api", "yinling")


def _codes() -> set[str]:
    """Every code given to an error when it is made, or set as the `code` of an error class."""
    found: set[str] = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                first = node.args[0]
                if (
                    name.endswith("Error")
                    and isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                    and first.value.isidentifier()
                ):
                    found.add(first.value)
            if isinstance(node, ast.ClassDef) and any("Error" in ast.unparse(base) for base in node.bases):
                for line in node.body:
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                        found.add(ast.literal_eval(line.value))
    return found


def test_every_code_has_a_text_in_both_languages() -> None:
    codes = _codes()
    assert {"home_code_taken", "transition_not_allowed", "unknown_profile"} <= codes
    assert codes - set(MESSAGES) == set()


def test_both_texts_fill_the_same_placeholders_and_say_something() -> None:
    for code, (chinese, english) in (MESSAGES | FIELD_MESSAGES).items():
        names = [{field for _, field, _, _ in string.Formatter().parse(sentence) if field} for sentence in (chinese, english)]
        assert names[0] == names[1], code
        assert chinese.endswith("。"), code
        assert english.endswith("."), code
        assert any("一" <= letter <= "鿿" for letter in chinese), code


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "zh-CN"), ("", "zh-CN"), ("en", "en"), ("de,en;q=0.8", "en"), ("zh-TW,en", "zh-CN"), ("*", "zh-CN")],
)
def test_the_readers_language(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_a_missing_detail_leaves_a_sentence() -> None:
    assert text("already_taken", "en", {}) == "— has already taken it."


def test_a_refused_act_names_the_state_in_the_readers_words() -> None:
    details = {"state": "on_scene"}
    assert "已到场" in text("transition_not_allowed", "zh-CN", details)
    assert "on scene" in text("transition_not_allowed", "en", details)


def test_what_may_be_said_instead_is_listed_in_the_readers_language() -> None:
    details = {"expected": "'operators', 'family' or 'all'"}
    assert field_text("literal_error", "zh-CN", details) == "只能是：'operators'、'family'、'all'。"
    assert field_text("literal_error", "en", details) == "One of: 'operators', 'family' or 'all'."
