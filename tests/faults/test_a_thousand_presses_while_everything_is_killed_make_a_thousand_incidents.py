"""1,000 SOS from 1,000 homes while ingest, API and broker are killed in turn: 1,000 incidents, no more and no fewer."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest
from support.centre import Centre, Credentials, running_centre
from support.device import button
from support.figures import write_figures
from support.store import incidents_by_home
from support.town import settle

VICTIMS = ("ingest-0", "api", "broker")
AT_ONCE = 50
BETWEEN_KILLS_SECONDS = 2.0


def test_a_thousand_homes(tmp_path: Path) -> None:
    with running_centre(tmp_path) as centre:
        _all_press(centre, homes=1000)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_ten_thousand_homes(tmp_path: Path) -> None:
    with running_centre(tmp_path) as centre:
        kills, seconds = _all_press(centre, homes=10_000)
    write_figures(
        "thousand",
        [
            "| homes that pressed once | processes killed meanwhile | incidents | seconds until every device was told |",
            "|---|---|---|---|",
            f"| 10000 | {kills} | 10000 | {seconds:.0f} |",
        ],
    )


def _all_press(centre: Centre, *, homes: int) -> tuple[int, float]:
    town = settle(centre, homes)
    killer = _Killer(centre)
    began = time.monotonic()
    killer.start()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = list(pool.map(_press, town))
    finally:
        killer.stop()
    took = time.monotonic() - began
    assert len(statuses) == homes
    assert killer.kills >= len(VICTIMS), "everything was over before each was killed once"
    found = incidents_by_home(centre, "town")
    assert found == {credentials.home: 1 for credentials in town}
    centre.wait_ready()
    assert len(centre.incidents()) >= homes
    return killer.kills, took


def _press(credentials: Credentials) -> str:
    with button(credentials, wait=False) as device:
        return str(device.press(seconds=150)["status"])


class _Killer(threading.Thread):
    """Kills ingest, API and broker in turn, each as soon as the one before works again."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(name="killer", daemon=True)
        self.kills = 0
        self._centre = centre
        self._stopping = threading.Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            for victim in cycle(VICTIMS):
                if self._stopping.wait(BETWEEN_KILLS_SECONDS):
                    return
                self._centre.wait_restarted(victim, self._centre.kill(victim), 60)
                self.kills += 1
        except BaseException as error:  # told by `stop`, in the test's own thread
            self._failure = error
            raise

    def stop(self) -> None:
        self._stopping.set()
        self.join(90)
        assert self._failure is None, self._failure
