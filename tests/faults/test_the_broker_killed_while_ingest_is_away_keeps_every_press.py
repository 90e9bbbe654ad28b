"""What the broker confirmed while nobody read it is in its file: SIGKILL of the broker loses none of it."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from support.centre import Centre, running_centre
from support.device import Button, button
from support.figures import write_figures
from support.processes import kill, until
from support.store import stored_events
from support.town import settle


def test_presses_confirmed_while_the_worker_stood_still_survive_the_broker(tmp_path: Path) -> None:
    with running_centre(tmp_path, probe_interval_seconds=3600) as centre:
        _presses_survive(centre, homes=10, presses=10, away_seconds=0.0)


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_a_long_outage_with_ten_thousand_presses_loses_none(tmp_path: Path) -> None:
    with running_centre(tmp_path, probe_interval_seconds=3600) as centre:
        signals = _presses_survive(centre, homes=50, presses=200, away_seconds=60.0)
    write_figures(
        "broker",
        ["| presses confirmed while ingest was away, then SIGKILL of the broker | lost |", "|---|---|", f"| {signals} | 0 |"],
    )


def _presses_survive(centre: Centre, *, homes: int, presses: int, away_seconds: float) -> int:
    town = settle(centre, homes)
    with ExitStack() as stack:
        devices = [stack.enter_context(button(credentials)) for credentials in town]
        worker = centre.kill("ingest-0", signal.SIGSTOP)
        try:
            confirmed = _press_all(devices, presses)
            old = centre.kill("broker")
            until(lambda: centre.pids().get("broker", old) != old, what="the broker started again")
            time.sleep(away_seconds)  # the outage itself is what is tested here
        finally:
            kill(worker, signal.SIGCONT)
        until(
            lambda: all(set(stored_events(centre, credentials.id)) == confirmed for credentials in town),
            60 + away_seconds,
            "every press in the store",
            0.5,
        )
    for credentials in town:
        assert set(stored_events(centre, credentials.id).values()) == {1}, "a press was stored twice"
        assert len(centre.incidents(credentials.home, state="all")) == 1
    return homes * presses


def _has_confirmed(device: Button, ids: set[str]) -> bool:
    return ids <= device.acknowledged


def _press_all(devices: list[Button], presses: int) -> set[str]:
    """Each presses so often, with ids of its own; all are confirmed by the broker."""
    ids = {f"press-{serial}" for serial in range(presses)}
    for device in devices:
        for event_id in sorted(ids):
            device.publish_event(event_id)
    for device in devices:
        until(partial(_has_confirmed, device, ids), 60, "every PUBACK", 0.1)
        assert device.receipts == []
    return ids
