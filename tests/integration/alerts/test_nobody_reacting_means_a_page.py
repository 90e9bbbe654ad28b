from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from support.processes import until

from alerts.channels.apprise import AppriseChannel
from alerts.clocks import follow_step, work_off
from alerts.escalation.pages import write_pages
from alerts.incidents import acknowledge, note
from alerts.model import Poison
from alerts.pager import PagerLoop
from alerts.paging.model import Page
from core.config import Settings

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

    MakeTown = Callable[[Settings], Town]


class Provider:
    """A real HTTP server that answers, refuses or stalls, and remembers what it was told."""

    def __init__(self) -> None:
        self.status = 200
        self.heard: list[tuple[dict[str, Any], str | None]] = []
        self.let_go = threading.Event()
        self.let_go.set()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                provider.heard.append((body, self.headers.get("Idempotency-Key")))
                provider.let_go.wait(20)
                self.send_response(provider.status)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"json://127.0.0.1:{self._server.server_port}/page"

    def stop(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture
def paging(tmp_path: Path, make_town: MakeTown, provider: Provider) -> Iterator[tuple[Town, PagerLoop]]:
    town = make_town(Settings(data_dir=tmp_path, fallback_urls=(provider.url,)))
    loop = PagerLoop(town.desk, {"apprise": AppriseChannel()})
    yield town, loop
    loop.close()


def tick(loop: PagerLoop) -> None:
    loop.tick()
    assert loop.wait_for_sends(20)


Paging = tuple["Town", PagerLoop]


def test_a_press_nobody_took_is_paged_after_sixty_seconds_once(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    town.watch()
    sos = town.say("sos.pressed", "pendant")
    for _ in range(4):
        tick(loop)
        town.later(14.9)
    assert provider.heard == []
    town.later(1)
    for _ in range(5):
        tick(loop)
        town.later(15)
    ((body, key),) = provider.heard
    (page,) = town.rows(Page)
    assert (page.state, page.cause, page.attempts) == ("sent", "not_acknowledged", 1)
    assert key == page.idempotency_key.replace(":", "-")
    assert "李秀英" in body["message"]
    assert "张建国" not in body["message"]
    assert "高血压" not in json.dumps(body, ensure_ascii=False)
    assert "紧急求助" in body["title"]
    incident = town.incident(sos.incident_id)
    assert (incident.state, incident.ring_due_at is None) == ("open", False)
    assert "paged" in town.told(sos.incident_id)


def test_a_store_that_is_away_while_a_page_is_sent_does_not_have_it_sent_twice(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    provider.let_go.clear()
    sos = town.say("sos.pressed")
    loop.tick()
    until(lambda: provider.heard, what="the provider was asked")
    away = [3]

    def refuse(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("UPDATE pages") and away[0]:
            away[0] -= 1
            raise sa.exc.OperationalError(statement, {}, Exception("the store is away"))

    sa.event.listen(town.database.engine, "before_cursor_execute", refuse)
    try:
        provider.let_go.set()
        assert loop.wait_for_sends(20)
    finally:
        sa.event.remove(town.database.engine, "before_cursor_execute", refuse)
    assert away == [0]
    for _ in range(3):
        town.later(31)
        tick(loop)
    assert len(provider.heard) == 1
    (page,) = town.rows(Page)
    assert (page.state, page.attempts) == ("sent", 1)
    assert town.told(sos.incident_id).count("paged") == 1


def test_a_press_while_nobody_watches_is_paged_at_once(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    sos = town.say("sos.pressed")
    tick(loop)
    assert len(provider.heard) == 1
    assert town.rows(Page)[0].cause == "nobody_watching"
    assert town.told(sos.incident_id) == ["opened", "paged"]


def test_a_press_somebody_took_is_not_paged(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    town.watch()
    sos = town.say("sos.pressed")
    town.later(59)
    town.do(acknowledge, sos.incident_id)
    town.later(2)
    tick(loop)
    assert (provider.heard, town.rows(Page)) == ([], [])


def test_when_the_claim_runs_out_the_fallback_runs_again(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    town.watch()
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    town.later(120)
    tick(loop)
    town.later(60)
    tick(loop)
    assert len(provider.heard) == 1


def test_a_provider_that_refuses_is_tried_until_it_answers(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    provider.status = 503
    sos = town.say("sos.pressed")
    for _ in range(3):
        tick(loop)
        tick(loop)
        town.later(10)
    assert len(provider.heard) == 3
    assert town.told(sos.incident_id).count("page_delayed") == 1
    provider.status = 200
    tick(loop)
    assert town.rows(Page)[0].state == "sent"
    assert len({key for _, key in provider.heard}) == 1
    town.later(600)
    tick(loop)
    assert len(provider.heard) == 4


def test_the_tries_end_at_the_deadline_and_say_so(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    provider.status = 500
    leak = town.say("water.on")  # not critical: no later round asks in its place
    for _ in range(65):
        tick(loop)
        town.later(60)
    (page,) = town.rows(Page)
    assert page.state == "given_up"
    assert page.attempts > 50
    assert town.told(leak.incident_id)[-1] in {"page_failed", "rang_again"}
    assert "page_failed" in town.told(leak.incident_id)


def test_an_unusable_address_fails_at_once_and_delays_nobody(tmp_path: Path, make_town: MakeTown, provider: Provider) -> None:
    town = make_town(Settings(data_dir=tmp_path, fallback_urls=("nonsense://x", provider.url)))
    loop = PagerLoop(town.desk, {"apprise": AppriseChannel()})
    sos = town.say("sos.pressed")
    tick(loop)
    loop.close()
    assert sorted(page.state for page in town.rows(Page)) == ["failed", "sent"]
    assert {"page_failed", "paged"} <= set(town.told(sos.incident_id))


def test_a_port_nobody_listens_on_is_a_delay(tmp_path: Path, make_town: MakeTown) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    town = make_town(Settings(data_dir=tmp_path, fallback_urls=(f"json://127.0.0.1:{port}",)))
    loop = PagerLoop(town.desk, {"apprise": AppriseChannel()})
    town.say("sos.pressed")
    tick(loop)
    loop.close()
    (page,) = town.rows(Page)
    assert (page.state, page.error) == ("pending", "no answer")


def test_a_stalling_provider_stops_no_clock(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    provider.let_go.clear()
    sos = town.say("sos.pressed")
    loop.tick()
    town.later(16)
    loop.tick()
    assert town.incident(sos.incident_id).ring_count == 2
    provider.let_go.set()
    assert loop.wait_for_sends(20)
    assert town.rows(Page)[0].state == "sent"


def test_a_pager_that_died_after_its_claim_leaves_a_lease_that_runs_out(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    town.say("sos.pressed")
    assert loop._claim([town.rows(Page)[0].id]) != []  # and dies here
    tick(loop)
    assert provider.heard == []
    town.later(31)
    tick(loop)
    (page,) = town.rows(Page)
    assert (page.state, page.attempts, len(provider.heard)) == ("sent", 2, 1)


def test_without_addresses_the_timeline_says_once_that_there_is_nobody(make_town: MakeTown, tmp_path: Path) -> None:
    town = make_town(Settings(data_dir=tmp_path))
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    town.later(121)
    work_off(town.desk)
    assert town.told(sos.incident_id).count("nobody_to_page") == 1


def test_an_unanswered_doctor_call_becomes_critical_and_rings(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    town.watch()
    call = town.say("call.requested", "kiosk")
    town.later(10)
    tick(loop)
    incident = town.incident(call.incident_id)
    assert (incident.severity, incident.ring_count, incident.answer_due_at) == ("critical", 2, None)
    assert "answer_overdue" in town.told(call.incident_id)
    town.later(60)
    tick(loop)
    assert len(provider.heard) == 1


@pytest.mark.parametrize("hours", [1, -1])
def test_a_step_of_the_wall_clock_moves_every_due_with_it(paging: Paging, provider: Provider, hours: int) -> None:
    town, loop = paging
    town.watch()
    town.say("sos.pressed")
    town.later(30)
    town.clock.step(timedelta(hours=hours))
    tick(loop)
    town.later(29)
    tick(loop)
    assert provider.heard == []
    town.later(2)
    tick(loop)
    assert len(provider.heard) == 1
    assert follow_step(town.desk) is None


def test_a_poison_clock_is_set_aside_tried_again_and_stops_no_other(
    paging: Paging, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, loop = paging
    town.watch()
    bad, good = town.say("sos.pressed"), town.say("sos.pressed", "other-button")
    town.later(61)
    with monkeypatch.context() as broken:

        def fails(session: Any, incident: Any, *rest: Any) -> Any:
            if incident.id == bad.incident_id:
                raise RuntimeError("poison")
            return write_pages(session, incident, *rest)

        broken.setattr("alerts.escalation.steps.write_pages", fails)
        tick(loop)
    assert [page.incident_id for page in town.rows(Page)] == [good.incident_id]
    assert [row.place for row in town.rows(Poison)] == ["clock.escalation"]
    town.later(61)
    tick(loop)
    assert len(provider.heard) == 2


def test_a_note_on_an_open_incident_stops_no_page(paging: Paging, provider: Provider) -> None:
    town, loop = paging
    town.watch()
    sos = town.say("sos.pressed")
    town.do(note, sos.incident_id, "看到了")
    town.later(61)
    tick(loop)
    assert len(provider.heard) == 1
