from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.verdict import NOTHING_HEARD_AFTER, HomeFacts, judge
from api.day import Happening, draw_lanes, sentence, usual_rhythm
from api.figures import answer_figures, percentile
from api.routes.messages import show_payload
from api.status import gauge_sum, merge_metrics
from api.status import judge as judge_processes
from api.views.incidents import masked
from api.views.people import age
from devices.model import Device

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WELL = HomeFacts(
    danger_open=False,
    devices=3,
    silent_devices=0,
    gateway_silent=False,
    last_seen_at=NOW,
    lowest_battery=80,
    watches_movement=True,
    last_movement_at=NOW,
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ("normal", "all_normal")),
        ({"last_seen_at": NOW - NOTHING_HEARD_AFTER - timedelta(seconds=1)}, ("unknown", "nothing_heard")),
        ({"last_seen_at": None}, ("unknown", "nothing_heard")),
        ({"silent_devices": 3}, ("unknown", "nothing_heard")),
        ({"gateway_silent": True, "silent_devices": 1}, ("unknown", "gateway_silent")),
        ({"devices": 0}, ("unknown", "no_devices")),
        ({"silent_devices": 1}, ("attention", "device_silent")),
        ({"last_movement_at": None}, ("attention", "no_movement")),
        ({"last_movement_at": None, "watches_movement": False}, ("normal", "all_normal")),
        ({"lowest_battery": 10}, ("attention", "battery_low")),
        ({"lowest_battery": None}, ("normal", "all_normal")),
        ({"danger_open": True, "last_seen_at": None, "gateway_silent": True}, ("incident", "incident_open")),
    ],
)
def test_stale_is_never_normal_and_the_worst_is_said_first(change: dict[str, Any], said: tuple[str, str]) -> None:
    assert judge(replace(WELL, **change), NOW) == said


def test_lanes_join_movement_and_close_what_was_open_at_the_beginning() -> None:
    start = NOW - timedelta(hours=2)

    def minutes(*numbers: int) -> list[datetime]:
        return [start + timedelta(minutes=number) for number in numbers]

    device = Device(id=1, name="sensor", room="bedroom", profile="motion")
    happenings = [Happening(1, "motion.seen", at) for at in minutes(10, 12, 40)]
    happenings += [
        Happening(1, "bed.left", start + timedelta(minutes=5)),
        Happening(1, "bed.entered", start + timedelta(minutes=90)),
    ]
    lanes = {lane.key: lane for lane in draw_lanes(sorted(happenings, key=lambda one: one.at), {1: device}, start, NOW)}
    assert [(span.start, span.end) for span in lanes["motion"].spans] == [
        (minutes(10)[0], minutes(17)[0]),
        (minutes(40)[0], minutes(45)[0]),
    ]
    assert [(span.start, span.end) for span in lanes["bed"].spans] == [(start, minutes(5)[0]), (minutes(90)[0], NOW)]
    assert lanes["bed"].name == "bedroom"


@pytest.mark.parametrize(
    ("profiles", "heard_hours_ago", "happened", "last_hours_ago", "code"),
    [
        (["motion"], 1, ["motion.seen"], 1, "moving"),
        (["motion"], 1, [], 50, "still"),
        (["motion"], 1, [], None, "never_moved"),
        (["motion"], 30, [], 50, "nothing_heard"),
        (["motion"], None, [], None, "nothing_heard"),
        (["sos-button"], 1, [], None, "no_devices"),
        ([], 1, [], None, "no_devices"),
    ],
)
def test_the_day_in_words_never_takes_a_button_that_is_heard_for_somebody_who_rests(
    profiles: list[str], heard_hours_ago: int | None, happened: list[str], last_hours_ago: int | None, code: str
) -> None:
    def ago(hours: int | None) -> datetime | None:
        return None if hours is None else NOW - timedelta(hours=hours)

    devices = [Device(id=1, profile=profile, last_seen_at=ago(heard_hours_ago)) for profile in profiles]
    devices.append(Device(id=2, profile="sos-button", last_seen_at=NOW))
    happenings = [Happening(1, kind, NOW - timedelta(hours=1)) for kind in happened]
    said = sentence(happenings, devices, [], (NOW, 24), ago(last_hours_ago))
    assert (said.code, said.last_movement_at) == (code, ago(last_hours_ago))


def test_the_usual_rhythm_is_the_mean_over_days_in_the_centres_time() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    first = datetime(2026, 11, 20, 23, tzinfo=UTC)  # 07:00 on the 21st in Shanghai
    usual = usual_rhythm({first: 4, first + timedelta(days=1): 2}, zone)
    assert usual[7].movement == 3
    assert sum(hour.movement for hour in usual) == 3
    assert usual_rhythm({}, zone) == []


def test_percentiles_are_of_people_who_waited_also_of_those_still_waiting() -> None:
    figures = answer_figures([5, 20, None], [100, 100, 500])
    assert (figures.within_15, figures.within_60, figures.total) == (1, 2, 3)
    assert figures.median_seconds == 20
    assert figures.percentile_99_seconds == 500
    assert percentile([], 50) is None
    assert percentile(list(range(1, 101)), 90) == 90


def test_a_process_that_does_not_answer_is_not_ready() -> None:
    good = {"process": "ingest-0", "ready": True, "checks": {"broker": "ok"}}
    assert judge_processes([good], 2) == {"ingest-0": "ok", "ingest-1": "does not answer", "pager": "does not answer"}
    assert judge_processes([good | {"checks": {"broker": "away"}}], 1)["ingest-0"] == "broker: away"
    assert judge_processes([good | {"ready": False}], 1)["ingest-0"] == "not ready"


def test_metrics_of_processes_are_told_apart() -> None:
    texts = {
        "a": "# HELP x_total X.\n# TYPE x_total counter\nx_total 1.0\n",
        "b": "# HELP x_total X.\n# TYPE x_total counter\nx_total 2.0\n",
    }
    merged = merge_metrics(texts).decode()
    assert 'x_total{process="a"} 1.0' in merged
    assert 'x_total{process="b"} 2.0' in merged
    assert merged.count("# TYPE x_total counter") == 1
    gauge = {"metrics": "# TYPE yinling_spool_bytes gauge\nyinling_spool_bytes 5.0\n"}
    assert gauge_sum([gauge, gauge, {}], "yinling_spool_bytes") == 10


@pytest.mark.parametrize(
    ("payload", "shown"),
    [(b"{}", ("{}", "text")), ("铃".encode(), ("铃", "text")), (b"\x00\x01", ("AAE=", "base64")), (b"\xff", ("/w==", "base64"))],
)
def test_payloads_are_shown_as_text_where_they_are(payload: bytes, shown: tuple[str, str]) -> None:
    assert show_payload(payload) == shown


def test_addresses_of_pages_keep_their_secrets() -> None:
    assert masked("mailto://me:secret@example.org") == "mailto://…"
    assert masked("nonsense") == "…"


def test_age_counts_birthdays() -> None:
    assert age(date(1940, 11, 22), date(2026, 11, 22)) == 86
    assert age(date(1940, 11, 23), date(2026, 11, 22)) == 85
