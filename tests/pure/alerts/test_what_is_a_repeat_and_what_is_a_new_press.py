from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.findings import Condition, EventKey
from alerts.repeats import Prior, came_before, echo_window, is_repeat, stored_key

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=10)


def event(*, own: bool = True, retained: bool = False, redelivered: bool = False, device_at: datetime | None = None) -> EventKey:
    return EventKey(1, "e1", own, "sos.pressed", {}, device_at, NOW, retained, redelivered)


def seen(seconds_ago: float, *, incident_open: bool = False) -> Prior:
    return Prior(NOW - timedelta(seconds=seconds_ago), incident_open)


@pytest.mark.parametrize(
    ("seconds_ago", "incident_open", "repeat"),
    [(0, False, True), (600, False, True), (601, False, False), (86400, True, True)],
)
def test_an_own_id_repeats_within_the_window_or_while_its_incident_is_open(
    seconds_ago: float, *, incident_open: bool, repeat: bool
) -> None:
    assert is_repeat(event(), Condition.MOMENTARY, seen(seconds_ago, incident_open=incident_open), WINDOW) is repeat


@pytest.mark.parametrize(
    ("seconds_ago", "redelivered", "repeat"), [(2, False, True), (4, False, False), (59, True, True), (61, True, False)]
)
def test_without_an_id_only_echoes_and_redeliveries_repeat(seconds_ago: float, *, redelivered: bool, repeat: bool) -> None:
    told = event(own=False, redelivered=redelivered)
    assert is_repeat(told, Condition.MOMENTARY, seen(seconds_ago, incident_open=True), WINDOW) is repeat


def test_a_reported_state_without_an_id_is_judged_by_the_alert_and_not_by_its_words() -> None:
    assert not is_repeat(event(own=False), Condition.ON, seen(1), WINDOW)


def test_old_news_of_a_known_key_is_a_repeat_however_old() -> None:
    assert is_repeat(event(retained=True), Condition.ON, seen(10**6), WINDOW)


def test_a_first_arrival_repeats_nothing() -> None:
    assert not is_repeat(event(), Condition.MOMENTARY, None, WINDOW)


def test_only_a_redelivered_event_can_have_come_before() -> None:
    at = NOW - timedelta(seconds=5)
    assert not came_before(event(), at)
    assert came_before(event(redelivered=True), at)
    assert came_before(event(redelivered=True, device_at=at - timedelta(hours=2)), at)
    assert not came_before(event(redelivered=True, device_at=at + timedelta(seconds=1)), at)
    # A clock that stands in 1970 says nothing of order.
    assert came_before(event(redelivered=True, device_at=datetime(1970, 1, 1, tzinfo=UTC)), at)


def test_a_key_no_database_stores_becomes_a_digest() -> None:
    assert stored_key("17") == "17"
    for odd in ("x" * 201, "a\x00b", "\ud800"):
        assert stored_key(odd).startswith("sha256:")
        assert len(stored_key(odd)) <= 200
    assert stored_key("x" * 201) != stored_key("x" * 202)


def test_an_echo_in_other_words_is_believed_only_without_an_id() -> None:
    told = EventKey(
        1, "e", has_own_id=False, type="sos.pressed", data={"echo_within_seconds": 3.0}, device_at=None, received_at=NOW
    )
    assert echo_window(told) == timedelta(seconds=3)
    assert echo_window(event()) is None
    for nonsense in (True, "3", None):
        odd = EventKey(1, "e", has_own_id=False, type="t", data={"echo_within_seconds": nonsense}, device_at=None, received_at=NOW)
        assert echo_window(odd) is None
