"""A clock in 1970, in the future or in no calendar means receive time; both times are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.codecs import RECEIVED, RECEIVED_MS, child, from_native, from_zigbee

from core.clock import credible_instant

HOUR = 3_600_000


@pytest.mark.parametrize("ts", [0, 12345, RECEIVED_MS + HOUR, RECEIVED_MS // 1000, 10**18, -(10**15), 1e300, "soon", None, {}])
def test_a_reading_with_an_impossible_time_is_filed_under_receive_time(ts: object) -> None:
    decoded = from_native("telemetry", {"ts": ts, "values": {"heart_rate": 72}})
    assert [reading.at for reading in decoded.readings] == [RECEIVED]


@pytest.mark.parametrize("ts", [RECEIVED_MS - HOUR, str(RECEIVED_MS - HOUR), "2026-11-22T10:00:00+08:00"])
def test_a_reading_with_a_credible_time_keeps_it(ts: object) -> None:
    decoded = from_native("telemetry", {"ts": ts, "values": {"heart_rate": 72}})
    assert [reading.at for reading in decoded.readings] == [RECEIVED - timedelta(hours=1)]


def test_both_times_of_an_event_are_kept() -> None:
    signal = from_native("event", {"id": "1", "type": "sos.pressed", "ts": 1000}).signals[0]
    assert signal.device_at is not None
    assert signal.device_at.year == 1970
    assert credible_instant(signal.device_at, signal.received_at) == RECEIVED


def test_a_gateways_last_seen_is_the_time_of_what_it_tells() -> None:
    told = from_zigbee("t", {"temperature": 21, "last_seen": "2026-11-22T10:59:00+08:00"}, child("t", "environment"))
    assert [reading.at for reading in told.readings] == [RECEIVED - timedelta(minutes=1)]
    told = from_zigbee("t", {"temperature": 21, "last_seen": 5}, child("t", "environment"))
    assert [reading.at for reading in told.readings] == [RECEIVED]
