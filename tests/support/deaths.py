"""Deaths at every write and every send of a piece of work, one after another, each of a real process killed with SIGKILL.

A scene is prepared once. A process of its own does its work over a copy of the prepared store, first undisturbed, which tells
how many writes and sends there are and what is true in the end; then once for each of them, killed just before and just
after it, whereupon another process goes on. No list says where the writes are: whatever commits and whatever is sent is died at.

Processes are forked from a clean server (`forkserver`), stores are copied, time is a clock that is moved: a death costs
a fraction of a second, and nothing waits for a lease.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from support.providers import Heard, ProviderServer, provider
from support.store_state import State, difference, state_of
from support.stores import Stores

from alerts.outbox import LEASE
from alerts.poison import STORE_IS_AWAY
from core import failpoints
from core.clock import ManualClock
from core.config import Settings
from core.database import Database

WRITES = ("store.before_commit", "store.after_commit")
SENDS = ("pager.before_send", "pager.after_send")
_NOWHERE = "nowhere"
_PATIENCE_SECONDS = 120.0
_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Place:
    """What a process finds: a store, the settings with the providers' addresses, the time, and what the scene left for it."""

    url: str
    settings: Settings
    now: datetime
    notes: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def open(self) -> Iterator[tuple[Database, ManualClock]]:
        """The store, and the clock at its time."""
        with closing(Database(self.url)) as database:
            yield database, ManualClock(self.now)


Work = Callable[[Place], None]
Prepared = tuple[datetime, Mapping[str, Any]]
Prepare = Callable[[Database, Settings], Prepared]


@dataclass(frozen=True)
class Scene:
    """A piece of work to die in. `prepare` fills the store and gives the time and notes; `work` is done by the process."""

    name: str
    prepare: Prepare
    work: Work
    behave: Mapping[str, Any] = field(default_factory=dict)
    """How a provider treats what comes, where it does not just take it."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    in_flight: int = 1
    """Pages on their way at one time: a death may repeat each of these, once."""
    leases: int = 1
    """How long the next process works, where something comes later by itself."""
    ignored: frozenset[str] = frozenset()
    """Tables that only say that something failed, which a death may leave unsaid."""
    is_act: bool = False
    """One person's act: whole or absent, and done again by the person only where it is absent."""


@dataclass
class Toll:
    """What the deaths of a scene came to. Nothing is lost and nothing doubled, or they had failed."""

    writes: int = 0
    sends: int = 0
    kills: int = 0
    repeated: int = 0
    """Pages that were sent a second time."""
    most_repeated: int = 0
    """By one death."""


@dataclass
class Far:
    """The providers' far ends, one a channel."""

    servers: Mapping[str, ProviderServer]

    def settings(self, folder: Path, more: Mapping[str, Any]) -> Settings:
        """Settings of a centre whose providers these are."""
        phones: dict[str, Any] = {}
        for kind in ("sms", "voice"):
            phones |= {f"{kind}_provider": "generic", f"{kind}_url": self.servers[kind].url, f"{kind}_secret": SecretStr("s")}
        quiet = {"ring_again_seconds": 3600, "claim_expires_seconds": 3600, "probe_interval_seconds": 3600}
        fallback = {"fallback_urls": (f"json://{self.servers['apprise'].host}/fallback",), "callback_secret": SecretStr("c")}
        return Settings(data_dir=folder, **{**phones, **quiet, **fallback, **more})

    def begin(self, behave: Mapping[str, Any]) -> None:
        """Forget what was heard."""
        for name, server in self.servers.items():
            server.heard.clear()
            server.behave = behave.get(name, "answer")

    def heard(self) -> Counter[str]:
        """How often each page was taken, by its idempotency key."""
        return Counter(key_of(one) for server in self.servers.values() if server.behave == "answer" for one in server.heard)


def key_of(heard: Heard) -> str:
    """The idempotency key of a request, whatever its channel calls it."""
    return heard.headers.get("Idempotency-Key") or heard.headers.get("Topic") or heard.path


@contextmanager
def far_ends() -> Iterator[Far]:
    """Running providers."""
    with ExitStack() as stack:
        dialects: Mapping[str, Any] = {"sms": "generic", "voice": "generic"}
        names = ("sms", "voice", "apprise", "webhook", "web_push")
        yield Far({name: stack.enter_context(provider(dialects.get(name, "plain"))) for name in names})


@dataclass
class Ground:
    """Where scenes are played: a kind of store, a folder, the far ends."""

    stores: Stores
    folder: Path
    far: Far
    _prepared: dict[Prepare, tuple[Place, State]] = field(default_factory=dict)
    """Scenes with the same beginning share it."""

    def play(self, scene: Scene, *, thorough: bool = False) -> Toll:
        """Die before each write of the scene, after the last, and after each send: once in every state there is.

        `thorough` dies just before and just after each, although the moment after one write leaves what the moment before the
        next one finds.
        """
        settings = self.far.settings(self.folder, scene.settings)
        if scene.prepare not in self._prepared:
            try:
                self._prepared[scene.prepare] = self._begin(scene, settings)
            except (
                STORE_IS_AWAY
            ):  # it puts out whoever stands still for seconds, as a busy machine may; the program tries again too
                self._prepared[scene.prepare] = self._begin(scene, settings)
        return _Play(self, scene, *self._prepared[scene.prepare]).all(thorough=thorough)

    def _begin(self, scene: Scene, settings: Settings) -> tuple[Place, State]:
        url = self.stores.fresh()
        with closing(Database(url)) as database:
            now, notes = scene.prepare(database, settings)
            return Place(url, settings, now, notes), state_of(database)

    def close(self) -> None:
        """Forget what was prepared."""
        for place, _ in self._prepared.values():
            self.stores.forget(place.url)


@dataclass
class _Play:
    ground: Ground
    scene: Scene
    prepared: Place
    before: State

    def all(self, *, thorough: bool) -> Toll:
        reached, done, taken = self._undisturbed()
        assert difference(self.before, done) != "", f"{self.scene.name} does nothing"
        assert all(count == 1 for count in taken.values()), taken
        toll = Toll(reached[WRITES[0]], reached[SENDS[1]])
        for point in _moments(reached) if thorough else _states(reached):
            self._die(point, done, taken, toll)
        return toll

    def _undisturbed(self) -> tuple[Counter[str], State, Counter[str]]:
        with self._copy() as place:
            code, reached = _in_a_process(self.scene.work, place, _NOWHERE)
            assert code == 0, f"{self.scene.name} failed undisturbed"
            self._go_on(place)
            return reached, self._state(place), self.ground.far.heard()

    def _die(self, point: str, done: State, taken: Counter[str], toll: Toll) -> None:
        with self._copy() as place:
            code, _ = _in_a_process(self.scene.work, place, point)
            assert code == -signal.SIGKILL, f"{self.scene.name} lived past {point}"
            if self.scene.is_act:
                self._look_and_do_again(place, point, done)
            self._go_on(place)
            found = self._state(place)
            heard = self.ground.far.heard()
        toll.kills += 1
        told = f"{self.scene.name}, killed at {point}"
        assert difference(done, found) == "", f"{told}:\n{difference(done, found)}"
        assert len(heard) == len(taken), f"{told}: {heard} instead of {taken}"
        repeated = heard.total() - len(heard)
        assert all(count <= 2 for count in heard.values()), f"{told}: {heard}"
        assert repeated <= self.scene.in_flight, f"{told}: {heard}"
        toll.repeated += repeated
        toll.most_repeated = max(toll.most_repeated, repeated)

    def _look_and_do_again(self, place: Place, point: str, done: State) -> None:
        """An act that was killed is whole or absent, by where it was killed; whoever finds it absent does it again."""
        found = self._state(place)
        if difference(self.before, found) == "":
            assert point.startswith(WRITES[0]), f"{self.scene.name}: nothing is left of it at {point}"
            self.scene.work(place)
        else:
            assert difference(done, found) == "", f"{self.scene.name}: half of it is left at {point}\n{difference(done, found)}"

    def _go_on(self, place: Place) -> None:
        """The next process comes, once a lease is over, and works as long as it takes; nobody arms it."""
        for count in range(0 if self.scene.is_act else self.scene.leases):
            self.scene.work(replace(place, now=place.now + (count + 1) * (LEASE + timedelta(seconds=1))))

    @contextmanager
    def _copy(self) -> Iterator[Place]:
        url = self.ground.stores.copy(self.prepared.url)
        self.ground.far.begin(self.scene.behave)
        try:
            yield replace(self.prepared, url=url)
        finally:
            self.ground.stores.forget(url)

    def _state(self, place: Place) -> State:
        with closing(Database(place.url)) as database:
            return {name: rows for name, rows in state_of(database).items() if name not in self.scene.ignored}


def _moments(reached: Counter[str]) -> list[str]:
    """Just before and just after each write and each send."""
    return [f"{point}:{number}" for point in (*WRITES, *SENDS) for number in range(1, reached[point] + 1)]


def _states(reached: Counter[str]) -> list[str]:
    """Each state a death can leave behind, once."""
    before, after, sent = WRITES[0], WRITES[1], SENDS[1]
    return [
        *(f"{before}:{number}" for number in range(1, reached[before] + 1)),
        f"{after}:{reached[after]}",
        *(f"{sent}:{number}" for number in range(1, reached[sent] + 1)),
    ]


def _in_a_process(work: Work, place: Place, point: str) -> tuple[int | None, Counter[str]]:
    """Do the work in a process of its own with a point armed; how it ended, and how often it came by each point."""
    context = _context()
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_live, args=(work, place, point, theirs), daemon=True)
    process.start()
    theirs.close()
    process.join(_PATIENCE_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        message = f"{work} did not end at {point}"
        raise AssertionError(message)
    reached: Counter[str] = ours.recv() if process.exitcode == 0 else Counter()
    ours.close()
    return process.exitcode, reached


@cache
def _context() -> ForkServerContext:
    """The server that processes are forked from, started and warmed once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.warm"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(_TESTS), prepend=os.pathsep)
        forkserver.ensure_running()
    return context


def _live(work: Work, place: Place, point: str, theirs: Connection) -> None:
    reached: Counter[str] = Counter()
    is_the_time = failpoints._is_the_time

    def counted(armed: str, point: str) -> bool:
        reached[point] += 1
        return is_the_time(armed, point)

    failpoints._is_the_time = counted
    os.environ["YINLING_FAILPOINT"] = point
    work(place)
    theirs.send(reached)


def add(tolls: Sequence[Toll]) -> Toll:
    """The sum of several rounds of one scene."""
    return Toll(
        tolls[0].writes,
        tolls[0].sends,
        sum(one.kills for one in tolls),
        sum(one.repeated for one in tolls),
        max(one.most_repeated for one in tolls),
    )


__all__ = ["Far", "Ground", "Place", "Prepare", "Prepared", "Scene", "Toll", "add", "far_ends"]
