"""Debian's PostgreSQL for tests: a server of the test run's own, in a folder of its own, reached by a socket in that folder.

It listens on no port, so nothing can be in its way. It dies with the test run, also when that is killed. It syncs to disk as
in production, and is otherwise small.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from support.processes import until

START_SECONDS = 30.0
STOP_SECONDS = 20.0
_PORT = 5432  # names the socket's file only
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "timezone": "Asia/Shanghai",  # not UTC: whoever asks the database for the time of day is found out
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server."""

    folder: Path

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}&port={_PORT}"

    def create(self, database: str, template: str | None = None) -> str:
        """A new database, empty or a copy of another that nobody is connected to; its address."""
        copied = f' TEMPLATE "{template}"' if template else ""
        self._say(f'CREATE DATABASE "{database}"{copied}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._say(f'DROP DATABASE "{database}" WITH (FORCE)')

    def _say(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), port=_PORT, user="postgres", dbname="template1", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server for a whole test run; skips where PostgreSQL is not installed, unless CI is set."""
    programs = _programs()
    if programs is None and os.environ.get("CI"):
        pytest.fail("there is no PostgreSQL, and where CI is set nothing may be skipped for it")
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="yinling-pg-"))
    try:
        account = _account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _initialise(programs, folder, account)
        process = _start(programs, folder, account)
        try:
            server = PostgresServer(folder)
            _wait_until_it_answers(process, folder)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of its programs: Debian keeps those of the server off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _account() -> pwd.struct_passwd | None:
    """Who runs it: ourselves, but never root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody"
    raise AssertionError(message)


def _as_account(account: pwd.struct_passwd | None) -> Sequence[str]:
    """What goes before a command so that it runs as somebody else and dies with us."""
    who = [] if account is None else [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return ["setpriv", *who, "--pdeathsig=INT", "--"]


def _initialise(programs: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    command = [*_as_account(account), str(programs / "initdb"), *options, "-D", str(folder / "data")]
    made = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert made.returncode == 0, made.stdout + made.stderr


def _start(programs: Path, folder: Path, account: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    settings = {**_SETTINGS, "unix_socket_directories": str(folder), "port": str(_PORT)}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*_as_account(account), str(programs / "postgres"), "-D", str(folder / "data"), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
        )


def _wait_until_it_answers(process: subprocess.Popen[bytes], folder: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            psycopg.connect(host=str(folder), port=_PORT, user="postgres", dbname="template1").close()
        except psycopg.OperationalError:
            return False
        return True

    until(answers, START_SECONDS, (folder / "log").read_text, 0.05)
