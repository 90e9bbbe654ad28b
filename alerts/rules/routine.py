"""A place kept for the learned baseline of a resident's days. A rule of this kind is stored and shown, and finds nothing yet."""

from __future__ import annotations

from alerts.rules.context import NOTHING, Evaluation

EVALUATED = False
"""Whether rules of this kind are evaluated at all; pages say so where they are not."""


def judge_routine() -> Evaluation:
    """Nothing, until there is a baseline to compare with."""
    return NOTHING


__all__ = ["EVALUATED", "judge_routine"]
