"""An open incident that lost its clock is found, repaired and told of, and the outside watcher hears nothing until all is well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import sqlalchemy as sa
from support.centre import running_centre
from support.device import button
from support.processes import until

from core.database import Database


@dataclass
class Watcher:
    """Who hears our heartbeat outside."""

    beats: list[float] = field(default_factory=list)
    port: int = 0


@contextmanager
def watcher() -> Iterator[Watcher]:
    hearing = Watcher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hearing.beats.append(time.monotonic())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hearing.port = server.server_address[1]
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hearing
    finally:
        server.shutdown()
        server.server_close()


def test_found_repaired_told_and_heard_outside(tmp_path: Path) -> None:
    with (
        watcher() as outside,
        running_centre(
            tmp_path,
            expect_errors={"audit_flaw"},
            heartbeat_url=f"http://127.0.0.1:{outside.port}/",
            probe_interval_seconds=1,
            ring_again_seconds=600,
        ) as centre,
    ):
        until(lambda: len(outside.beats) >= 2, what="beats while all is well", every_seconds=0.1)
        home = centre.home()
        with button(centre.device(home)) as device:
            incident_id = device.press()["incident"]
        database = Database(centre.database_url)
        with database.transaction() as session:
            session.execute(sa.text("UPDATE incidents SET ring_due_at = NULL WHERE id = :id"), {"id": incident_id})
        database.close()
        until(
            lambda: "repaired" in [one["act"] for one in centre.get(f"/incidents/{incident_id}")["timeline"]], 40, "repaired", 0.2
        )
        (told,) = until(
            lambda: [one for one in centre.incidents() if one["kind"] == "system"],
            what="an incident of the auditor",
            every_seconds=0.2,
        )
        silent_from = time.monotonic()
        assert [beat for beat in outside.beats if beat > silent_from + 1.0] == []
        centre.post(f"/incidents/{incident_id}/close", {"reason": "test"})
        until(lambda: [beat for beat in outside.beats if beat > silent_from + 1.0], 90, "beats again, all being well", 0.2)
        assert told["alerts"][0]["subject"] == "auditor"
