"""A real broker for tests: nats-server with Yinling's own configuration, on free ports, in the test's own folder."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.ports import free_ports

from core.config import Settings
from ingest.broker import BrokerSecrets, load_or_create_secrets, log_path, nats_server_path, write_config

START_SECONDS = 60.0


@dataclass
class BrokerHandle:
    """A broker that can be stopped, killed and started again on the same ports and folder."""

    settings: Settings
    secrets: BrokerSecrets
    ingest_only: bool = False
    store_bytes: int | None = None
    prefix: Sequence[str] = ()
    """What stands before the command, such as the entry into a network namespace."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return self.settings.nats_host

    @property
    def mqtt_port(self) -> int:
        return self.settings.mqtt_port

    @property
    def nats_port(self) -> int:
        return self.settings.nats_port

    @property
    def monitor_port(self) -> int:
        return self.settings.nats_monitor_port

    @property
    def url(self) -> str:
        return f"nats://{self.settings.nats_host}:{self.settings.nats_port}"

    @property
    def log_path(self) -> Path:
        return log_path(self.settings)

    def start(self, *, wait: bool = True) -> None:
        """Start, and unless told otherwise wait until MQTT clients can connect."""
        assert self.process is None, "already running"
        config = write_config(self.settings, self.secrets, ingest_only=self.ingest_only, store_bytes=self.store_bytes)
        self.process = subprocess.Popen(
            [*self.prefix, str(nats_server_path()), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        if wait:
            self.wait_started()

    def wait_started(self) -> None:
        """Until MQTT clients can connect."""
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        waiting = [self.nats_port, self.mqtt_port]
        while waiting:
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.log_path.read_text() if self.log_path.exists() else ""
                self.kill()
                pytest_message = f"the broker did not start:\n{said[-3000:]}"
                raise AssertionError(pytest_message)
            try:
                socket.create_connection((self.host, waiting[0]), timeout=1).close()
                waiting.pop(0)
            except OSError:
                time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: nothing is flushed or said."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._forget()

    def stop(self) -> None:
        """A clean end."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self._forget()

    def _forget(self) -> None:
        if self.process is not None and self.process.stderr is not None:
            self.process.stderr.close()
        self.process = None


@contextmanager
def running_broker(
    data_dir: Path, *, partitions: int = 1, ingest_only: bool = False, store_bytes: int | None = None, **settings: Any
) -> Iterator[BrokerHandle]:
    """A broker in `data_dir`, stopped on leaving; further keywords are settings."""
    mqtt, nats, monitor, gateway = free_ports(4)
    chosen = Settings(
        data_dir=data_dir,
        mqtt_port=mqtt,
        nats_port=nats,
        nats_monitor_port=monitor,
        gateway_port=gateway,
        partitions=partitions,
        **settings,
    )
    handle = BrokerHandle(chosen, load_or_create_secrets(chosen), ingest_only=ingest_only, store_bytes=store_bytes)
    handle.start()
    try:
        yield handle
    finally:
        handle.stop()
