"""Through a real uvicorn: what commits reaches whoever may see it at once, and a reader that comes back misses nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from support.api_town import Served, Town
from support.live import hang_up
from support.processes import PATIENCE_SECONDS, until

from alerts.changes import read_changes
from alerts.model import Incident, OperatorPresence, ProbeRun
from alerts.presence import PRESENCE_LASTS, is_watched
from api.live import hub as hub_module
from api.live.events import render
from people.model import Resident, Role
from people.rights import Caller, Scope


class Reader:
    """A live stream read in the background; waits by condition."""

    def __init__(self, response: httpx.Response) -> None:
        self.events: list[tuple[str, int | None, dict[str, Any]]] = []
        self.ended = threading.Event()
        self._changed = threading.Condition()
        self._response = response
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        event, sequence, data = "", None, ""
        try:
            for line in self._response.iter_lines():
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("id: "):
                    sequence = int(line[4:])
                elif line.startswith("data: "):
                    data = line[6:]
                elif not line and event:
                    with self._changed:
                        self.events.append((event, sequence, json.loads(data)))
                        self._changed.notify_all()
                    event, sequence, data = "", None, ""
        except (httpx.HTTPError, httpx.StreamError):
            pass
        self.ended.set()

    def wait(self, name: str, count: int = 1, seconds: float = PATIENCE_SECONDS) -> list[dict[str, Any]]:
        with self._changed:
            found = self._changed.wait_for(lambda: len(self.named(name)) >= count, seconds)
        assert found, f"no {name} among {[event for event, _, _ in self.events]}"
        return self.named(name)

    def named(self, name: str) -> list[dict[str, Any]]:
        return [data for event, _, data in self.events if event == name]


@contextmanager
def reading(client: httpx.Client, last: int | str | None = None, query: str = "") -> Iterator[Reader]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with client.stream("GET", f"/api/v1/live{query}", headers=headers, timeout=30) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        reader = Reader(response)
        reader.wait("hello")
        yield reader
        hang_up(response)


def test_an_incident_reaches_the_screen_by_its_commit_and_waits_for_no_look(
    town: Town, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(served("operator")) as reader:
        monkeypatch.setattr(hub_module, "POLL_SECONDS", 3600)
        for number in range(1, 11):  # the first may still come by a look that was under way
            town.incident("h-north")
            reader.wait("incident.opened", number)
        opened = reader.named("incident.opened")[0]
        assert opened["incident"]["home"] == "h-north"
        assert opened["sequence"] == reader.events[-10][1]


def test_each_person_hears_of_what_they_may_see_and_of_nothing_else(town: Town, served: Served) -> None:
    with reading(served("operator")) as operator, reading(served("family")) as family, reading(served("installer")) as installer:
        town.incident("h-south")
        drill = town.incident("h-north", drill=True)
        seen = town.incident("h-north")
        assert [data["incident"]["id"] for data in operator.wait("incident.opened", 3)][1:] == [drill, seen]
        assert [data["incident"]["id"] for data in family.wait("incident.opened")] == [seen]
        renamed = served("supervisor").patch(f"/api/v1/devices/{town.devices['h-north']}", json={"name": "new"})
        assert renamed.status_code == 200, renamed.text
        assert operator.wait("device.changed")[0]["device"]["values"].keys() == {"heart_rate", "battery"}
        assert installer.wait("device.changed")[0]["device"]["values"].keys() == {"battery"}
        assert installer.named("incident.opened") == []


def test_an_event_carries_an_age_only_to_whoever_may_see_the_resident(town: Town) -> None:
    with town.deps.database.transaction() as session:
        session.get_one(Resident, town.residents["h-south"]).birth_date = date(1940, 1, 1)
    incident = town.incident("h-south")
    with town.deps.database.transaction() as session:
        session.get_one(Incident, incident).responder_id = town.users["responder"]
    with town.deps.database.snapshot() as session:
        [event] = render(session, read_changes(session, 0, 100), town.clock.now(), ZoneInfo("Asia/Shanghai"))

    def age(caller: Caller) -> int | None:
        frame = event.frame_for(caller)
        assert frame is not None
        found: int | None = json.loads(frame.split(b"data: ", 1)[1].split(b"\n", 1)[0])["incident"]["resident_age"]
        return found

    responder = Caller(
        town.users["responder"], "responder", "Responder", Role.RESPONDER, Scope(whole_centre=False, area_paths=("/north/",))
    )
    assert age(Caller(1, "operator", "Operator", Role.OPERATOR, Scope(whole_centre=True))) == town.clock.now().year - 1940
    assert age(responder) is None
    assert age(responder.sent_to(frozenset({town.home_id("h-south")}))) is not None


def test_a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice(town: Town, served: Served) -> None:
    client = served("operator")
    with reading(client) as first:
        start = first.named("hello")[0]["sequence"]
    missed = [town.incident("h-north"), town.incident("h-south")]
    with reading(client, start) as second:
        town.incident("h-north")
        ids = [data["incident"]["id"] for data in second.wait("incident.opened", 3)]
        assert ids[:2] == missed
        assert len(set(ids)) == 3
        sequences = [sequence or 0 for event, sequence, _ in second.events if event.startswith("incident")]
        assert sequences == sorted(set(sequences))


def test_a_reader_cut_off_before_it_got_what_it_missed_keeps_its_place(town: Town, served: Served) -> None:
    client = served("operator")
    with reading(client) as first:
        start = first.events[0][1]
    town.incident("h-north")
    with reading(client, start) as second:
        second.wait("incident.opened")
        places = [sequence for _, sequence, _ in second.events if sequence is not None]
        assert places == sorted(places), "a place beyond what is still to come would be resumed from"


def test_what_was_missed_out_of_sight_is_not_sent_later_either(town: Town, served: Served) -> None:
    town.incident("h-south")
    own = town.incident("h-north")
    with reading(served("family"), 0) as reader:
        assert [data["incident"]["id"] for data in reader.wait("incident.opened")] == [own]


@pytest.mark.parametrize("last", ["999999", "nonsense", "-1", "9" * 40])
def test_a_place_that_cannot_be_resumed_from_asks_for_a_fresh_start(town: Town, served: Served, last: str) -> None:
    town.incident("h-north")
    with reading(served("operator"), last) as reader:
        assert reader.wait("reset")[0]["sequence"] >= 1
        town.incident("h-south")
        assert reader.wait("incident.opened")[-1]["incident"]["home"] == "h-south"


def test_a_stream_open_at_an_operator_means_watched_and_closed_means_not(town: Town, served: Served) -> None:
    with reading(served("family")):
        assert not _watched(town)
    with reading(served("operator")):
        assert _watched(town)
    until(lambda: not _rows(town))


def test_a_wall_that_nobody_answers_at_does_not_count_as_watched(town: Town, served: Served) -> None:
    with reading(served("supervisor"), query="?at_desk=false") as wall:
        assert not _watched(town)
        town.incident("h-north")
        assert wall.wait("incident.opened")
        assert not _watched(town)


def test_a_stream_keeps_its_presence_and_beats(town: Town, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "TEND_SECONDS", 0.05)
    with reading(served("operator")) as reader:
        reader.wait("heartbeat", 1, 15)
        first = _rows(town)[0].expires_at
        town.clock.advance(PRESENCE_LASTS)
        until(lambda: _rows(town)[0].expires_at > first)
        assert _watched(town)
        beat = reader.wait("heartbeat")[-1]
        assert beat["server_time"].endswith("Z")


def test_a_stream_ends_with_its_session(served: Served) -> None:
    client = served("operator")
    with reading(client) as reader:
        assert client.post("/api/v1/sign-out").status_code == 204
        assert reader.ended.wait(PATIENCE_SECONDS)


def test_a_stream_ends_soon_after_its_person_is_disabled(town: Town, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "TEND_SECONDS", 0.05)
    with reading(served("operator")) as reader:
        disabled = served("administrator").patch(f"/api/v1/users/{town.users['operator']}", json={"disabled": True})
        assert disabled.status_code == 200
        assert reader.ended.wait(PATIENCE_SECONDS)


def test_the_probes_outcome_is_told_to_the_console(town: Town, served: Served) -> None:
    now = town.clock.now()
    with town.deps.database.transaction() as session:
        session.add(ProbeRun(event_key="p1", sent_at=now, due_at=now, arrived_at=now, outcome="arrived", latency_milliseconds=12.5))
    with reading(served("supervisor")) as reader:
        # The manual clock stands still: the reader looks for probes each second of it.
        town.clock.advance(timedelta(seconds=2))
        town.deps.live.wake()
        assert reader.wait("probe")[0]["latency_milliseconds"] == 12.5


def test_the_server_stops_with_streams_open(town: Town, served: Served) -> None:
    with reading(served("operator")) as reader, reading(served("family")) as other:
        assert town.stop_server is not None
        assert town.stop_server()
        assert reader.ended.wait(PATIENCE_SECONDS)
        assert other.ended.wait(PATIENCE_SECONDS)
    assert _rows(town) == []


def _rows(town: Town) -> list[OperatorPresence]:
    with town.deps.database.snapshot() as session:
        return session.query(OperatorPresence).all()


def _watched(town: Town) -> bool:
    with town.deps.database.snapshot() as session:
        return is_watched(session, town.clock.now())
