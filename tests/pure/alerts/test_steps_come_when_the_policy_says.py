"""The arithmetic of escalation: which policy, which step, when, and over which way. No clock, no store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.escalation.builtin import Reach, built_in
from alerts.escalation.policy import Frozen, InForce, choose, freeze, thaw
from alerts.escalation.schemas import PolicySpec, Target
from alerts.escalation.ways import Way, is_available, usable_channels, way_to_address, ways_of
from alerts.outbox import pause_before, provider_of
from core.config import Settings

NOW = datetime(2028, 2, 29, 3, 0, tzinfo=UTC)
USABLE = frozenset({"sms", "voice", "apprise", "web_push", "webhook"})


def spec(*after: float, **more: Any) -> PolicySpec:
    steps = [{"after_seconds": one, "targets": [{"who": "fallback"}]} for one in after]
    return PolicySpec.model_validate({"code": "p", "name": "P", "severities": ["critical"], "steps": steps, **more})


def in_force(code: str, path: str | None, *severities: str) -> InForce:
    return InForce(Frozen(code, 1, spec(10, code=code, severities=severities or ("critical",))), path)


def test_every_step_counts_from_the_beginning_of_the_round() -> None:
    frozen = Frozen("p", 1, spec(0, 30, 30, 180, repeat_after_seconds=60))
    assert [(frozen.due_at(number, NOW) - NOW).total_seconds() for number in range(6)] == [0, 30, 30, 180, 240, 240]
    assert frozen.step(4) is None
    assert frozen.step(-1) is None


@given(st.lists(st.floats(0, 86400), min_size=1, max_size=20).map(sorted), st.integers(0, 25))
def test_a_later_step_is_never_due_before_an_earlier_one(after: list[float], number: int) -> None:
    frozen = Frozen("p", 1, spec(*after))
    assert frozen.due_at(number, NOW) <= frozen.due_at(number + 1, NOW)


@pytest.mark.parametrize(
    ("repeated", "critical", "goes_on", "pause"),
    [(0, True, True, 60), (0, False, True, 60), (1, True, True, 300), (1, False, False, 60), (99, True, True, 300)],
)
def test_only_what_is_not_critical_ever_ends(repeated: int, critical: bool, goes_on: bool, pause: float) -> None:
    frozen = Frozen("p", 1, spec(10, repeat=1, repeat_after_seconds=60), repeated=repeated)
    assert (frozen.goes_on(critical=critical), frozen.pause_seconds(critical=critical)) == (goes_on, pause)


def test_what_is_frozen_comes_back_as_it_was() -> None:
    frozen = Frozen("p", 3, spec(10, 20, repeat=2), cause="nobody_watching", repeated=1)
    assert thaw(freeze(frozen)) == frozen
    assert frozen.may_repeat
    assert not frozen.again().may_repeat
    assert thaw(None) is None
    assert thaw({}) is None
    with pytest.raises(ValueError, match="validation"):
        thaw({"code": "p", "version": 1, "spec": {}})


@pytest.mark.parametrize(
    ("path", "severity", "expected"),
    [
        ("/street/grid/", "critical", "grid"),
        ("/street/other/", "critical", "street"),
        ("/street/grid/", "high", "all"),
        (None, "critical", "all"),
        ("/streets/", "critical", "all"),
        (None, "low", None),
    ],
)
def test_the_nearest_policy_for_the_severity_holds(path: str | None, severity: str, expected: str | None) -> None:
    policies = [in_force("all", None, "critical", "high"), in_force("street", "/street/"), in_force("grid", "/street/grid/")]
    chosen = choose(policies, severity, path)
    assert (None if chosen is None else chosen.code) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {
            "steps": [
                {"after_seconds": 20, "targets": [{"who": "fallback"}]},
                {"after_seconds": 10, "targets": [{"who": "fallback"}]},
            ]
        },
        {"steps": [{"after_seconds": 20, "targets": []}]},
        {"severities": []},
        {"code": "With Space"},
        {"repeat": -1},
        {"unknown": 1},
    ],
)
def test_a_policy_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PolicySpec.model_validate(spec(10).model_dump() | wrong)
    with pytest.raises(ValidationError):
        Target(who="roster")


def test_the_built_in_policy_is_the_settings_in_order_of_time(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, second_centre_url="https://other", fallback_after_seconds=5)
    steps = built_in(settings, Reach(supervisors=True, contacts=True)).frozen.spec.steps
    assert [(step.after_seconds, step.targets[0].who) for step in steps] == [
        (5, "fallback"),
        (30, "role"),
        (60, "contacts"),
        (180, "second_centre"),
    ]
    alone = built_in(Settings(data_dir=tmp_path), Reach()).frozen
    assert [step.targets[0].who for step in alone.spec.steps] == ["fallback"]
    assert (alone.covers("critical"), alone.covers("high"), alone.covers("medium")) == (True, True, False)


def test_a_persons_ways_come_in_their_order_or_in_that_of_the_step() -> None:
    points = [Way("apprise", "a", 1), Way("voice", "v", 2), Way("sms", "s", 3), Way("web_push", "w", 4)]
    assert [way.address for way in ways_of(points, None, (), USABLE)] == ["a", "v", "s", "w"]
    assert [way.address for way in ways_of(points, None, ("sms", "apprise"), USABLE)] == ["s", "a"]
    assert [way.address for way in ways_of(points, "138", (), USABLE - {"voice"})] == ["a", "s", "w"]
    assert [way.address for way in ways_of(points, None, (), USABLE, aloud=False)] == ["a", "s", "w", "v"]
    assert [(way.channel, way.address) for way in ways_of([], "138", (), USABLE)] == [("voice", "138"), ("sms", "138")]
    assert [way.channel for way in ways_of([], "138", (), USABLE, aloud=False)] == ["sms", "voice"]
    assert ways_of([], "138", (), USABLE - {"sms", "voice"}) == ()


def test_calls_and_text_messages_are_used_only_where_somebody_set_them_up(tmp_path: Path) -> None:
    assert "sms" not in usable_channels(Settings(data_dir=tmp_path))
    assert {"sms", "apprise"} <= usable_channels(Settings(data_dir=tmp_path, sms_provider="generic", sms_url="https://sms"))
    assert way_to_address("https://other/duty").channel == "webhook"
    assert way_to_address("wecombot://key").channel == "apprise"


@pytest.mark.parametrize(
    ("windows", "at", "expected"),
    [
        (None, "2026-11-23T03:00", True),
        ([], "2026-11-23T03:00", True),
        ([{"days": [1], "from": "08:00", "to": "22:00"}], "2026-11-23T08:00", True),
        ([{"days": [1], "from": "08:00", "to": "22:00"}], "2026-11-23T22:00", False),
        ([{"days": [2], "from": "08:00", "to": "22:00"}], "2026-11-23T09:00", False),
        ([{"days": [7], "from": "22:00", "to": "06:00"}], "2026-11-23T05:59", True),
        ([{"days": [7], "from": "22:00", "to": "06:00"}], "2026-11-23T06:00", False),
        ([{"days": [1], "from": "22:00", "to": "06:00"}], "2026-11-23T05:59", False),
        ([{"from": "22:00", "to": "06:00"}], "2026-11-23T23:00", True),
        (["nonsense"], "2026-11-23T23:00", True),
        ([{"days": [1]}], "2026-11-23T23:00", True),
    ],
)
def test_in_doubt_a_contact_may_be_called(windows: list[Any] | None, at: str, expected: bool) -> None:
    assert is_available(windows, datetime.fromisoformat(at)) is expected


@given(st.integers(1, 5000), st.booleans())
def test_pauses_grow_to_their_limit_and_critical_ones_stay_short(attempt: int, critical: bool) -> None:
    pause = pause_before(attempt, critical=critical)
    assert timedelta(seconds=2) <= pause <= timedelta(seconds=15 if critical else 60)
    assert pause <= pause_before(attempt + 1, critical=critical)


def test_providers_are_told_apart_without_their_secrets() -> None:
    assert provider_of("sms", "13800000000") == "sms"
    assert provider_of("apprise", "wecombot://secret") == "apprise:wecombot://"
    assert provider_of("apprise", "json://user:pass@host:81/x?y") == "apprise:json://host:81"
    assert provider_of("webhook", "https://host/path") == "webhook:https://host"
    assert provider_of("web_push", "https://push.example/abc") == "web_push:https://push.example"
