"""The kill matrix: for every named moment of death, what drives a real process there and what must be so afterwards.

One centre serves any number of deaths: its processes look into the file that `YINLING_FAILPOINT=@FILE` names, and the next
reach of the point written there kills that process with SIGKILL and takes the file away.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from support.centre import Centre, Credentials, running_centre
from support.databases import change
from support.device import Button, button
from support.live import live_stream
from support.paging import PageSink, page_sink
from support.processes import PATIENCE_SECONDS, until
from support.store import rows

from alerts.presence import PRESENCE_LASTS, is_watched
from core.clock import SystemClock
from core.database import Database

# Nothing but what a case drives may reach a point: the clocks of incidents and the probe stand still.
QUIET: Mapping[str, Any] = {
    "ring_again_seconds": 3600,
    "fallback_after_seconds": 3600,
    "claim_expires_seconds": 3600,
    "probe_interval_seconds": 3600,
}
REDELIVERED_SECONDS = 25.0
"""The broker's ack_wait, a restart, and room for a busy machine."""


@dataclass
class Stage:
    """A centre whose processes can be armed, and what the cases need of it."""

    centre: Centre
    armed: Path
    sink: PageSink
    point: str = ""
    kills: int = 0
    _armed_pid: int = 0

    def die(self, point: str) -> int:
        """Drive a process to its death at this point, look what is true afterwards, and say how many pages went out again by it."""
        self.point, before, sent_again = point, self.kills, _repeated_pages(self.sink)
        CASES[point](self)
        assert self.kills == before + 1
        # Wherever a pager dies, one of its threads may have sent what it did not come to write down.
        assert _repeated_pages(self.sink) <= self.kills, f"{self.sink.pages[-9:]}\n{self.centre.said()[-6000:]}"
        return _repeated_pages(self.sink) - sent_again

    def arm(self, child: str) -> None:
        """From now on the point kills this process; another that comes by lives."""
        self._armed_pid = self.centre.pids()[child]
        aside = self.armed.with_suffix(".new")
        aside.write_text(f"{self.point} {self._armed_pid}")
        aside.replace(self.armed)

    def wait_killed(self, child: str, seconds: float = PATIENCE_SECONDS, *, ready: bool = True) -> None:
        """Until the point was reached and the supervisor has put another process in its place, which works."""
        until(lambda: not self.armed.exists(), seconds, lambda: f"nobody reached {self.point}\n{self.centre.said()[-3000:]}")
        self.kills += 1
        self.centre.wait_restarted(child, self._armed_pid, ready=ready)


@contextmanager
def stage(tmp_path: Path, backend: str | None = None) -> Iterator[Stage]:
    """A quiet centre that nobody watches, with nothing armed."""
    armed = tmp_path / "armed"
    with page_sink() as sink:
        settings = {**QUIET, "fallback_urls": sink.url, "failpoint": f"@{armed}"}
        with running_centre(tmp_path, expect_errors={"chore_failed"}, backend=backend, **settings) as centre:
            _let_the_first_probe_pass(centre)
            yield Stage(centre, armed, sink)


def _let_the_first_probe_pass(centre: Centre) -> None:
    until(
        lambda: [run for run in centre.get("/probe")["items"] if run["outcome"] != "sent"],
        what="the first probe",
        every_seconds=0.1,
    )


# ---- what drives a process to its point, and what is true afterwards


def press_once(on: Stage) -> None:
    """A press the broker confirmed, sent once and never repeated, opens exactly one incident; a repeat opens no second."""
    home = on.centre.home()
    with button(on.centre.device(home)) as device:
        on.arm("ingest-0")
        event_id = device.new_id()
        device.publish_event(event_id)
        device.wait_acknowledged(event_id)
        on.wait_killed("ingest-0")
        incident = on.centre.wait_incident(home, REDELIVERED_SECONDS)
        _wait_all_acknowledged(on.centre)
        assert device.press(event_id=event_id)["incident"] == incident["id"]
    _assert_one_incident(on.centre, home)


def _assert_one_incident(centre: Centre, home: str) -> None:
    found = centre.incidents(home, state="all")
    assert len(found) == 1, found
    assert len(found[0]["alerts"]) == 1, found[0]["alerts"]
    timeline = centre.get(f"/incidents/{found[0]['id']}")["timeline"]
    assert [entry["act"] for entry in timeline].count("opened") == 1, timeline


def _wait_all_acknowledged(centre: Centre) -> None:
    """Until the broker holds nothing back for the worker any more, so that a late redelivery is part of the round."""
    until(lambda: pending_messages(centre) == 0, REDELIVERED_SECONDS, lambda: f"{pending_messages(centre)} unacknowledged", 0.1)


def pending_messages(centre: Centre) -> int:
    """What the broker keeps for ingest: not yet delivered, or delivered and not acknowledged."""
    port = centre.run["ports"]["nats_monitor"]
    answer = httpx.get(f"http://127.0.0.1:{port}/jsz", params={"consumers": "true", "accounts": "true"}, timeout=5).json()
    return sum(
        consumer["num_pending"] + consumer["num_ack_pending"]
        for account in answer.get("account_details", [])
        for stream in account.get("stream_detail") or []
        if stream["name"] == "$MQTT_msgs"
        for consumer in stream.get("consumer_detail") or []
    )


def measure_while_the_store_refuses(on: Stage) -> None:
    """Every reading the broker confirmed is in the store in the end, once, whatever became of the spool."""
    home = on.centre.home()
    credentials = on.centre.device(home, "vitals")
    start_ms = int(time.time() * 1000) - 600_000
    sent = {start_ms + serial * 1000: 60.0 + serial for serial in range(20)}
    with button(credentials) as device:
        device.publish("telemetry", {"ts": start_ms - 1000, "values": {"heart_rate": 59}}).wait_for_publish(10)
        with readings_store_locked(on.centre):
            if on.point != "spool.after_drain":
                on.arm("ingest-0")
            for at_ms, value in sent.items():
                device.publish("telemetry", {"ts": at_ms, "values": {"heart_rate": value}}).wait_for_publish(10)
            if on.point == "spool.after_drain":
                _wait_all_acknowledged(on.centre)
                on.arm("ingest-0")
            else:
                on.wait_killed("ingest-0", 40, ready=False)  # rightly not ready while a store refuses
        if on.point == "spool.after_drain":
            on.wait_killed("ingest-0", 60)
    sent[start_ms - 1000] = 59.0
    until(lambda: readings_of(on.centre, credentials) == sent, 60, lambda: f"{readings_of(on.centre, credentials)}", 0.2)


@contextmanager
def readings_store_locked(centre: Centre) -> Iterator[None]:
    """The readings' file is somebody else's to write."""
    with closing(sqlite3.connect(centre.data_dir / "readings.db", isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def readings_of(centre: Centre, device: Credentials, metric: str = "heart_rate") -> dict[int, float]:
    """What the store holds of a device: epoch milliseconds to value."""
    now = datetime.now(UTC)
    window: dict[str, Any] = {"from": (now - timedelta(hours=2)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
    answer = centre.get(f"/devices/{device.id}/readings", metric=metric, points=5000, **window)
    return {round(datetime.fromisoformat(item["at"]).timestamp() * 1000): item["value"] for item in answer["items"]}


def act_on_an_incident(on: Stage) -> None:
    """An act is either wholly done or not at all; done, its change reaches a page that resumes; undone, it can be done."""
    home = on.centre.home()
    incident_id = on.centre.post("/incidents", {"home": home, "kind": "phone_call", "note": "来电"})["id"]
    with live_stream(on.centre.api) as before:
        place = before.last_event_id
    on.arm("api")
    with suppress(httpx.TransportError):
        on.centre.api.post(f"/api/v1/incidents/{incident_id}/acknowledge", json={})
    on.wait_killed("api")
    detail = on.centre.get(f"/incidents/{incident_id}")
    told = [entry["act"] for entry in detail["timeline"]].count("acknowledged")
    if on.point == "incident.before_commit":
        assert (detail["state"], told) == ("open", 0)
        assert on.centre.post(f"/incidents/{incident_id}/acknowledge")["state"] == "acknowledged"
    else:
        assert (detail["state"], told) == ("acknowledged", 1)
        with live_stream(on.centre.api, last_event_id=place) as resumed:
            resumed.wait(
                lambda event: event.data.get("incident", {}).get("state") == "acknowledged", what="the act, after resuming"
            )


def tell_the_device(on: Stage) -> None:
    """The receipt a person's act caused reaches the device, if need be twice, and then no more."""
    home = on.centre.home()
    with button(on.centre.device(home)) as device:
        event_id = device.new_id()
        incident_id = device.press(event_id=event_id)["incident"]
        on.arm("ingest-0")
        on.centre.post(f"/incidents/{incident_id}/acknowledge")
        on.wait_killed("ingest-0")
        _assert_outbox_is_empty(on.centre)
        until(lambda: "seen" in device.statuses(event_id), what=lambda: str(device.statuses(event_id)))
        on.centre.post(f"/incidents/{incident_id}/release")
        until(lambda: device.statuses(event_id)[-1] == "accepted", what=lambda: str(device.statuses(event_id)))
        assert device.statuses(event_id).count("seen") in {1, 2}


def _assert_outbox_is_empty(centre: Centre) -> None:
    def unsent() -> int:
        return int(rows(centre, "SELECT count(*) FROM receipts WHERE sent_at IS NULL")[0][0])

    until(lambda: unsent() == 0, what=lambda: f"{unsent()} receipts unsent")


def page_the_fallback(on: Stage) -> None:
    """A page nobody saw sent goes out again, at most once a death; the timeline tells of it once."""
    home = on.centre.home()
    until(lambda: not _is_watched(on.centre), PRESENCE_LASTS.total_seconds() + 5, "the stream of a case before forgotten", 0.2)
    before = _repeated_pages(on.sink)
    with button(on.centre.device(home)) as device:
        on.arm("pager")
        incident_id = device.press()["incident"]
        on.wait_killed("pager")

    def paged() -> list[Mapping[str, Any]]:
        timeline = on.centre.get(f"/incidents/{incident_id}")["timeline"]
        return [entry for entry in timeline if entry["act"] == "paged"]

    until(paged, 90, lambda: f"the page\n{on.centre.said()[-3000:]}", 0.2)
    assert len(paged()) == 1

    until(lambda: _pages_about(on.sink, home), what=lambda: str(on.sink.texts()[-5:]))
    if on.point == "pager.after_send":
        # Perhaps not this home's: a page of the case before may have been under way and met the death first.
        until(lambda: _repeated_pages(on.sink) > before, 90, lambda: f"no page went out again: {on.sink.texts()[-5:]}", 0.2)
    assert _repeated_pages(on.sink) <= before + 1, f"{on.sink.pages[-9:]}\n{on.centre.said()[-6000:]}"


def _is_watched(centre: Centre) -> bool:
    with closing(Database(centre.database_url)) as database, database.snapshot() as session:
        return is_watched(session, SystemClock().now())


def wait_for_what_does_not_come(on: Stage) -> None:
    """A door opened and nobody back: the rule that waited raises one alarm, whenever its worker dies."""
    _make_the_door_rule(on.centre)
    home = on.centre.home()
    with button(on.centre.device(home, "door")) as door:
        until(lambda: _waits_for_the_door(on.centre, home) or _open(door), what="the new rule in force", every_seconds=0.5)
        on.arm("ingest-0")
        on.wait_killed("ingest-0", 40)
    incident = on.centre.wait_incident(home, 60)
    assert [alert["rule"] for alert in incident["alerts"]] == [DOOR_RULE]
    until(lambda: not _waits_for_the_door(on.centre, home), what="the timer gone", every_seconds=0.2)
    _assert_one_incident(on.centre, home)


DOOR_RULE = "door_of_tests"


def _make_the_door_rule(centre: Centre) -> None:
    spec = {
        "kind": "sequence",
        "code": DOOR_RULE,
        "name": {"zh": "开门未归", "en": "Out and not back"},
        "severity": "high",
        "raises": "wandering",
        "first": {"signals": ["door.opened"]},
        "then": {"signals": ["motion.seen"]},
        "expected": False,
        "within_seconds": 5,
    }
    if centre.api.get(f"/api/v1/rules/{DOOR_RULE}").status_code == httpx.codes.NOT_FOUND:
        answer = centre.api.put(f"/api/v1/rules/{DOOR_RULE}", json={"spec": spec})
        assert answer.is_success, answer.text


def _waits_for_the_door(centre: Centre, home: str) -> bool:
    timers = "SELECT count(*) FROM rule_timers WHERE rule = ? AND home_id = (SELECT id FROM homes WHERE code = ?)"
    return bool(rows(centre, timers, (DOOR_RULE, home)) != [(0,)])


def _open(door: Button) -> bool:
    """Once more: a worker that has not heard of the change of rules yet waits for nothing."""
    door.publish_event(door.new_id(), "door.opened")
    return False


def repair_a_silent_incident(on: Stage) -> None:
    """An incident that lost its clock gets it back once, and the system says so in an incident of its own."""
    home = on.centre.home()
    with button(on.centre.device(home)) as device:
        incident_id = device.press()["incident"]
    change(on.centre.database_url, "UPDATE incidents SET ring_due_at = NULL WHERE id = :id", id=incident_id)
    on.arm("pager")
    on.wait_killed("pager", 60)

    def rings() -> bool:
        return rows(on.centre, "SELECT ring_due_at FROM incidents WHERE id = ?", (incident_id,))[0][0] is not None

    until(rings, what="the clock", every_seconds=0.2)
    told = rows(on.centre, "SELECT count(*) FROM timeline WHERE incident_id = ? AND act = 'repaired'", (incident_id,))
    assert told == [(1,)]
    assert rows(on.centre, "SELECT count(*) FROM incidents WHERE lane = 'system:auditor' AND state = 'open'") == [(1,)]


def _repeated_pages(sink: PageSink) -> int:
    """How many pages were words already sent; each has a link of its own."""
    words = Counter("\n".join(line for line in text.splitlines() if "http" not in line) for text in sink.texts())
    return sum(number - 1 for number in words.values())


def _pages_about(sink: PageSink, home: str) -> list[str]:
    return [text for text in sink.texts() if home in text]


CASES: Mapping[str, Callable[[Stage], None]] = {
    "ingest.received": press_once,
    "ingest.decoded": press_once,
    "ingest.before_commit": press_once,
    "ingest.after_commit": press_once,
    "ingest.after_receipt": press_once,
    "ingest.after_readings": press_once,
    "ingest.after_acknowledge": press_once,
    "timers.before_commit": wait_for_what_does_not_come,
    "timers.after_commit": wait_for_what_does_not_come,
    "spool.before_append": measure_while_the_store_refuses,
    "spool.after_append": measure_while_the_store_refuses,
    "spool.after_drain": measure_while_the_store_refuses,
    "incident.before_commit": act_on_an_incident,
    "incident.after_commit": act_on_an_incident,
    "incident.after_hint": act_on_an_incident,
    "receipts.after_send": tell_the_device,
    "escalation.before_commit": page_the_fallback,
    "escalation.after_commit": page_the_fallback,
    "auditor.after_repair": repair_a_silent_incident,
    "pager.after_claim": page_the_fallback,
    "pager.after_send": page_the_fallback,
    "pager.after_record": page_the_fallback,
}
"""Every point of `core.failpoints.POINTS` and the case that dies there."""

ANYWHERE = frozenset({"store.before_commit", "store.after_commit", "pager.before_send"})
"""Points of every write and every send: `support.deaths` dies at each reach of them, scene by scene."""

__all__ = ["ANYWHERE", "CASES", "Stage", "pending_messages", "readings_of", "readings_store_locked", "stage"]
