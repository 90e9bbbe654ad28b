"""The whole program with a clock that a test moves: real broker, real processes, real HTTP; time passes when the test says so.

Time is moved hop by hop. A hop is over when every process has come round twice at the new time and no page is on its way,
so whatever was due has been done and whoever watches still counts as watching. The world is closed: a page nobody expected,
or an ERROR line, fails the test at its end.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import sqlalchemy as sa
from support.centre import Centre, Credentials, running_centre
from support.device import Button, button
from support.live import live_stream
from support.phones import Call, Phones, phones
from support.processes import PATIENCE_SECONDS, until

from core.config import Settings
from core.database import Database
from core.movable_clock import VARIABLE, TimeFile
from ingest.broker_secrets import load_or_create_secrets

ZONE = ZoneInfo("Asia/Shanghai")
HOP = timedelta(seconds=5)
"""Less than what the auditor calls overdue, and than what a screen's presence lasts."""
_NEVER_SECONDS = 10**8  # the probe would be overtaken by moved time, so it speaks once, at the start
_YEARS_HOURS = 24 * 366 * 10


def local_instant(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """An instant by the centre's wall."""
    return datetime(year, month, day, hour, minute, tzinfo=ZONE)


@dataclass
class World:
    """A centre, its time, and the telephones of everybody it may page."""

    centre: Centre
    time: TimeFile
    phones: Phones
    database: Database
    _watching: int = 0
    _seen: set[int] = field(default_factory=set)

    # ---- time

    def now(self) -> datetime:
        """The centre's present instant."""
        moved, stepped = self.time.moves
        return datetime.now(UTC) + moved + stepped

    def wait(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, hop: timedelta = HOP) -> None:
        """Let time pass. A longer hop is for times in which nothing waits for anybody."""
        until_seconds = self.elapsed_seconds() + timedelta(seconds=seconds, minutes=minutes, hours=hours).total_seconds()
        # Seconds of the machine that a hop takes are seconds of the centre too.
        while (left_seconds := until_seconds - self.elapsed_seconds()) > 0:
            self.time.advance(min(timedelta(seconds=left_seconds), hop))
            self.settle()

    def elapsed_seconds(self) -> float:
        """Time as it passes for every timer, from an arbitrary start."""
        return time.monotonic() + self.time.moves[0].total_seconds()

    def wait_until(self, instant: datetime, *, hop: timedelta = HOP) -> None:
        """Let time pass until an instant."""
        self.wait((instant - self.now()).total_seconds(), hop=hop)

    def wait_since(self, incident: dict[str, Any], seconds: float) -> None:
        """Let time pass until so long after an incident was opened."""
        self.wait_until(datetime.fromisoformat(incident["opened_at"]) + timedelta(seconds=seconds))

    def time_passes_unseen(self, seconds: float) -> None:
        """Time passes while nothing of the centre runs."""
        self.time.advance(timedelta(seconds=seconds))

    def set_wall_clock(self, by: timedelta) -> None:
        """Somebody sets the wall clock."""
        self.time.step(by)
        self.settle()

    def settle(self, rounds: int = 2, *, hurry: bool = True) -> None:
        """Until everything has come round so often since the last move, and no page is on its way."""

        def has_come_round() -> bool:
            if hurry:
                self._hint()
            noted, pids = self.time.rounds(), self.centre.pids()
            mine = [pid for name, pid in pids.items() if name not in {"broker", "simulate", "fill-past"}]
            return all(noted.get(pid, 0) >= rounds for pid in mine)

        until(has_come_round, what=lambda: f"a round of {self.centre.pids()}: {self.time.rounds()}", every_seconds=0.05)
        until(self._nothing_is_on_its_way, what="no page on its way, and who watches still watches", every_seconds=0.02)

    def _nothing_is_on_its_way(self) -> bool:
        """Pages are sent or wait for their time, and the presence of those who watch was renewed."""
        soon = {"soon": int((self.now() + HOP).timestamp() * 1e6)}
        with self.database.snapshot() as session:
            claimed = session.scalar(sa.text("SELECT count(*) FROM pages WHERE state = 'claimed'"))
            present = session.scalar(sa.text("SELECT count(*) FROM operator_presence WHERE expires_at > :soon"), soon)
        return claimed == 0 and (present or 0) >= self._watching

    def _hint(self) -> None:
        """What a commit says to every process, so that none sleeps out its second."""
        password = load_or_create_secrets(Settings(data_dir=self.centre.data_dir)).password
        connect = json.dumps({"verbose": False, "pedantic": False, "user": "yinling", "pass": password, "name": "moved-time"})
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(self.centre.run["ports"]["nats"])), 5) as broker:
            broker.recv(4096)
            broker.sendall(f'CONNECT {connect}\r\nPUB yinling.hint 17\r\n{{"sequence":null}}\r\nPING\r\n'.encode())
            broker.recv(4096)

    # ---- people

    def call(self, who: str, *words: str, seconds: float = PATIENCE_SECONDS) -> Call:
        """The next page to somebody that says all these words, which was expected and not yet looked at."""

        def arrived() -> Call | None:
            new = [one for one in self.phones.calls if one.serial not in self._seen and one.who == who]
            return next((one for one in new if all(word in one.text for word in words)), None)

        found = until(arrived, seconds, lambda: f"a page to {who} saying {words}; there are {self._unseen()}\n{self.timelines()}")
        self._seen.add(found.serial)
        return found

    def nobody_was_paged(self) -> None:
        """No page but those looked at."""
        assert self._unseen() == [], f"nobody expected these\n{self.timelines()}"

    def _unseen(self) -> list[str]:
        return [f"{one.who}: {one.text}" for one in self.phones.calls if one.serial not in self._seen]

    @contextmanager
    def watching(self, operator: httpx.Client) -> Iterator[None]:
        """Somebody has the console open."""
        with live_stream(operator):
            self._watching += 1
            until(self._nothing_is_on_its_way, what="the presence of who watches")
            try:
                yield
            finally:
                self._watching -= 1

    def staff(self, username: str, role: str, *, name: str | None = None, phone: bool = True, **scope: Any) -> httpx.Client:
        """A person who is signed in and, unless told otherwise, can be paged at the telephone of that name."""
        client = self.centre.sign_in(username, self.centre.user(username, role, name=name, **scope))
        if phone:
            self.centre.post(f"/users/{username}/contact-points", {"channel": "apprise", "address": self.phones.address(username)})
        return client

    def contact(self, home: str, name: str, *, consents: bool = True, **fields: Any) -> int:
        """A contact of a home, who wants to be told of alarms unless said otherwise, with a telephone of that name."""
        body = {"name": name, "phone": "13800000000", "relation": "daughter", "alarm_consent": consents, **fields}
        contact_id = int(self.centre.post(f"/homes/{home}/contacts", body)["id"])
        points = f"/homes/{home}/contacts/{contact_id}/contact-points"
        self.centre.post(points, {"channel": "apprise", "address": self.phones.address(name)})
        return contact_id

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """PUT as the administrator; anything but success fails the test."""
        answer = self.centre.api.put(f"/api/v1{path}", json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def act(self, who: httpx.Client, incident_id: int, act: str, **body: Any) -> None:
        """Somebody does something with an incident."""
        answer = who.post(f"/api/v1/incidents/{incident_id}/{act}", json=body)
        assert answer.status_code == 200, answer.text
        self.settle()

    # ---- homes

    def device(self, home: str, profile: str = "sos-button", **fields: Any) -> Credentials:
        """A device whose test the centre has seen, so that it counts for everything."""
        credentials = self.centre.device(home, profile, **fields)
        with self.button(credentials) as tested:
            self.say(tested, "device.tested")
        self.centre.post(f"/devices/{credentials.id}/live")
        return credentials

    def button(self, credentials: Credentials) -> Any:
        """A device whose clock is the centre's."""
        return button(credentials, wall=lambda: self.now().timestamp())

    def restart(self) -> None:
        """Start the centre again after it died; devices find it on its new ports."""
        self.centre.process = None
        self.centre.start()

    def moved_credentials(self, credentials: Credentials) -> Credentials:
        """The same device, where the broker listens now."""
        return replace(credentials, port=self.centre.mqtt_port)

    def say(self, device: Button, kind: str) -> None:
        """An event that asks for nobody; it is in the store afterwards."""
        before = self._signals()
        event_id = f"{kind}-{device.new_id()}"
        device.publish_event(event_id, kind)
        device.wait_acknowledged(event_id)
        until(lambda: self._signals() > before, what=f"{kind} in the store")
        self.settle()

    def _signals(self) -> int:
        with self.database.snapshot() as session:
            return session.scalar(sa.text("SELECT count(*) FROM signals")) or 0

    def press(self, device: Button, kind: str = "sos.pressed") -> dict[str, Any]:
        """A press that the centre took; the incident it opened or joined."""
        incident_id = device.press(kind)["incident"]
        self.settle()
        return self.incident(incident_id)

    def incident(self, incident_id: int) -> dict[str, Any]:
        """Everything about an incident."""
        found: dict[str, Any] = self.centre.get(f"/incidents/{incident_id}")
        return found

    def told(self, incident_id: int) -> list[str]:
        """The acts on an incident's timeline, in order."""
        return [entry["act"] for entry in self.incident(incident_id)["timeline"]]

    def timelines(self) -> str:
        """What happened, for a test that fails."""
        lines = []
        with self.database.snapshot() as session:
            rows = session.execute(sa.text("SELECT incident_id, at, act, details FROM timeline ORDER BY id")).all()
        for incident_id, at, act, details in rows:
            lines.append(f"{incident_id} {datetime.fromtimestamp(at / 1e6, UTC):%d %H:%M:%S} {act} {details}")
        return "\n".join(lines[-60:])


@contextmanager
def moved_centre(
    tmp_path: Path,
    *,
    starts_at: datetime | None = None,
    expect_errors: Collection[str] = (),
    with_phones: Callable[[Phones], dict[str, Any]] | None = None,
    **settings: Any,
) -> Iterator[World]:
    """A centre that stands at `starts_at`, which lies in the future; `with_phones` gives settings that name a telephone."""
    clock = tmp_path / "time"
    file = TimeFile(clock)
    if starts_at is not None:
        assert starts_at > datetime.now(UTC)
        file.advance(starts_at - datetime.now(UTC))
    with phones() as answering:
        chosen = {
            "probe_interval_seconds": _NEVER_SECONDS,
            "session_hours": _YEARS_HOURS,
            VARIABLE.removeprefix("YINLING_").lower(): clock,
            **(with_phones(answering) if with_phones else {}),
            **settings,
        }
        with running_centre(tmp_path, expect_errors=expect_errors, **chosen) as centre:
            database = Database(centre.database_url)
            try:
                world = World(centre, file, answering, database)
                until(lambda: _probe_has_arrived(centre), what="the first probe", every_seconds=0.1)
                yield world
                world.settle(3, hurry=False)
                world.nobody_was_paged()
            finally:
                database.close()


def _probe_has_arrived(centre: Centre) -> bool:
    return any(run["outcome"] != "sent" for run in centre.get("/probe")["items"])
