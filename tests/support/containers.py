"""The containers of docker-compose.yml without an engine: each a process in namespaces of its own, on a read-only root.

There is no container engine where the tests run, so this does by hand what one would: a network with a name and an address for
each service, an overlay of this machine's root made read-only, volumes in their places with the owner an engine would give them,
the container's environment and nothing else, its user without capabilities, its command as it stands in the file. What is not
there are the images: their programs are this machine's (NATS from its wheel, Debian's PostgreSQL, the InfluxDB of the tests).
It needs root, as an engine does.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support import compose, image
from support.image_programs import entrypoint_of, links_of, programs_of
from support.influxd import find_influxd
from support.processes import until

T = TypeVar("T")

NOT_RUN = frozenset({"caddy", "grafana"})
"""They are in no package registry."""
USER = 10001
UP_SECONDS = 400.0
_TOOLS = "/opt/yinling-tools"
_CLONE_NEWNET = 0x40000000
_SERIALS = itertools.count()


@dataclass
class Container:
    """One service as it runs."""

    name: str
    spec: compose.Service
    environment: dict[str, str]
    address: str
    network: str
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    answer: tuple[int, str] = (1, "never asked")

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def said(self) -> str:
        """All it wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def inner_pid(self) -> int | None:
        """The container's first process, as this machine counts; None when there is none."""
        assert self.process is not None
        try:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        except FileNotFoundError:
            return None
        return int(children[0]) if children else None

    def health(self) -> tuple[int, str]:
        """The health check, in the container, as its user: exit code and what it said."""
        kind, *command = self.spec["healthcheck"]["test"]
        assert kind == "CMD"
        enter = ["nsenter", f"--target={self.inner_pid()}", "--all", "--root", "--wd"]
        done = subprocess.run(
            [*enter, *_as_user(), *self.in_environment(command)], capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, (done.stdout + done.stderr)[-1000:]

    def in_environment(self, command: list[str]) -> list[str]:
        """A command with the container's environment and nothing of ours."""
        path = ":".join([_TOOLS, *map(str, programs_of(self.spec["image"])), "/usr/bin", "/bin"])
        given = {"PATH": path, "HOME": "/", **self.environment}
        return ["env", "-i", *(f"{name}={value}" for name, value in given.items()), *command]

    def kill(self) -> None:
        """SIGKILL to all of it: a power cut of this one."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def is_healthy(self) -> bool:
        """Whether its health check says so now; fails when it has ended."""
        if self.process is None:
            return False
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.said()[-4000:]}"
        with suppress(FileNotFoundError):  # not yet inside its namespaces
            self.answer = self.health() if self.inner_pid() else (1, "not yet there")
        return self.answer[0] == 0

    def is_completed(self) -> bool:
        """Whether it has ended well; fails when it ended otherwise."""
        if self.process is None or self.process.poll() is None:
            return False
        assert self.process.returncode == 0, f"{self.name} ended with {self.process.returncode}:\n{self.said()[-4000:]}"
        return True


class Composition:
    """All services of one profile, on a network of their own."""

    def __init__(self, folder: Path, values: Mapping[str, str], dotenv: str = "") -> None:
        self.folder = folder
        self.volumes = folder / "volumes"
        self.project = folder / "project"
        (self.project / "secrets").mkdir(parents=True)
        (self.project / ".env").write_text(dotenv)
        self._hub = f"yl{os.getpid()}-{next(_SERIALS)}"
        found = {name: spec for name, spec in compose.services(values).items() if name not in NOT_RUN}
        self.containers = {
            name: Container(
                name,
                found[name],
                compose.environment(found[name], self.project),
                f"10.213.0.{number}",
                f"{self._hub}-{number}",
                folder / "containers" / name,
            )
            for number, name in enumerate(compose.in_order(found), start=2)
        }

    def __getitem__(self, name: str) -> Container:
        return self.containers[name]

    def create(self) -> None:
        """Networks and volumes, as an engine makes them for every container before it starts the first."""
        _ip("netns", "add", self._hub)
        _ip("-n", self._hub, "link", "add", "hub", "type", "bridge")
        _ip("-n", self._hub, "addr", "add", "10.213.0.1/24", "dev", "hub")
        for link in ("lo", "hub"):
            _ip("-n", self._hub, "link", "set", link, "up")
        owned = set(image.folders_of_the_user())
        for number, container in enumerate(self.containers.values()):
            container.folder.mkdir(parents=True, exist_ok=True)
            _ip("netns", "add", container.network)
            _ip("-n", container.network, "link", "set", "lo", "up")
            if container.spec.get("network_mode") != "none":
                _ip(
                    "link",
                    "add",
                    f"v{number}",
                    "netns",
                    self._hub,
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth0",
                    "netns",
                    container.network,
                )
                _ip("-n", self._hub, "link", "set", f"v{number}", "master", "hub", "up")
                _ip("-n", container.network, "addr", "add", f"{container.address}/24", "dev", "eth0")
                _ip("-n", container.network, "link", "set", "eth0", "up")
            for mount in compose.mounts(container.spec):
                if mount.is_volume:
                    place = self.volumes / mount.source
                    place.mkdir(parents=True, exist_ok=True)
                    if container.spec["image"].startswith("yinling:") and mount.target in owned:
                        os.chown(place, USER, USER)
                        place.chmod(0o700)
                    elif mount.target == "/var/lib/postgresql":  # so in the official image
                        place.chmod(0o1777)

    def up(self) -> None:
        """Start each container once what it waits for is as it wants it, and wait until all are well."""
        waiting, well = dict(self.containers), set[str]()

        def go_on() -> bool:
            for name, container in self.containers.items():
                if name not in well and (container.is_healthy() if "healthcheck" in container.spec else container.is_completed()):
                    well.add(name)
            for name, container in list(waiting.items()):
                if set(compose.conditions(container.spec)) <= well:
                    self.start(waiting.pop(name))
            return well == set(self.containers)

        until(
            go_on,
            UP_SECONDS,
            lambda: {name: (each.answer, each.said()[-500:]) for name, each in self.containers.items() if name not in well},
            0.2,
        )

    def start(self, container: Container) -> None:
        """Start one container."""
        script = "\n".join(self._script(container))
        unshared = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL", "sh", "-ceu", script]
        with container.log.open("ab") as log:
            container.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "ip", "netns", "exec", container.network, *unshared],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _script(self, container: Container) -> Iterator[str]:
        """What happens between the namespaces and the container's command."""
        q = shlex.quote
        layers, root = container.folder / "layers", container.folder / "layers" / "root"
        yield "mount --make-rprivate /"
        yield f"mkdir -p {q(str(layers))} && mount -t tmpfs tmpfs {q(str(layers))}"
        yield f"mkdir {q(str(layers))}/upper {q(str(layers))}/work {q(str(root))}"
        yield f"mount -t overlay overlay -o lowerdir=/,upperdir={q(str(layers))}/upper,workdir={q(str(layers))}/work {q(str(root))}"
        yield f"mount --rbind /dev {q(str(root))}/dev && mount -t proc proc {q(str(root))}/proc"
        for kept in _hidden_folders():  # homes that this container's user may not enter
            yield f"chmod o+x {q(str(root) + str(kept))}"
        names = {each.address: name for name, each in self.containers.items()}
        hosts = "".join(f"{address} {name}\n" for address, name in {"127.0.0.1": "localhost", **names}.items())
        yield f"printf %s {q(hosts)} > {q(str(root))}/etc/hosts"
        yield f"echo yinling:x:{USER}:{USER}::/data:/bin/false >> {q(str(root))}/etc/passwd"
        yield f"mkdir -p {q(str(root))}{_TOOLS}"
        for name, program in links_of(container.spec["image"]).items():
            yield f"ln -s {q(str(program))} {q(str(root))}{_TOOLS}/{name}"
        for text in sorted(container.spec.get("tmpfs", [])):
            target, _, options = text.partition(":")
            place = q(f"{root}{target}")
            yield f"mkdir -p {place} && mount -t tmpfs -o {options or 'mode=1777'} tmpfs {place}"
            for ours in [each for each in _ours() if each.is_relative_to(target)]:  # a tree that lies in /tmp
                yield f"mkdir -p {q(f'{root}{ours}')} && mount --bind {q(str(ours))} {q(f'{root}{ours}')}"
        for mount in sorted(compose.mounts(container.spec), key=lambda each: each.target):
            base = self.volumes if mount.is_volume else self.project if mount.source == "./secrets" else compose.ROOT
            source, place = q(str(base / mount.source)), q(f"{root}{mount.target}")
            yield f"[ -d {place} ] || mkdir -p {place} && mount --bind {source} {place}"
            if mount.read_only:
                yield f"mount -o remount,ro,bind {place}"
        if container.spec.get("read_only"):
            yield f"mount -o remount,ro {q(str(root))}"
        command = [*entrypoint_of(container.spec["image"]), *container.spec["command"]]
        yield f"exec chroot {q(str(root))} {shlex.join([*_as_user(), *container.in_environment(command)])}"

    def inside(self, work: Callable[[], T]) -> T:
        """Run something in the network of the containers, as if on the server itself; gives what it gives."""
        answer: list[Any] = []

        def enter() -> None:
            with Path(f"/run/netns/{self._hub}").open("rb") as network:
                assert ctypes.CDLL(None, use_errno=True).setns(network.fileno(), _CLONE_NEWNET) == 0
            try:
                answer.extend((True, work()))
            except BaseException as error:  # noqa: BLE001 it is raised again where it was asked for
                answer.extend((False, error))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        well, value = answer
        if not well:
            raise value
        result: T = value
        return result

    def down(self) -> None:
        """Stop everything and leave nothing."""
        running = [each.process for each in self.containers.values() if each.process is not None]
        for container in reversed(self.containers.values()):
            if container.process is not None and container.process.poll() is None and (pid := container.inner_pid()):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for container in self.containers.values():
            _ip("netns", "del", container.network, check=False)
        _ip("netns", "del", self._hub, check=False)


@contextmanager
def running(folder: Path, values: Mapping[str, str] | None = None, dotenv: str = "") -> Iterator[Composition]:
    """`docker compose up` in a folder; everything is gone afterwards."""
    if os.geteuid() != 0:
        message = "containers without an engine need root for their namespaces"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    composition = Composition(folder, values or {}, dotenv)
    try:
        composition.create()
        composition.up()
        yield composition
    finally:
        composition.down()


def _as_user() -> list[str]:
    """What an engine makes of `user`, `cap_drop: [ALL]` and `no-new-privileges`."""
    rights = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *rights, "--"]


def _hidden_folders() -> Iterator[Path]:
    """Folders above our programs that others may not enter."""
    seen: set[Path] = set()
    for program in _ours():
        for folder in [program, *program.parents]:
            if folder.exists() and folder not in seen and not folder.stat().st_mode & 0o001:
                seen.add(folder)
                yield folder


def _ours() -> list[Path]:
    """Where our own programs lie."""
    found = find_influxd()
    return [compose.ROOT, Path(sys.prefix), Path(sys.base_prefix).resolve(), *([found.parent] if found else [])]


def _ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
