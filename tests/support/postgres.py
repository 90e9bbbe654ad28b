"""Debian's PostgreSQL for tests: a server of the test run's own, in a folder of its own, reached by a socket in that folder.

It listens on no port, so nothing can be in its way. It dies with the test run, also when that is killed. A durable one syncs
to disk as in production, for the whole program and for tests that kill; the other is for tests of logic, which ask for a new
database every moment. Each is started when the first test asks for it.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest
from support.processes import until

START_SECONDS = 60.0
STOP_SECONDS = 60.0
_PORT = 5432  # names the socket's file only
_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "timezone": "Asia/Shanghai",  # not UTC: whoever asks the database for the time of day is found out
}


_DURABLE = {"fsync": "on", "synchronous_commit": "on"}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class PostgresServer:
    """A running server; `crash` and `start` it as a power cut and a watchdog would."""

    programs: Path
    folder: Path
    durable: bool
    process: subprocess.Popen[bytes] | None = None
    more: dict[str, str] = field(default_factory=dict)
    """Further settings of the server; they hold from its next start."""
    _serial: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    def speak_tls(self, address: str, certificate: Path, key: Path) -> None:
        """From now on it also listens on a TCP address, with this certificate."""
        account = _account()
        for name, given in (("server.pem", certificate), ("server.key", key)):
            path = self.folder / name
            shutil.copyfile(given, path)
            path.chmod(0o600)
            if account is not None:
                os.chown(path, account.pw_uid, account.pw_gid)
        files = {"ssl_cert_file": str(self.folder / "server.pem"), "ssl_key_file": str(self.folder / "server.key")}
        self.more = {"listen_addresses": address, "ssl": "on", **files}
        self.stop()
        self.start()

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}&port={_PORT}"

    def create(self, database: str | None = None, template: str | None = None) -> str:
        """A new database, empty or a copy of another that nobody is connected to; its address."""
        database = database or f"made_{next(self._serial)}"
        copied = f' TEMPLATE "{template}"' if template else ""
        self.say(f'CREATE DATABASE "{database}"{copied}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.say(f'DROP DATABASE "{database}" WITH (FORCE)')

    def say(self, statement: str) -> None:
        """Run one statement that belongs to no database of a test."""
        with psycopg.connect(host=str(self.folder), port=_PORT, user="postgres", dbname="template1", autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it, and wait until it answers; after a crash it first reads its log again."""
        promise = _DURABLE if self.durable else _FORGETFUL
        self.process = _start(self.programs, self.folder, _account(), {**promise, **self.more})
        _wait_until_it_answers(self.process, self.folder)

    def crash(self) -> None:
        """SIGKILL: its own children end when they notice, and nothing is written any more."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """End it; clients are thrown out."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(STOP_SECONDS)
            self.process = None


@contextmanager
def running_postgres(*, durable: bool = True) -> Iterator[PostgresServer]:
    """A server of the caller's own; skips where PostgreSQL is not installed, unless CI is set."""
    found = programs()
    if found is None and os.environ.get("CI"):
        pytest.fail("there is no PostgreSQL, and where CI is set nothing may be skipped for it")
    if found is None:
        pytest.skip("there is no PostgreSQL on this machine (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="yinling-pg-"))
    try:
        account = _account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _initialise(found, folder, account)
        server = PostgresServer(found, folder, durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def shared_postgres(*, durable: bool) -> PostgresServer:
    """The one of this test run that nobody harms."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running_postgres(durable=durable))


def programs() -> Path | None:
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


def _start(programs: Path, folder: Path, account: pwd.struct_passwd | None, promise: dict[str, str]) -> subprocess.Popen[bytes]:
    settings = {**_SETTINGS, **promise, "unix_socket_directories": str(folder), "port": str(_PORT)}
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
