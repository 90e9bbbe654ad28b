"""The whole program as a user starts it: `yinling run` in a folder of its own, on free ports, with everything a test asks of it.

A centre that wrote an ERROR line or a traceback fails its test at the end, unless the test names the lines it expects.
Whatever happens to the test, no process of it is left.
"""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from support.databases import chosen_backend, settings_of
from support.processes import PATIENCE_SECONDS, is_running, kill, processes_of, until

from yinling.guard import SUPERVISOR_VARIABLE

ADMIN_PASSWORD = "a-password-of-tests"
READY_SECONDS = 180.0
STOP_SECONDS = 60.0
TRACEBACK_LINES = 60
"""How much of what follows the first line of a traceback is shown."""
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Credentials:
    """What provisioning tells once about a device."""

    id: int
    home: str
    code: str
    host: str
    port: int
    username: str
    password: str
    client_id: str
    topic: str
    tls: bool = False
    certificate: dict[str, Any] | None = None


@dataclass
class Centre:
    """A running centre. `expected_errors` are the events of ERROR lines that do not fail the test."""

    data_dir: Path
    environment: dict[str, str]
    demo: bool = False
    expected_errors: set[str] = field(default_factory=set)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    run: dict[str, Any] = field(default_factory=dict)
    _client: httpx.Client | None = field(default=None, repr=False)
    _log_read: int = 0
    _serial: int = 0

    # ---- its life

    @property
    def log_path(self) -> Path:
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    def launch(self) -> None:
        """Start the supervisor, and do not wait."""
        assert self.process is None, "already running"
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        # It dies with this process, however that ends, as its own children die with it.
        environment = {**self.environment, SUPERVISOR_VARIABLE: str(os.getpid())}
        command = [sys.executable, "-m", "yinling", "run", "--data-dir", str(self.data_dir), *(["--demo"] if self.demo else [])]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start, and wait until it says that the whole path works."""
        self.launch()
        self.wait_ready()

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait for `run.json` and a 200 of `/readyz`."""
        until(self._has_run_file, seconds, lambda: f"run.json:\n{self.said()[-4000:]}", 0.05)
        until(self.is_ready, seconds, lambda: f"readyz: {self._readyz_text()}\n{self.said()[-4000:]}", 0.05)

    def _has_run_file(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            code, self.process = self.process.returncode, None
            pytest_message = f"yinling run ended with {code}:\n{self.said()[-4000:]}"
            raise AssertionError(pytest_message)
        try:
            self.run = orjson.loads((self.data_dir / "run.json").read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return False
        return bool(self.run["supervisor"] == self.process.pid)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=self._trusting()).status_code == 200
        except httpx.HTTPError:
            return False

    def _readyz_text(self) -> str:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=self._trusting()).text
        except httpx.HTTPError as error:
            return repr(error)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, and what it exits with."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        self._forget_client()
        return code

    def stop(self) -> None:
        """End it, whatever state it is in, and leave no process."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            for pid in processes_of(self.data_dir):  # one that a test left standing still could not end
                with suppress(ProcessLookupError):
                    kill(pid, signal.SIGCONT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        for pid in processes_of(self.data_dir):
            with suppress(ProcessLookupError):
                kill(pid)
        self._forget_client()

    def _forget_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # ---- its processes

    def pids(self) -> dict[str, int]:
        """The process of each child now."""
        with suppress(FileNotFoundError, orjson.JSONDecodeError):
            self.run = orjson.loads((self.data_dir / "run.json").read_bytes())
        return {name: pid for name, pid in self.run["children"].items() if pid is not None}

    def kill(self, child: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Kill one child; gives the process it was."""
        pid = self.pids()[child]
        kill(pid, number)
        return pid

    def wait_restarted(self, child: str, old_pid: int, seconds: float = 90.0, *, ready: bool = True) -> None:
        """Wait until the supervisor has put another process in the place of `old_pid`, and until everything works again."""
        until(
            lambda: not is_running(old_pid) and self.pids().get(child, old_pid) != old_pid,
            seconds,
            lambda: f"{child} started again:\n{self.said()[-3000:]}",
        )
        if ready:
            until(self.is_ready, seconds, lambda: f"readyz: {self._readyz_text()}\n{self.said()[-3000:]}", 0.05)

    # ---- what it said

    def said(self) -> str:
        """All it wrote to its terminal."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def logs(self) -> list[dict[str, Any]]:
        """Its log lines."""
        lines: list[dict[str, Any]] = []
        for line in self.said().splitlines():
            if line.startswith("{"):
                with suppress(orjson.JSONDecodeError):
                    lines.append(orjson.loads(line))
        return lines

    def errors(self) -> list[str]:
        """Lines that a good run does not have."""
        if "*" in self.expected_errors:
            return []
        bad = [
            orjson.dumps(line).decode()
            for line in self.logs()
            if line.get("level") in {"error", "critical"} and line.get("event") not in self.expected_errors
        ]
        said = self.said().splitlines()
        for index, line in enumerate(said):
            if line.startswith("Traceback"):  # with what led to it, and as far as it may reach
                bad += said[max(0, index - 3) : index + TRACEBACK_LINES]
            elif not line.startswith("{") and " ERROR " in line:
                bad.append(line)
        return bad

    # ---- what it answers

    @property
    def url(self) -> str:
        scheme = "https" if "YINLING_TLS_CERTIFICATE" in self.environment else "http"
        return f"{scheme}://127.0.0.1:{self.run['ports']['http']}"

    def _trusting(self) -> ssl.SSLContext | bool:
        authority = self.environment.get("YINLING_TLS_AUTHORITY")
        return True if authority is None else ssl.create_default_context(cafile=authority)

    @property
    def database_url(self) -> str:
        """The address of its relational store."""
        return self.environment.get("YINLING_DATABASE_URL") or f"sqlite:///{self.data_dir / 'yinling.db'}"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def mqtt_port(self) -> int:
        return int(self.run["ports"]["mqtt"])

    @property
    def gateway_port(self) -> int:
        return int(self.run["ports"]["gateway"])

    @property
    def api(self) -> httpx.Client:
        """A client signed in as the administrator."""
        if self._client is None:
            self._client = self.sign_in("admin", ADMIN_PASSWORD)
        return self._client

    def sign_in(self, username: str, password: str) -> httpx.Client:
        """A client signed in as anybody."""
        client = httpx.Client(base_url=self.url, timeout=30, verify=self._trusting(), headers={"Accept-Language": "en"})
        answer = client.post("/api/v1/sign-in", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return client

    def get(self, path: str, *, seconds: float = PATIENCE_SECONDS, **parameters: Any) -> Any:
        """GET as the administrator; waits while the API is being started again."""
        answer = until(lambda: self._try_get(path, parameters), seconds, lambda: f"GET {path}\n{self.said()[-2000:]}", 0.1)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _try_get(self, path: str, parameters: Mapping[str, Any]) -> httpx.Response | None:
        try:
            answer = self.api.get(f"/api/v1{path}", params=dict(parameters))
        except httpx.TransportError:
            return None
        return None if answer.status_code == 503 else answer

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST as the administrator; anything but success fails the test."""
        answer = self.api.post(f"/api/v1{path}", json=dict(body or {}))
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def incidents(self, home: str | None = None, state: str | None = "open") -> list[dict[str, Any]]:
        """All incidents, page after page."""
        items: list[dict[str, Any]] = []
        parameters: dict[str, Any] = {"limit": 200} | ({"home": home} if home else {}) | ({"state": state} if state else {})
        while True:
            answer = self.get("/incidents", **parameters)
            items += answer["items"]
            if not answer["next"]:
                return items
            parameters["cursor"] = answer["next"]

    def wait_incident(self, home: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The first open incident of a home, once there is one."""
        return until(lambda: self.incidents(home), seconds, f"an incident of {home}", 0.05)[0]

    # ---- provisioning

    def home(self, **fields: Any) -> str:
        """A new home; gives its code."""
        self._serial += 1
        code = fields.pop("code", f"home-{self._serial:04d}")
        self.post("/homes", {"code": code, "name": f"住户{code}", "address": "青山街道 1 号", **fields})
        return str(code)

    def device(self, home: str, profile: str = "sos-button", **fields: Any) -> Credentials:
        """A new device of a home, with what it signs in with."""
        body = self.post("/devices", {"home": home, "name": f"{profile} of {home}", "profile": profile, **fields})
        known = {name: body["mqtt"][name] for name in ("host", "port", "username", "password", "client_id", "topic")}
        return Credentials(id=body["id"], home=home, code=body["code"], **known)

    def user(
        self, username: str, role: str, *, name: str | None = None, homes: Collection[str] = (), areas: Collection[str] = ()
    ) -> str:
        """A person who may sign in; gives the password."""
        password = f"password-of-{username}"
        self.post(
            "/users",
            {
                "username": username,
                "password": password,
                "name": name or username,
                "role": role,
                "areas": list(areas),
                "homes": list(homes),
            },
        )
        return password


def centre_environment(data_dir: Path, **settings: Any) -> dict[str, str]:
    """The environment of a centre of tests: nothing of this shell's settings, every port free."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("YINLING_")}
    chosen = {
        "data_dir": data_dir,
        "http_port": 0,
        "mqtt_port": 0,
        "gateway_port": 0,
        "admin_password": ADMIN_PASSWORD,
        "log_json": "true",
        "broker_reserve_bytes": 0,
        **settings,
    }
    return inherited | {f"YINLING_{name.upper()}": str(value) for name, value in chosen.items()}


@contextmanager
def running_centre(
    tmp_path: Path,
    *,
    demo: bool = False,
    started: bool = True,
    expect_errors: Collection[str] = (),
    backend: str | None = None,
    **settings: Any,
) -> Iterator[Centre]:
    """A centre in `tmp_path/data`; further keywords are settings. `expect_errors={"*"}` allows every line."""
    data_dir = tmp_path / "data"
    if "database_url" not in settings:
        settings |= settings_of(backend or chosen_backend())
    centre = Centre(data_dir, centre_environment(data_dir, **settings), demo=demo, expected_errors=set(expect_errors))
    try:
        if started:
            centre.start()
        yield centre
    finally:
        centre.stop()
    errors = centre.errors()
    assert errors == [], "\n".join(errors)[:12_000]
