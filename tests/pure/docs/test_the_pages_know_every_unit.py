"""The pages write each metric with the unit of the vocabulary; those without one stand alone."""

from __future__ import annotations

import re
from pathlib import Path

from devices.vocabulary import METRICS

_SOURCE = Path(__file__).parents[3] / "web" / "src" / "logic" / "units.ts"
_WITHOUT = {"1", "0/1", "°"}


def test_the_pages_know_every_unit() -> None:
    known = dict(re.findall(r"(\w+): '([^']+)'", _SOURCE.read_text(encoding="utf-8").partition("/** `188")[0]))
    assert known == {name: metric.unit for name, metric in METRICS.items() if metric.unit not in _WITHOUT}
