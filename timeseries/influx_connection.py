"""The way to InfluxDB through `influxdb-client`: short time-outs, its answers translated, and a rest after it failed.

A server that hangs is away. After a failed read nothing is asked for a few seconds, and after a write that got no answer
nothing for a minute or until one gets through (whoever writes tries again and again): whoever reads inside a transaction
waits for one short time-out at most and not for one each time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from influxdb_client import Dialect, InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from core.clock import Clock
from core.tls import VerifyingContext
from timeseries.influx_errors import FAILURES, count_expired, trouble_of
from timeseries.influx_names import InfluxNames
from timeseries.ports import StoreAwayError, StoreLockedOutError, StoreRefusedError

_CONNECT_SECONDS = 1.0
_WRITE_SECONDS = 10.0
_CHECK_SECONDS = 2.0
_DELETE_SECONDS = 120.0
_REST_SECONDS = 5.0
_SILENT_SECONDS = 60.0
"""Longer than the pauses of whoever goes on trying to write."""
_CONNECTIONS = 16
_PRECISION: Any = WritePrecision.US  # a string, called an object by the client's own types
_ROWS = Dialect(header=True, annotations=[], delimiter=",", comment_prefix="#", date_time_format="RFC3339Nano")


@dataclass(frozen=True, slots=True)
class InfluxAddress:
    """Where InfluxDB is and what opens it. `authority` is a file of certificates to trust."""

    url: str
    token: str = field(repr=False)
    names: InfluxNames
    authority: Path | None = None

    def client(self, answer_seconds: float) -> InfluxDBClient:
        """A client that waits so long for an answer."""
        return InfluxDBClient(
            self.url,
            self.token,
            org=self.names.org,
            timeout=(_CONNECT_SECONDS * 1000, answer_seconds * 1000),
            connection_pool_maxsize=_CONNECTIONS,
            ssl_ca_cert=None if self.authority is None else str(self.authority),  # or the client adds the whole world's
            ssl_context=VerifyingContext.of(self.authority) if self.url.startswith("https:") else None,
        )


class InfluxConnection:
    """Writes lines and asks Flux; safe between threads."""

    def __init__(self, address: InfluxAddress, clock: Clock, *, read_seconds: float) -> None:
        self._names = address.names
        self._clock = clock
        self._lock = threading.Lock()
        self._rested_at_seconds = 0.0
        self._silent_until_seconds = 0.0
        patience = (_WRITE_SECONDS, read_seconds, _DELETE_SECONDS, _CHECK_SECONDS)
        self._clients = [address.client(seconds) for seconds in patience]
        writing, reading, deleting, checking = self._clients
        self._check = checking.write_api(write_options=SYNCHRONOUS)
        self._write = writing.write_api(write_options=SYNCHRONOUS)
        self._query = reading.query_api()
        self._work = deleting.query_api()
        self._delete = deleting.delete_api()

    def write(self, lines: str) -> None:
        """Keep these lines, times in microseconds; raises StoreRefusedError or StoreAwayError."""
        try:
            self._write.write(self._names.bucket, self._names.org, lines.encode(), write_precision=_PRECISION)
        except FAILURES as error:
            if not isinstance(error, ApiException):
                self._silent_until_seconds = self._clock.monotonic_seconds() + _SILENT_SECONDS
            if not count_expired(error):
                raise trouble_of(error, self._clock) from error
        else:
            self._silent_until_seconds = 0.0

    def check(self) -> None:
        """An empty write tells whether a real one would be taken, and leaves nothing; raises StoreAwayError, soon."""
        self._respect_rest()
        try:
            self._check.write(self._names.bucket, self._names.org, b"", write_precision=_PRECISION)
        except FAILURES as error:
            raise self._away(error) from error

    def ask(self, flux: str) -> str:
        """The answer as rows of text, one header for each table; raises StoreAwayError."""
        self._respect_rest()
        return self._ask(self._query, flux)

    def run(self, flux: str) -> str:
        """Work that may take long, whose answer nobody waits for."""
        return self._ask(self._work, flux)

    def delete(self, start: str, stop: str, predicate: str) -> None:
        """Delete what is in the range and matches; raises StoreAwayError."""
        try:
            self._delete.delete(start, stop, predicate, bucket=self._names.bucket, org=self._names.org)
        except FAILURES as error:
            raise self._away(error) from error

    def close(self) -> None:
        """Let the connections go."""
        for client in self._clients:
            client.close()

    def _respect_rest(self) -> None:
        with self._lock:
            if self._clock.monotonic_seconds() < max(self._rested_at_seconds, self._silent_until_seconds):
                raise StoreAwayError(reason="InfluxDB did not answer a moment ago")

    def _ask(self, api: object, flux: str) -> str:
        try:
            answer: bytes = api.query_raw(flux, dialect=_ROWS).data  # type: ignore[attr-defined]
        except FAILURES as error:
            raise self._away(error) from error
        return answer.decode()

    def _away(self, error: Exception) -> StoreAwayError:
        """A reader does not set readings aside: for it a refusal, too, is a store it cannot read."""
        trouble = trouble_of(error, self._clock)
        if isinstance(trouble, StoreRefusedError):
            return StoreAwayError(**trouble.details)
        if not isinstance(trouble, StoreLockedOutError):
            with self._lock:
                self._rested_at_seconds = self._clock.monotonic_seconds() + _REST_SECONDS
        return trouble
