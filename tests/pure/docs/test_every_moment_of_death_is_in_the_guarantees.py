"""The crash table names every fail point, once, with a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

from core.failpoints import POINTS

REPOSITORY = Path(__file__).parents[3]
ROW = re.compile(r"^\| `([a-z]+\.[a-z_]+)`.*\| `(tests/[^`]+)` \|$", re.MULTILINE)
PROOF = re.compile(r"`(tests/[^`]+\.py)`")


def test_each_point_has_a_row_and_each_row_a_test() -> None:
    page = (REPOSITORY / "docs" / "guarantees.md").read_text()
    rows = ROW.findall(page)
    assert sorted(point for point, _ in rows) == sorted(POINTS)
    for _, proof in rows:
        assert (REPOSITORY / proof).is_file()


def test_each_test_the_page_names_exists() -> None:
    page = (REPOSITORY / "docs" / "guarantees.md").read_text()
    named = set(PROOF.findall(page))
    assert named
    assert [name for name in sorted(named) if not (REPOSITORY / name).is_file()] == []


def test_each_fault_test_is_named_on_the_page() -> None:
    page = (REPOSITORY / "docs" / "guarantees.md").read_text()
    files = [path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "tests" / "faults").glob("test_*.py")]
    assert [name for name in sorted(files) if name not in page] == []
