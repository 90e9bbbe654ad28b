"""Lines and events as nats-server 2.15 writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.log_tail import LogTail
from ingest.refusals import RefusalReason
from ingest.watch_events import (
    Crowd,
    Repetition,
    Seen,
    read_log_line,
    seen_in_disconnect,
    seen_in_failed_sign_in,
    seen_in_log,
)

HEAD = "[9375] 2026/11/22 22:34:17.614819 [ERR] 127.0.0.1:60311 - mid:64 - "


def said(line: str) -> Seen | None:
    read = read_log_line(line)
    return seen_in_log(read) if read is not None else None


def test_a_publication_on_anothers_topic_is_grave() -> None:
    assert said(HEAD + '"yl-dev-1" - Publish Violation - Subject "part.1.alarm.yl.v1.home-2.dev-2.event"') == Seen(
        "yl-dev-1", RefusalReason.FOREIGN_TOPIC, "publish part.1.alarm.yl.v1.home-2.dev-2.event", grave=True
    )


def test_a_publication_outside_our_topics_is_told_but_not_grave() -> None:
    seen = said(HEAD + '"yl-gw-1" - Publish Violation - Subject "homeassistant.sensor.x.config"')
    assert seen is not None
    assert not seen.grave


def test_a_refused_subscription_is_told_but_not_grave() -> None:
    assert said(HEAD + '"yl-dev-1" - Subscription Violation - Subject "yl.v1.a.b.receipt", SID yl.v1.a.b.receipt') == Seen(
        "yl-dev-1", RefusalReason.FOREIGN_TOPIC, "subscribe yl.v1.a.b.receipt"
    )


def test_a_client_of_mqtt_5_is_told_by_its_address() -> None:
    assert said(HEAD + '"" - unacceptable protocol version of 5') == Seen(
        "127.0.0.1", RefusalReason.UNSUPPORTED_PROTOCOL, "MQTT protocol level 5"
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[9375] 2026/11/22 22:34:17.24 [WRN] Plaintext passwords detected, use nkeys or bcrypt",
        '[9375] 2026/11/22 22:34:17.24 [INF] 127.0.0.1:1 - mid:6 - "x" - Publish Violation - Subject "part.0"',
        HEAD + r'"x\" - Publish Violation - Subject \"part.0" - authentication error - User "x"',
        HEAD + '"yl-dev-1" - character not supported for MQTT topics',
    ],
)
def test_other_lines_and_names_that_imitate_one_are_no_refusals(line: str) -> None:
    assert said(line) is None


def event(reason: str, user: str = "dev-1", account: str = "YL") -> dict[str, Any]:
    return {"client": {"acc": account, "user": user, "client_id": f"yl-{user}", "host": "10.0.0.7"}, "reason": reason}


def test_a_throw_out_carries_the_cause_from_the_log() -> None:
    assert seen_in_disconnect(event("Protocol Violation"), "character not supported for MQTT topics") == Seen(
        "dev-1", RefusalReason.THROWN_OUT, "Protocol Violation: character not supported for MQTT topics"
    )


@pytest.mark.parametrize(
    "cause",
    [
        'unable to connect: loading session record: timeout after 5.000529514s: request type "ML" on "$JS.API.STREAM.MSG.GET"',
        'unable to connect: lookup sessions stream for account "YL": timeout after 5s: request type "SL"',
        'timeout after 5.0s: request type "MP" on "$MQTT.msgs.yl.v1.home-1.dev-1.event"',
        'unable to persist session "yl-dev-1" (seq=4): no responders',
        "JetStream system temporarily unavailable (10008)",
    ],
)
def test_a_broker_that_could_not_serve_a_device_does_not_blame_the_device(cause: str) -> None:
    """Seen when a node of a cluster died: every home's device would be called faulty after the third time."""
    seen = seen_in_disconnect(event("Protocol Violation"), cause)
    assert seen is not None
    assert seen.reason is RefusalReason.NOT_READY


def test_a_throw_out_whose_cause_nobody_could_read_is_unexplained() -> None:
    unread = seen_in_disconnect(event("Protocol Violation"), None)
    assert unread == Seen("dev-1", RefusalReason.THROWN_OUT, "Protocol Violation", unexplained=True)
    slow = seen_in_disconnect(event("Slow Consumer (Write Deadline)"), None)
    assert slow is not None
    assert not slow.unexplained


def test_what_happens_to_several_at_once_is_nothing_one_of_them_did() -> None:
    crowd = Crowd(10.0)
    assert [crowd.note("dev-1", at) for at in (0.0, 5.0, 100.0)] == [False, False, False], "alone"
    assert crowd.note("dev-2", 105.0)
    assert crowd.note("dev-1", 115.0)
    assert not crowd.note("dev-1", 116.0)


@pytest.mark.parametrize("reason", ["Client Closed", "Stale Connection", "Server Shutdown", "Read Error"])
def test_ordinary_ends_are_nobodys_fault(reason: str) -> None:
    assert seen_in_disconnect(event(reason), None) is None


def test_a_taken_over_client_id_is_told() -> None:
    seen = seen_in_disconnect(event("Duplicate Client ID"), None)
    assert seen is not None
    assert seen.reason is RefusalReason.TAKEN_OVER


def test_our_own_users_and_the_outside_account_are_not_devices() -> None:
    assert seen_in_disconnect(event("Protocol Violation", user="ingest"), None) is None
    assert seen_in_disconnect(event("Protocol Violation", account="$G"), None) is None
    assert seen_in_disconnect({}, None) is None


def test_only_attempts_on_our_own_users_are_told_from_failed_sign_ins() -> None:
    assert seen_in_failed_sign_in(event("Authentication Failure")) is None
    attempt = seen_in_failed_sign_in(event("Authentication Failure", user="ingest"))
    assert attempt is not None
    assert attempt.grave


def test_repetition_is_told_by_number_and_time() -> None:
    repetition = Repetition(3, 600)
    assert [repetition.note("a", at) for at in (0, 500, 601, 700, 1000)] == [False, False, False, True, True]
    assert not repetition.note("b", 1000)


def test_repetition_forgets_the_oldest_client_first() -> None:
    repetition = Repetition(2, 600, most=2)
    for client in ("a", "b", "c"):
        repetition.note(client, 0)
    assert not repetition.note("a", 1)
    assert repetition.note("c", 1)


def test_the_tail_begins_at_the_end_and_follows_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "nats.log"
    path.write_text("old\n")
    tail = LogTail(path)
    assert tail.poll() == []
    with path.open("a") as file:
        file.write("one\ntw")
    assert tail.poll() == ["one"]
    with path.open("a") as file:
        file.write("o\nlast before rotation\n")
    path.rename(tmp_path / "nats.log.1")
    assert tail.poll() == ["two", "last before rotation"]
    assert tail.poll() == []
    path.write_text("first after rotation\n")
    assert tail.poll() == ["first after rotation"]
    path.write_text("cut\n")
    assert tail.poll() == ["cut"]
    tail.close()


def test_a_log_that_appears_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "nats.log")
    assert tail.poll() == []
    (tmp_path / "nats.log").write_text("first\n")
    assert tail.poll() == ["first"]
    tail.close()
