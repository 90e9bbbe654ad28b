"""Every bench runs to its end and prints one JSON line; the long form writes the figures down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.figures import write_figures

REPOSITORY = Path(__file__).parents[2]
BENCHES = sorted(path.stem for path in (REPOSITORY / "bench").glob("bench_*.py"))
LEAST_RATIO = 0.4
"""What the pipeline must keep of a bare drain; 1 is the limit."""


def _run(bench: str) -> dict[str, Any]:
    program = REPOSITORY / "bench" / f"{bench}.py"
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, cwd=REPOSITORY, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def _cell(value: Any) -> str:
    """A figure, or shares of a whole by what has them."""
    return "; ".join(f"{name} {share:.0%}" for name, share in value.items() if share) if isinstance(value, dict) else str(value)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_the_figures_of_every_bench() -> None:
    found = {bench: _run(bench) for bench in BENCHES}
    assert found["bench_drain"]["ratio"] >= LEAST_RATIO
    rows = [
        f"| `{bench}` | {name} | {_cell(value)} |"
        for bench, figures in found.items()
        for name, value in figures.items()
        if name != "bench"
    ]
    write_figures("bench", ["| bench | figure | value |", "|---|---|---|", *rows])
