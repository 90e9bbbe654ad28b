"""Fewer points for a picture, extremes kept. Pure.

A fall of blood oxygen that lasted one minute must still be seen in the picture of a month, so each bucket of time gives its
lowest and its highest point, in the order they happened.
"""

from __future__ import annotations

from collections.abc import Sequence

Sample = tuple[int, float]
"""(microseconds since 1970, value)."""


def downsample(samples: Sequence[Sample], points: int) -> list[Sample]:
    """At most `points` of `samples` (oldest first), with the lowest and highest of each bucket of equal count."""
    if points <= 0:
        return []
    if len(samples) <= points:
        return list(samples)
    if points == 1:
        return [samples[-1]]
    buckets = points // 2
    kept: list[Sample] = []
    for bucket in range(buckets):
        part = samples[bucket * len(samples) // buckets : (bucket + 1) * len(samples) // buckets]
        lowest, highest = min(part, key=_value), max(part, key=_value)
        kept += [lowest] if lowest == highest else sorted((lowest, highest))
    return kept


def _value(sample: Sample) -> float:
    return sample[1]
