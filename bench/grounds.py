"""What a centre stands on in the bench of a home's cost: SQLite files, or PostgreSQL and InfluxDB; and what that uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from support.centre import Centre
from support.influx import TOKEN, running_influx
from support.postgres import running_postgres

from core.database import sqlite_module

OWN = ("ingest", "broker", "api", "pager")
"""The centre's own processes."""
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ground:
    """The stores of a centre: its settings, the processes that are beside its own, and the bytes each store keeps."""

    settings: Mapping[str, Any]
    beside: Mapping[str, int]
    kept: Mapping[str, Callable[[Path], int]]

    def pids(self, centre: Centre) -> dict[str, int]:
        """The process of each name."""
        pids = {name.partition("-")[0]: pid for name, pid in centre.pids().items()}
        assert set(pids) >= set(OWN), pids
        return {name: pids[name] for name in OWN} | dict(self.beside)

    def disk(self, centre: Centre) -> dict[str, int]:
        """What each store keeps now, in bytes."""
        return {
            "broker": _folder_bytes(centre.data_dir / "broker"),
            **{name: kept(centre.data_dir) for name, kept in self.kept.items()},
        }


@contextmanager
def box(_folder: Path) -> Iterator[Ground]:
    """One box as it is to begin with: two SQLite files."""
    relational, readings = (lambda data: _sqlite_bytes(data / "yinling.db")), (lambda data: _sqlite_bytes(data / "readings.db"))
    yield Ground({}, {}, {"relational": relational, "readings": readings})


@contextmanager
def county(folder: Path) -> Iterator[Ground]:
    """PostgreSQL and InfluxDB, each a server of its own. What a reading keeps in InfluxDB, `bench_readings` says."""
    with running_postgres() as postgres, running_influx(folder / "influx") as influx:
        assert postgres.process is not None
        assert influx.process is not None
        database = "centre"
        stores = {
            "database_url": postgres.create(database),
            "influx_url": influx.url,
            "influx_token": TOKEN,
            "influx_bucket": "homes",
        }
        beside = {"postgresql": postgres.process.pid, "influxdb": influx.process.pid}
        yield Ground(stores, beside, {"relational": lambda _: _postgres_bytes(postgres.folder, database)})


def processor_seconds(pid: int) -> float:
    """What a process and those it started have used of processors."""
    return sum(map(int, _stat(pid)[11:15])) / _TICKS_PER_SECOND + sum(map(processor_seconds, _started_by(pid)))


def memory_bytes(pid: int) -> int:
    """What of a process and those it started is in memory; what several share is counted once."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    own = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return own + sum(map(memory_bytes, _started_by(pid)))


def _started_by(pid: int) -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal() and _parent(entry) == pid]


def _parent(entry: Path) -> int | None:
    with suppress(FileNotFoundError, ProcessLookupError):
        return int(_stat(int(entry.name))[1])
    return None


def _stat(pid: int) -> list[str]:
    """What follows the command: the state, the parent; from the twelfth on, ticks of its own and of its children that ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sqlite_bytes(path: Path) -> int:
    """What a file comes to once its log is written into it, without its free pages."""
    with closing(sqlite_module().connect(str(path), timeout=30)) as reader:
        pages, free, size = (
            reader.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def _postgres_bytes(socket: Path, database: str) -> int:
    """What a database comes to without what was overwritten; its log not among it."""
    with psycopg.connect(host=str(socket), user="postgres", dbname=database, autocommit=True) as connection:
        connection.execute("VACUUM FULL")
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


__all__ = ["OWN", "Ground", "box", "county", "memory_bytes", "processor_seconds"]
