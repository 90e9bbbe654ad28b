"""A real Prometheus for tests (Debian's package), which collects `/metrics` of a running centre and answers PromQL.

It dies with the test run, also when that is killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from support.ports import free_port
from support.processes import until

START_SECONDS = 60.0


@dataclass(frozen=True)
class PrometheusServer:
    """A running one."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant query's result; AssertionError with Prometheus' own words when it does not take it."""
        answer = requests.post(f"{self.url}/api/v1/query", data={"query": expression}, timeout=30)
        told = answer.json()
        assert told["status"] == "success", (expression, told)
        found: list[dict[str, Any]] = told["data"]["result"]
        return found


@contextmanager
def running_prometheus(folder: Path, target: str) -> Iterator[PrometheusServer]:
    """One that collects `target` (host:port) as the job `yinling` each second; skips where there is none, unless CI is set."""
    program = shutil.which("prometheus")
    if program is None and os.environ.get("CI"):
        pytest.fail("there is no prometheus, and where CI is set nothing may be skipped for it")
    if program is None:
        pytest.skip("there is no prometheus on this machine (Debian: apt-get install prometheus)")
    folder.mkdir(parents=True, exist_ok=True)
    jobs = f"scrape_configs: [{{job_name: yinling, static_configs: [{{targets: ['{target}']}}]}}]"
    (folder / "prometheus.yml").write_text(f"global: {{scrape_interval: 1s}}\n{jobs}\n", encoding="utf-8")
    port = free_port()
    server = PrometheusServer(f"http://127.0.0.1:{port}")
    options = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["setpriv", "--pdeathsig=KILL", "--", program, *options], stdout=log, stderr=log)
    try:
        until(lambda: _is_ready(server.url), START_SECONDS, lambda: (folder / "log").read_text()[-2000:], 0.1)
        yield server
    finally:
        process.kill()
        process.wait(30)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=2).status_code == 200
    except requests.ConnectionError:
        return False
