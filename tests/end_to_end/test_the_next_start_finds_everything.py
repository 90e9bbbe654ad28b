"""However `yinling run` ended, nothing is left running, and the next start finds everything."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.centre import Centre, running_centre
from support.databases import BACKENDS
from support.device import button
from support.processes import is_running, processes_of, until

ENDINGS = (signal.SIGINT, signal.SIGKILL)


def _end(centre: Centre, number: signal.Signals) -> None:
    pids = [*centre.pids().values(), centre.process.pid if centre.process else 0]
    code = centre.interrupt(number)
    assert code == (-9 if number is signal.SIGKILL else 0)
    until(lambda: not any(is_running(pid) for pid in pids), what=lambda: str([pid for pid in pids if is_running(pid)]))
    until(lambda: processes_of(centre.data_dir) == {}, what=lambda: str(processes_of(centre.data_dir)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_ending_leaves_no_process_and_the_next_start_finds_everything(tmp_path: Path, backend: str) -> None:
    with running_centre(tmp_path, backend=backend) as centre:
        home = centre.home()
        credentials = centre.device(home)
        with button(credentials) as device:
            incident_id = device.press(event_id="before")["incident"]
        for ending in ENDINGS:
            _end(centre, ending)
            centre.start()
            assert centre.get(f"/homes/{home}")["code"] == home
            assert centre.get(f"/incidents/{incident_id}")["state"] == "open"
        with button(credentials, port=centre.mqtt_port) as device:
            assert device.press(event_id="before")["status"] == "duplicate"
        assert len(centre.incidents(home)) == 1
