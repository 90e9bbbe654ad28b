"""Fewer points for a picture, extremes kept. Pure.

A fall of blood oxygen that lasted one minute must still be seen in the picture of a month, so the time between the first
and the last point is cut into equal buckets, and each gives its lowest and its highest point in the order they happened.
"""

from __future__ import annotations

from collections.abc import Iterator

Sample = tuple[int, float]
"""(microseconds since 1970, value)."""


def buckets(first: int, last: int, points: int) -> Iterator[tuple[int, int]]:
    """Stretches [from, to) of equal length that cover first to last, both in them; two points each make at most `points`."""
    count = max(points // 2, 1)
    width = -(-(last - first + 1) // count)
    for start in range(first, last + 1, width):
        yield start, start + width


def extremes(lowest: Sample, highest: Sample) -> list[Sample]:
    """The two ends of a bucket in the order they happened; one where they are the same point."""
    if lowest[0] == highest[0]:
        return [lowest]
    return sorted((lowest, highest))
