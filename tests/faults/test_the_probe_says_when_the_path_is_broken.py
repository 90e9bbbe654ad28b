"""A worker that stands still is noticed without anybody pressing anything, and the notice goes when it works again."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from support.centre import running_centre
from support.processes import kill, until

INTERVAL_SECONDS = 2
TIMEOUT_SECONDS = 3


def test_a_stalled_worker_becomes_a_system_incident(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"probe_interval_seconds": INTERVAL_SECONDS, "probe_timeout_seconds": TIMEOUT_SECONDS}
    with running_centre(tmp_path, **settings) as centre:
        until(lambda: [run for run in centre.get("/probe")["items"] if run["outcome"] == "arrived"], what="a good probe")
        assert centre.incidents(state="all") == []
        worker = centre.kill("ingest-0", signal.SIGSTOP)
        try:
            [incident] = until(centre.incidents, what="a system incident", every_seconds=0.1)
        finally:
            kill(worker, signal.SIGCONT)
        assert incident["kind"] == "system"
        assert incident["home"] is None
        until(
            lambda: not any(alert["condition_active"] for alert in centre.get(f"/incidents/{incident['id']}")["alerts"]),
            what="the condition gone",
            every_seconds=0.1,
        )
        assert len(centre.incidents()) == 1, "one incident for one outage, and the probe's own never shown"
