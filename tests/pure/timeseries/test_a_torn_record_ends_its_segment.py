"""Records of the spool: what was packed is unpacked, and what a death or a disk tore is never believed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.readings import readings

from timeseries.ports import StoredReading
from timeseries.segments import pack, unpack

ONE = st.builds(
    StoredReading,
    home_id=st.integers(0, 2**40),
    device_id=st.integers(0, 2**40),
    metric=st.sampled_from(["heart_rate", "spo2", "temperature"]),
    at=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 the strategy adds it
    value=st.floats(allow_nan=False, allow_infinity=False),
)


@given(batches=st.lists(st.lists(ONE, min_size=1, max_size=5), max_size=5))
def test_what_was_packed_is_unpacked(batches: list[list[StoredReading]]) -> None:
    assert unpack(b"".join(pack(batch) for batch in batches), "s") == batches


@pytest.mark.parametrize("kept", range(0, 120, 7))
def test_a_record_cut_short_is_left_out_and_those_before_it_are_not(kept: int) -> None:
    whole, torn = pack(readings(3)), pack(readings(3, start=10))
    assert unpack(whole + torn[: min(kept, len(torn) - 1)], "s") == [readings(3)]


@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_spoilt_byte_is_never_believed(position: int, flip: int) -> None:
    first, second = pack(readings(4)), pack(readings(4, start=10))
    data = bytearray(first + second)
    spoilt = position % len(data)
    data[spoilt] ^= flip
    believed = unpack(bytes(data), "s")
    # The count in the header is not covered by the checksum: it only ever says how many were lost.
    harmless = spoilt % len(first) in range(8, 12)
    assert believed in ([], [readings(4)]) or (harmless and believed == [readings(4), readings(4, start=10)])
