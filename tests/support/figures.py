"""Figures of the long forms, written between markers of pages of docs/; only `make proof` does so."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def proof_rounds() -> int:
    """How often `make proof` dies at each moment: 20 times, or as `YINLING_PROOF_ROUNDS` says; figures tell what was run."""
    return int(os.environ.get("YINLING_PROOF_ROUNDS", "20"))


def write_figures(name: str, lines: Sequence[str], page: str = "guarantees.md") -> None:
    """Replace what stands between `<!-- figures:name -->` and `<!-- /figures:name -->`."""
    begin, end = f"<!-- figures:{name} -->", f"<!-- /figures:{name} -->"
    path = DOCS / page
    text = path.read_text()
    before, found, rest = text.partition(begin)
    assert found, f"{path} has no {begin}"
    _, found, after = rest.partition(end)
    assert found, f"{path} has no {end}"
    where = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}."
    )
    path.write_text(before + "\n".join([begin, *lines, "", where, end]) + after)
