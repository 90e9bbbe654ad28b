"""The embedded store's file: read by another process, locked, full, spoilt, of a newer version, read by many threads."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from support.readings import START, readings

from core.database import sqlite_module
from timeseries.ports import StoreAwayError
from timeseries.sqlite_store import SqliteReadingStore

DAY = timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "readings.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteReadingStore]:
    with closing(SqliteReadingStore(path)) as store:
        yield store


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the file's write lock."""
    other = sqlite_module().connect(str(path), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


def values(store: SqliteReadingStore, points: int = 10_000, device: int = 1) -> list[float]:
    return [point.value for point in store.read(device, "heart_rate", START - DAY, START + DAY, points)]


def test_what_was_written_is_read_back_by_another_process(path: Path, store: SqliteReadingStore) -> None:
    store.write(readings(5))
    script = (
        "import sys; from pathlib import Path; from support.readings import START; from datetime import timedelta;"
        "from timeseries.sqlite_store import SqliteReadingStore as S;"
        "s = S(Path(sys.argv[1]));"
        "print([p.value for p in s.read(1, 'heart_rate', START, START + timedelta(days=1), 10)])"
    )
    tests = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        cwd=tests.parent,
        env={"PYTHONPATH": f"{tests.parent}:{tests}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[0.0, 1.0, 2.0, 3.0, 4.0]"


def test_a_locked_file_is_a_store_away_soon_and_not_for_ever(path: Path, store: SqliteReadingStore) -> None:
    store.write(readings(1))
    with locked(path):
        with pytest.raises(StoreAwayError):
            store.write(readings(2))
        with pytest.raises(StoreAwayError):
            store.check()
    store.write(readings(2))
    store.check()
    assert values(store) == [0.0, 1.0]


def test_a_file_locked_at_the_start_keeps_nobody_from_starting(path: Path) -> None:
    path.parent.mkdir()
    with locked(path), closing(SqliteReadingStore(path)) as store, pytest.raises(StoreAwayError):
        store.write(readings(1))
    with closing(SqliteReadingStore(path)) as store:
        store.write(readings(1))
        assert values(store) == [0.0]


def test_a_file_that_is_no_database_is_a_store_away(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 500)
    with closing(SqliteReadingStore(path)) as store:
        with pytest.raises(StoreAwayError):
            store.write(readings(1))
        with pytest.raises(StoreAwayError):
            store.latest(1)


def test_a_file_of_a_newer_version_is_left_alone(path: Path, store: SqliteReadingStore) -> None:
    store.write(readings(1))
    store.close()
    with closing(sqlite_module().connect(str(path))) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreAwayError):
        store.write(readings(2))


def test_a_full_file_refuses_the_batch_whole_and_takes_it_when_there_is_room(store: SqliteReadingStore) -> None:
    store.write(readings(10))
    assert store._writer is not None
    store._writer.execute("PRAGMA max_page_count = 1")  # the smallest it can be: as large as it is now
    with pytest.raises(StoreAwayError):
        store.write(readings(5_000, device=2))
    assert values(store, device=2) == []
    assert len(values(store)) == 10
    store.write(readings(5_000, device=2))  # opened anew: the limit was that connection's
    assert len(values(store, device=2)) == 5_000


def test_many_threads_read_while_one_writes(store: SqliteReadingStore) -> None:
    store.write(readings(100))
    seen: list[int] = []

    def look() -> None:
        seen.extend(len(values(store)) for _ in range(20))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for first in range(100, 1_100, 100):
        store.write(readings(100, start=first))
    for thread in threads:
        thread.join(60)
    assert len(seen) == 80
    assert all(length % 100 == 0 for length in seen)
