"""What a check of `yinling doctor` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.config import Settings


class Verdict(StrEnum):
    """How a check came out."""

    GOOD = "good"
    ODD = "look"
    BAD = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it is, and what to do."""

    what: str
    verdict: Verdict
    says: str


Check = Callable[[Settings], Iterator[Finding]]
"""Looks at one thing with the settings of a centre; raises nothing that a person could put right."""
