"""The forwarder: what is recorded is on disk at once, and reaches the store in order whatever the store does meanwhile."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.influx import running_influx
from support.processes import until
from support.readings import START, MoodyStore, readings

from core.clock import ManualClock, SystemClock
from timeseries import forwarder as forwarder_module
from timeseries.forwarder import BATCH_READINGS, Forwarder
from timeseries.influx_connection import InfluxAddress
from timeseries.influx_names import InfluxNames
from timeseries.influx_store import InfluxReadingStore
from timeseries.ports import StoreAwayError, StoredReading, StoreLockedOutError
from timeseries.recorder import spool_bytes
from timeseries.spool import Spool

ROOM = 16 * 1024 * 1024


class HangingStore(MoodyStore):
    """Answers no write until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def write(self, readings: Sequence[StoredReading]) -> None:
        self.asked.set()
        assert self.let_go.wait(60)
        super().write(readings)


@contextmanager
def forwarding(store: MoodyStore | InfluxReadingStore, folder: Path) -> Iterator[Forwarder]:
    forwarder = Forwarder(store, Spool(folder, most_bytes=ROOM), SystemClock())
    forwarder.start()
    try:
        yield forwarder
    finally:
        forwarder.close()


def spooled_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.spool"))


def test_a_store_that_hangs_holds_up_nobody(tmp_path: Path) -> None:
    store = HangingStore()
    with forwarding(store, tmp_path) as forwarder:
        forwarder.record(readings(10))
        assert store.asked.wait(60)
        began = time.monotonic()
        for first in range(10, 1_010, 10):
            forwarder.record(readings(10, start=first))
        assert time.monotonic() - began < 20, "a hundred synced appends, and no write"
        assert store.kept == {}
        assert spooled_bytes(tmp_path) > 0
        store.let_go.set()
        until(lambda: len(store.kept) == 1_010)
    assert store.order == [float(second) for second in range(1_010)]
    assert spooled_bytes(tmp_path) == 0


def test_what_comes_in_ones_and_twos_goes_in_few_writes(tmp_path: Path) -> None:
    store = MoodyStore()
    with forwarding(store, tmp_path) as forwarder:
        for first in range(20):
            forwarder.record(readings(1, start=first))
            time.sleep(0.01)
        until(lambda: len(store.kept) == 20)
    assert store.writes <= 5, "a second of the machine's own may pass in between, and no more than a few"
    assert store.order == [float(second) for second in range(20)]


def test_what_was_spooled_before_a_death_is_forwarded_by_the_next_start(tmp_path: Path) -> None:
    store = MoodyStore()
    Forwarder(store, Spool(tmp_path, most_bytes=ROOM), SystemClock()).record(readings(100))  # never started: it died
    assert store.kept == {}
    with forwarding(store, tmp_path):
        until(lambda: len(store.kept) == 100)


def test_a_place_in_the_spool_stays_and_pauses_grow_with_jitter(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore()
    forwarder = Forwarder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    forwarder.record(readings(12_000))
    store.away = True
    pauses = [forwarder.forward() for _ in range(12)]
    assert forwarder.health() == "spooling"
    assert len(store.kept) == 0
    assert 0.25 <= pauses[0] <= 0.5
    assert max(pauses) <= 30
    assert pauses[6] > pauses[0] * 8
    assert len(set(pauses[7:])) > 1, "several workers must not knock together"
    store.away = False
    assert forwarder.forward() == 0.0
    assert store.order == [float(second) for second in range(12_000)]
    assert (forwarder.health(), forwarder.locked_out) == ("ok", None)


def test_a_segment_half_in_the_store_goes_on_where_it_was(tmp_path: Path, clock: ManualClock) -> None:
    class Failing(MoodyStore):
        def write(self, readings: Sequence[StoredReading]) -> None:
            self.away = self.writes == 1
            super().write(readings)

    store = Failing()
    forwarder = Forwarder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    forwarder.record(readings(3 * BATCH_READINGS))
    assert forwarder.forward() > 0
    assert len(store.kept) == BATCH_READINGS
    forwarder.forward()
    assert store.order == [float(second) for second in range(3 * BATCH_READINGS)], "none twice, none left out"


def test_one_reading_the_store_never_takes_is_set_aside(tmp_path: Path, clock: ManualClock) -> None:
    store = MoodyStore(poison=frozenset({13.0}))
    forwarder = Forwarder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    forwarder.record(readings(40))
    assert forwarder.forward() == 0.0
    assert store.order == [float(second) for second in range(40) if second != 13]


def test_a_store_that_locks_us_out_is_tried_once_a_minute_and_says_why(tmp_path: Path, clock: ManualClock) -> None:
    class Locked(MoodyStore):
        def write(self, readings: Sequence[StoredReading]) -> None:
            if self.away:
                raise StoreLockedOutError(reason="401 unauthorized access")
            super().write(readings)

    store = Locked()
    store.away = True
    forwarder = Forwarder(store, Spool(tmp_path, most_bytes=ROOM), clock)
    forwarder.record(readings(5))
    assert forwarder.forward() == 60.0
    assert forwarder.locked_out == "401 unauthorized access"
    store.away = False
    assert forwarder.forward() == 0.0
    assert forwarder.locked_out is None
    assert len(store.kept) == 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_is_told_and_started_again(tmp_path: Path) -> None:
    class Broken(MoodyStore):
        def write(self, readings: Sequence[StoredReading]) -> None:
            if self.away:
                raise ArithmeticError("nobody thought of it")
            super().write(readings)

    store = Broken()
    store.away = True
    with forwarding(store, tmp_path) as forwarder:
        forwarder.record(readings(5))
        until(lambda: not forwarder._thread.is_alive())
        store.away = False
        with pytest.raises(RuntimeError, match="started again"):
            forwarder.drain()
        until(lambda: len(store.kept) == 5)
        assert forwarder.drain() == 0


@contextmanager
def busy_influxdb(status: int, headers: dict[str, str]) -> Iterator[str]:
    """A server at the edge of its strength, which a real one cannot be told to be."""

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "headers", "is_rest"),
    [
        (429, {"Retry-After": "17"}, lambda rest: rest == 17.0),
        (503, {"Retry-After": "86400"}, lambda rest: rest == 300.0),
        (503, {"Retry-After": "Sun, 22 Nov 2026 03:01:00 GMT"}, lambda rest: rest == 60.0),
        (503, {"Retry-After": "soon"}, lambda rest: 0.25 <= rest <= 0.5),
        (500, {}, lambda rest: 0.25 <= rest <= 0.5),
    ],
)
def test_a_rest_that_is_asked_for_is_kept(
    tmp_path: Path, clock: ManualClock, status: int, headers: dict[str, str], is_rest: Callable[[float], bool]
) -> None:
    with busy_influxdb(status, headers) as url:
        store = InfluxReadingStore(InfluxAddress(url, "t", InfluxNames("o", "b", "1")), clock, read_seconds=5)
        with pytest.raises(StoreAwayError):
            store.write(readings(1))
        forwarder = Forwarder(store, Spool(tmp_path, most_bytes=ROOM), clock)
        forwarder.record(readings(1))
        rest_seconds = forwarder.forward()
        store.close()
    assert is_rest(rest_seconds), rest_seconds


def test_a_real_server_that_is_stopped_killed_and_started_gets_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarder_module, "_LONGEST_PAUSE_SECONDS", 2.0)
    with running_influx(tmp_path / "influx") as server:
        store = server.store(server.new_bucket())
        with forwarding(store, tmp_path / "spool") as forwarder:
            forwarder.record(readings(1_000))
            until(lambda: not spooled_bytes(tmp_path / "spool"))
            server.signal(signal.SIGSTOP)
            slowest = 0.0
            for first in range(1_000, 20_000, 1_000):
                began = time.monotonic()
                forwarder.record(readings(1_000, start=first))
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < 5.0, "recording waited for a server that hangs"
            assert spool_bytes._value.get() > 0
            server.signal(signal.SIGCONT)
            server.kill()
            forwarder.record(readings(1_000, start=20_000))
            server.start()
            until(lambda: not spooled_bytes(tmp_path / "spool"), 60)
            until(lambda: forwarder.health() == "ok")
            until(lambda: spool_bytes._value.get() == 0)
            got = [one.value for one in store.scan([1], None, START, START + timedelta(days=1))]
    assert got == [float(second) for second in range(21_000)]
