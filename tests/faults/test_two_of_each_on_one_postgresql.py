"""Two API, two pager and two ingest processes on one PostgreSQL, under load: one incident a home, one page, one who takes it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.centre import REPOSITORY, Centre, running_centre
from support.device import Button, button
from support.phones import phones
from support.ports import free_port
from support.processes import until
from support.store import incidents_by_home, rows
from support.town import settle

from alerts.troubles import Trouble
from yinling.guard import SUPERVISOR_VARIABLE

HOMES = 24


def log_of(centre: Centre, process: str) -> Path:
    """What the second of a kind says."""
    return centre.data_dir.parent / f"second-{process}.log"


@contextmanager
def another(centre: Centre, process: str, **settings: Any) -> Iterator[None]:
    """A second process of a kind, beside those that the supervisor started."""
    ports = {f"YINLING_{name.upper()}_PORT": str(port) for name, port in centre.run["ports"].items()}
    chosen = {f"YINLING_{name.upper()}": str(value) for name, value in settings.items()}
    environment = {**centre.environment, **ports, **chosen}
    environment.pop(SUPERVISOR_VARIABLE, None)
    with log_of(centre, process).open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "yinling", process], env=environment, cwd=REPOSITORY, stdout=log, stderr=log
        )
        try:
            yield
            assert started.poll() is None, log_of(centre, process).read_text()
        finally:
            started.terminate()
            started.wait(20)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.timeout(400)
def test_one_incident_one_page_one_owner(tmp_path: Path) -> None:
    port = free_port()
    with (
        phones() as answering,
        running_centre(
            tmp_path,
            backend="postgresql",
            expect_errors={"not_ready_yet"},  # seven processes on a busy machine take their time to start
            partitions=2,
            probe_interval_seconds=3600,
            ring_again_seconds=3600,
            fallback_urls=answering.address("duty"),
        ) as centre,
        another(centre, "pager"),
        another(centre, "api", http_port=port),
    ):
        second = f"http://127.0.0.1:{port}"
        until(lambda: answers(second), 120, lambda: f"the second API answers\n{log_of(centre, 'api').read_text()}", 0.2)
        town = settle(centre, HOMES)
        with ExitStack() as stack:
            devices = [stack.enter_context(button(credentials)) for credentials in town]
            opened = _press_all(devices)
            assert incidents_by_home(centre, "town") == {credentials.home: 1 for credentials in town}
            until(lambda: len(answering.to("duty")) >= HOMES, 90, lambda: f"{len(answering.to('duty'))} pages", 0.2)
            _two_take_each(centre, second, opened)
        assert Counter(call.key for call in answering.to("duty")).most_common(1)[0][1] == 1, "a page was sent twice"
        assert len(answering.to("duty")) == HOMES
        _changes_are_whole(centre)
        states = rows(centre, "SELECT state, count(*) FROM incidents WHERE NOT probe AND home_id IS NOT NULL GROUP BY state")
        assert states == [("acknowledged", HOMES)]
        _nothing_but_late(centre)


def _press_all(devices: list[Button]) -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        return [int(receipt["incident"]) for receipt in pool.map(lambda device: device.press(seconds=90), devices)]


def _two_take_each(centre: Centre, second: str, incidents: list[int]) -> None:
    """Two operators, each at a console of another API, take the same incidents at the same moment; one gets each."""
    first_operator = centre.sign_in("op-first", centre.user("op-first", "operator"))
    other = centre.sign_in("op-second", centre.user("op-second", "operator"))
    other.base_url = httpx.URL(second)

    def take(who: httpx.Client, incident_id: int) -> int:
        return who.post(f"/api/v1/incidents/{incident_id}/acknowledge").status_code

    with ThreadPoolExecutor(2) as pool:
        for incident_id in incidents:
            codes = sorted(pool.map(lambda who, number=incident_id: take(who, number), (first_operator, other)))
            assert codes == [200, 409], f"incident {incident_id}"


def _nothing_but_late(centre: Centre) -> None:
    """Seven processes on a busy machine may lose a probe, and do late what was due: each is one incident, and there is no other."""
    found = rows(
        centre,
        "SELECT alerts.subject, alerts.evidence FROM incidents LEFT JOIN alerts ON alerts.incident_id = incidents.id "
        "WHERE incidents.home_id IS NULL AND NOT incidents.probe",
    )
    subjects = Counter(subject for subject, _ in found)
    assert subjects.keys() <= {Trouble.PROBE, Trouble.AUDITOR}, found
    assert set(subjects.values()) <= {1}, found
    said = {what for subject, evidence in found if subject == Trouble.AUDITOR for what in evidence["what"]}
    assert said <= {"overdue", "page_overdue"}, found


def _changes_are_whole(centre: Centre) -> None:
    """Every version of every incident has its place among the changes, in the order they were made."""
    changes = "SELECT incident_id, count(*) FROM changes WHERE incident_id IS NOT NULL AND NOT probe GROUP BY incident_id"
    told = rows(centre, changes)
    kept = rows(centre, "SELECT id, version FROM incidents WHERE NOT probe")
    assert dict(told) == dict(kept)
