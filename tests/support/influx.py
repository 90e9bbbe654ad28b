"""A real InfluxDB 2 for tests, in a folder of its own, set up by the same code as `yinling migrate`; it can be killed and started.

It dies with the test run, also when that is killed.
"""

from __future__ import annotations

import hashlib
import secrets
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from influxdb_client import BucketRetentionRules, InfluxDBClient
from support.influxd import require_influxd
from support.ports import free_port
from support.processes import stand_still, until

from core.clock import SystemClock
from core.config import Settings
from timeseries import influx_setup
from timeseries.influx_connection import InfluxAddress
from timeseries.influx_lines import EARLIEST, LATEST
from timeseries.influx_names import InfluxNames
from timeseries.influx_setup import Keeping
from timeseries.influx_store import InfluxReadingStore
from timeseries.opening import open_store

ORG = "yinling"
TOKEN = secrets.token_urlsafe(24)
PASSWORD = "a-first-password"
START_SECONDS = 60.0
KEEPING = Keeping(readings=36_500, hourly=36_500, daily=36_500, timezone="Asia/Shanghai")


class InfluxServer:
    """One server: its process can be killed, stopped and started again over the same folder and port."""

    def __init__(self, program: Path, folder: Path, certificate: tuple[Path, Path] | None = None) -> None:
        self._program = program
        self._certificate = certificate
        self.folder = folder
        self.port = free_port()
        self.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._serial = count(1)

    def start(self) -> None:
        """Start, and wait until it answers."""
        paths = [
            f"--bolt-path={self.folder / 'bolt'}",
            f"--engine-path={self.folder / 'engine'}",
            f"--sqlite-path={self.folder / 'sqlite'}",
        ]
        options = ["--reporting-disabled", "--log-level=warn", f"--http-bind-address=127.0.0.1:{self.port}"]
        if self._certificate is not None:
            options += [f"--tls-cert={self._certificate[0]}", f"--tls-key={self._certificate[1]}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "--", str(self._program), *paths, *options], stdout=log, stderr=log
            )
        until(self._answers, START_SECONDS, lambda: (self.folder / "log").read_text()[-2000:], 0.05)

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP makes it hang, SIGCONT go on."""
        assert self.process is not None
        if number is signal.SIGSTOP:
            stand_still(self.process.pid)
        else:
            self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    def address(self, bucket: str, token: str = TOKEN) -> InfluxAddress:
        """The way to a bucket."""
        return InfluxAddress(self.url, token, InfluxNames(ORG, bucket, "1"))

    def new_bucket(self, days: int = 36_500) -> str:
        """A bucket of the caller's own."""
        name = f"bucket-{next(self._serial)}"
        with closing(self.client()) as client:
            rules = BucketRetentionRules(type="expire", every_seconds=days * 24 * 3600)
            client.buckets_api().create_bucket(bucket_name=name, org=ORG, retention_rules=rules)
        return name

    def store(self, bucket: str) -> InfluxReadingStore:
        """A store over a bucket."""
        return InfluxReadingStore(self.address(bucket), SystemClock(), read_seconds=60)

    def client(self) -> InfluxDBClient:
        """The ordinary client, for looking at it from outside."""
        return InfluxDBClient(self.url, TOKEN, org=ORG, timeout=60_000)

    def settings(self, data_dir: Path, bucket: str, **more: object) -> Settings:
        """Settings of a centre that keeps its readings here."""
        named = {"influx_url": self.url, "influx_token": TOKEN, "influx_org": ORG, "influx_bucket": bucket}
        return Settings(data_dir=data_dir, **{**named, **more})  # type: ignore[arg-type]

    def set_up(self) -> None:
        """What `yinling migrate` does to a new server."""
        influx_setup.ensure(self.address("readings"), KEEPING, PASSWORD, SystemClock())

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            trusting = None if self._certificate is None else ssl._create_unverified_context()  # noqa: S323 only whether it answers
            with urllib.request.urlopen(f"{self.url}/health", timeout=2, context=trusting) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def running_influx(folder: Path) -> Iterator[InfluxServer]:
    """A server that is set up; skips where InfluxDB is not and cannot be built, unless CI is set."""
    folder.mkdir(parents=True, exist_ok=True)
    server = InfluxServer(require_influxd(), folder)
    try:
        server.start()
        server.set_up()
        yield server
    finally:
        server.kill()


def sum_of(settings: Settings) -> tuple[int, str]:
    """How many readings a store has, and a checksum over each of them."""
    digest, number = hashlib.sha256(), 0
    with closing(open_store(settings)) as store:
        for device in store.devices():
            for one in store.scan([device], None, EARLIEST, LATEST):
                digest.update(f"{one.device_id} {one.metric} {one.at.isoformat()} {one.value!r}\n".encode())
                number += 1
    return number, digest.hexdigest()
