"""A disk that is full to the last byte: what cannot be kept is not accepted, and with room again everything heals."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.centre import Centre, running_centre
from support.device import Button, button
from support.processes import until
from support.store import incidents_by_home, stored_events
from support.town import settle

DISK_MEGABYTES = 192
FULL_SECONDS = 8.0
COMPLAINTS = {"broker_cannot_store", "chore_failed"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A data folder on a disk of its own, small enough to fill."""
    if os.geteuid() != 0:
        pytest.skip("a file system of its own takes root to mount")
    folder = tmp_path / "data"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"this machine lets nobody mount a file system: {mounted.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_presses_on_a_full_disk_are_not_accepted_early_and_ring_when_there_is_room(small_disk: Path) -> None:
    with running_centre(small_disk, probe_interval_seconds=3600, expect_errors=COMPLAINTS) as centre:
        town = settle(centre, 10)
        with ExitStack() as stack:
            devices = [stack.enter_context(button(credentials)) for credentials in town]
            ballast = _fill(centre.data_dir)
            _press_until_it_says_so(centre, devices)
            ballast.unlink()
            for device in devices:
                assert device.press(event_id="press-1", seconds=120)["status"] in {"accepted", "duplicate"}
            until(centre.is_ready, 60, "ready with room again", 0.2)
            for device in devices:
                stored = stored_events(centre, device.credentials.id)
                assert stored == {"press-1": 1}
                assert device.acknowledged <= set(stored), "the broker confirmed what it did not keep"
        assert incidents_by_home(centre, "town") == {credentials.home: 1 for credentials in town}


def _fill(folder: Path) -> Path:
    """Leave not one byte free."""
    ballast = folder / "ballast"
    block = b"\0" * (1 << 20)
    with ballast.open("wb", buffering=0) as file:
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[: len(block) // 2]
    return ballast


def _press_until_it_says_so(centre: Centre, devices: list[Button]) -> None:
    """Press on, as devices do; whoever is told `accepted` has an incident in the store, and `/readyz` tells of the trouble."""
    ends_at = time.monotonic() + FULL_SECONDS

    def press() -> bool:
        for device in devices:
            if device.is_connected and "accepted" not in device.statuses("press-1"):
                device.publish_event("press-1")
        told = [device.credentials.home for device in devices if "accepted" in device.statuses("press-1")]
        kept = incidents_by_home(centre, "town")
        assert set(told) <= set(kept), "accepted, and not in the store"
        return time.monotonic() >= ends_at and not centre.is_ready()

    until(press, what="a centre that keeps nothing says so", every_seconds=1.0)
