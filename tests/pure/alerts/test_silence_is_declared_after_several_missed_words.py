from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.facts import DeviceFacts
from alerts.findings import Condition
from alerts.rules.absence import Heard, heard_again, judge_silence

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
START = NOW - timedelta(days=1)
HUB = DeviceFacts(
    id=1, code="hub", home_id=7, profile="zigbee2mqtt-gateway", silence_seconds=900, created_at=NOW - timedelta(days=1)
)


def ago(**how_long: float) -> datetime:
    return NOW - timedelta(**how_long)


def test_a_device_seen_lately_is_looked_at_when_its_time_is_over() -> None:
    verdict = judge_silence(HUB, Heard(ago(minutes=10)), NOW)
    assert verdict.finding is None
    assert verdict.due_at == NOW + timedelta(minutes=5)


def test_a_device_not_seen_in_its_time_is_silent() -> None:
    verdict = judge_silence(HUB, Heard(ago(minutes=15)), NOW)
    assert verdict.finding is not None
    assert verdict.finding.condition is Condition.ON
    assert verdict.finding.lane == "fault"


def test_a_device_never_seen_counts_from_its_registration() -> None:
    assert judge_silence(HUB, Heard(None), NOW).finding is not None
    young = replace(HUB, created_at=ago(minutes=1))
    assert judge_silence(young, Heard(None), NOW).due_at == NOW + timedelta(minutes=14)


def test_silence_already_raised_is_not_raised_again() -> None:
    verdict = judge_silence(HUB, Heard(ago(hours=3)), NOW, active=True)
    assert verdict.finding is None
    assert verdict.due_at == NOW + timedelta(minutes=15)


def test_a_silent_gateway_makes_its_children_unknown_and_not_silent() -> None:
    assert judge_silence(HUB, Heard(ago(hours=3), parent_silent=True), NOW).finding is None


def test_a_child_gets_its_full_time_once_the_gateway_is_back() -> None:
    verdict = judge_silence(HUB, Heard(ago(hours=3), parent_back_at=ago(minutes=5)), NOW)
    assert verdict.finding is None
    assert verdict.due_at == NOW + timedelta(minutes=10)


def test_after_our_own_outage_nobody_is_silent_until_the_grace_is_over() -> None:
    verdict = judge_silence(HUB, Heard(ago(hours=3)), NOW, grace_until=NOW + timedelta(minutes=3))
    assert verdict.finding is None
    assert verdict.due_at == NOW + timedelta(minutes=3)
    assert judge_silence(HUB, Heard(ago(hours=3)), NOW, grace_until=NOW).finding is not None


def test_a_model_that_promises_no_heartbeat_is_never_silent() -> None:
    verdict = judge_silence(replace(HUB, silence_seconds=None), Heard(None), NOW)
    assert (verdict.finding, verdict.due_at) == (None, None)


def test_being_heard_again_clears_the_same_alert() -> None:
    raised = judge_silence(HUB, Heard(None), NOW).finding
    assert raised is not None
    assert heard_again(HUB, NOW).key == raised.key
    assert heard_again(HUB, NOW).condition is Condition.OFF
