"""The arithmetic of pictures: never more points than asked for, nothing outside a bucket, extremes in order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from timeseries.sampling import buckets, extremes

INSTANTS = st.integers(-(10**15), 10**16)


@given(first=INSTANTS, length=st.integers(0, 10**14), points=st.integers(1, 10_000))
def test_buckets_cover_first_to_last_without_gap_or_overlap_and_give_at_most_the_points(
    first: int, length: int, points: int
) -> None:
    last = first + length
    stretches = list(buckets(first, last, points))
    assert stretches[0][0] == first
    assert stretches[-1][0] <= last < stretches[-1][1]
    assert all(stretch[1] == following[0] for stretch, following in pairwise(stretches))
    assert 2 * len(stretches) <= max(points, 2)


@given(a=st.tuples(INSTANTS, st.floats(allow_nan=False)), b=st.tuples(INSTANTS, st.floats(allow_nan=False)))
def test_extremes_come_in_the_order_they_happened(a: tuple[int, float], b: tuple[int, float]) -> None:
    kept = extremes(a, b)
    assert [sample[0] for sample in kept] == sorted({a[0], b[0]})
