"""Past one machine: nodes, workers, pagers and APIs die one after the other under load, a node is cut off, a worker stands still.

0 presses the broker confirmed are lost, none becomes two signals, no home is handled by two workers, a dead worker's homes are
taken over within 10 s, one that was stopped and woken commits nothing, and no page goes out twice but for the pager that was
killed. What each costs is printed.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.device import Button
from support.figures import write_figures
from support.namespaces import Hub, can_make_namespaces, hub_with
from support.phones import phones
from support.processes import until
from support.region import Region, pid_in, running_region
from support.stores import PostgresStores

from alerts.lanes import LIFE

HOMES = 8
ANSWER_SECONDS = 180.0
"""How long a device repeats one press on a busy machine before the test gives up."""
TAKEOVER_SECONDS = 10.0
"""From the death of a worker's machine to another's epoch; the lease lapses after 5 s."""


class Presser(threading.Thread):
    """A home whose button is pressed again and again, each press repeated until the centre has taken it."""

    def __init__(self, button: Button) -> None:
        super().__init__(name=button.credentials.home, daemon=True)
        self.button = button
        self.taken: list[tuple[float, float]] = []
        self._stopping = threading.Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stopping.wait(0.2):
                pressed = time.monotonic()
                self.button.press(event_id=self.button.new_id(), seconds=ANSWER_SECONDS)
                self.taken.append((pressed, time.monotonic()))
        except BaseException as error:  # told by `stop`, in the test's own thread
            self._failure = error
            raise

    def has_answer_since(self, instant: float) -> bool:
        return any(pressed >= instant for pressed, _ in self.taken[-50:])

    def wait_for_answer_since(self, instant: float) -> None:
        until(lambda: self.has_answer_since(instant), ANSWER_SECONDS, f"an answer to {self.name}", 0.05)

    def first_answer_since(self, instant: float) -> float:
        return next(answered for pressed, answered in self.taken if pressed >= instant) - instant

    def stop(self) -> None:
        self._stopping.set()
        self.join(ANSWER_SECONDS)
        assert self._failure is None, self._failure


@contextmanager
def pressing(region: Region) -> Iterator[list[Presser]]:
    with closing(region.api()) as client:
        pressers = [Presser(region.device(client)) for _ in range(HOMES)]
    try:
        for presser in pressers:
            presser.start()
        yield pressers
        for presser in pressers:
            presser.stop()
    finally:
        for presser in pressers:
            presser.button.close()


Costs = dict[str, list[float]]


def recovery(pressers: Sequence[Presser], act: Callable[[], object]) -> float:
    """Do something, and wait until a press of every home, made after it, went the whole way; the seconds that took."""
    began = time.monotonic()
    act()
    for presser in pressers:
        presser.wait_for_answer_since(began)
    return max(presser.first_answer_since(began) for presser in pressers)


def kill_a_node(region: Region, pressers: Sequence[Presser], index: int) -> float:
    node = region.cluster.nodes[index]
    seconds = recovery(pressers, node.kill)
    node.start()
    region.cluster.wait_formed()
    return seconds


def cut_a_node(region: Region, pressers: Sequence[Presser], index: int) -> float:
    """Its packets vanish; without namespaces it stands still, which looks the same to whoever waits for it."""
    node, hub = region.cluster.nodes[index], region.hub
    process = node.process
    assert process is not None
    if hub is not None:
        seconds = recovery(pressers, lambda: hub.cut(index))
        hub.mend(index)
    else:
        seconds = recovery(pressers, lambda: process.send_signal(signal.SIGSTOP))
        process.send_signal(signal.SIGCONT)
    region.cluster.wait_formed()
    return seconds


def takeover(region: Region, pressers: Sequence[Presser], partition: int, act: Callable[[], object]) -> tuple[float, float]:
    """Let a worker go: seconds until another has its partition, and until presses go through again."""
    before = region.owners()[partition][0]
    began, began_at = time.monotonic(), time.time()
    act()
    until(lambda: region.owners()[partition][0] > before, ANSWER_SECONDS, lambda: f"no new owner\n{region.said()}", 0.05)
    with region.database.snapshot() as session:
        taken_at = session.scalar(sa.text("SELECT taken_at FROM partition_leases WHERE partition = :p"), {"p": partition})
    taken_seconds = taken_at / 1e6 - began_at
    assert taken_seconds <= TAKEOVER_SECONDS
    for presser in pressers:
        presser.wait_for_answer_since(began)
    return taken_seconds, max(presser.first_answer_since(began) for presser in pressers)


def kill_a_worker(region: Region, pressers: Sequence[Presser], partition: int) -> tuple[float, float]:
    """Its machine is gone with it: nobody can tell that it ended, and its lease has to lapse."""
    region.wait_for_a_spare()
    worker = region.worker_of(partition)
    region.move_elsewhere(partition)
    costs = takeover(region, pressers, partition, worker.kill)
    region.start_spare(worker)
    return costs


def stop_and_wake_a_worker(region: Region, pressers: Sequence[Presser], partition: int) -> tuple[float, float]:
    """It is replaced while it stands still; woken, it commits nothing and ends."""
    region.wait_for_a_spare()
    worker = region.worker_of(partition)

    def committed() -> int:
        return sum(writer == worker.called for _, writer in region.writers())

    costs = takeover(region, pressers, partition, lambda: worker.send(signal.SIGSTOP))
    epoch, by_then = region.owners()[partition][0], committed()
    assert by_then > 0
    worker.send(signal.SIGCONT)
    until(lambda: worker.has_ended, 60, lambda: worker.log.read_text()[-3000:], 0.1)
    assert committed() == by_then, "the woken one committed something"
    assert region.owners()[partition][0] == epoch, "the woken one took nothing back"
    region.start_spare(worker)
    return costs


def kill_the_pager_with_the_duty(region: Region, pressers: Sequence[Presser]) -> float:
    def duty() -> tuple[int, int | None]:
        with region.database.snapshot() as session:
            row = session.execute(sa.text("SELECT epoch, mark FROM duty_leases WHERE duty = 'watch'")).one()
        return row.epoch, pid_in(row.mark)

    epoch, pid = duty()
    pager = next(one for one in region.members.values() if one.pid == pid)
    began = time.monotonic()
    recovery(pressers, pager.kill)
    until(lambda: duty()[0] > epoch, ANSWER_SECONDS, "another pager with the duty", 0.05)
    seconds = time.monotonic() - began
    pager.start()
    return seconds


def kill_an_api(region: Region, pressers: Sequence[Presser]) -> float:
    """The other one answers; devices notice nothing."""
    api = region.members["api-0"]
    seconds = recovery(pressers, api.kill)
    with closing(region.api("api-1")) as client:
        assert client.get("/api/v1/incidents", params={"limit": 1}).status_code == 200
    api.start()
    region.wait_ready("api-0")
    return seconds


def assert_nothing_lost_or_doubled(region: Region, pressers: Sequence[Presser]) -> int:
    """Every id that got a PUBACK is one signal; every home has one open incident."""
    confirmed = {(one.button.credentials.code, event_id) for one in pressers for event_id in one.button.acknowledged}
    counted = sa.text(
        "SELECT devices.code, signals.event_key, count(*) FROM signals JOIN devices ON devices.id = signals.device_id "
        "GROUP BY devices.code, signals.event_key"
    )

    def stored() -> dict[tuple[str, str], int]:
        with region.database.snapshot() as session:
            return {(code, key): number for code, key, number in session.execute(counted)}

    until(lambda: confirmed <= stored().keys(), ANSWER_SECONDS, lambda: f"lost: {confirmed - stored().keys()}", 0.5)
    assert {key: number for key, number in stored().items() if number != 1} == {}
    with region.database.snapshot() as session:
        opened = session.execute(
            sa.text(
                "SELECT homes.code, incidents.kind, incidents.lane FROM incidents JOIN homes ON homes.id = incidents.home_id "
                "WHERE homes.code LIKE 'home-%' ORDER BY homes.code"
            )
        ).all()
    assert [tuple(row) for row in opened] == [(one.name, "sos", LIFE) for one in pressers], region.said()
    return len(confirmed)


def assert_no_home_had_two_workers(region: Region) -> None:
    """Whoever follows another at a home, the other never wrote of it again."""
    by_home: dict[int, list[str]] = {}
    for home, writer in region.writers():
        written = by_home.setdefault(home, [])
        if written[-1:] != [writer]:
            written.append(writer)
    assert len(by_home) >= HOMES
    assert max(map(len, by_home.values())) > 1, "no home ever changed its worker"
    assert [written for written in by_home.values() if len(written) != len(set(written))] == []


def assert_no_step_has_two_pages(region: Region) -> None:
    """Of one step of one incident each address has one page, so one key."""
    query = (
        "SELECT incident_id, cause, step, escalation_round, channel, target FROM pages WHERE incident_id IS NOT NULL "
        "GROUP BY incident_id, cause, step, escalation_round, channel, target HAVING count(*) > 1"
    )
    with region.database.snapshot() as session:
        assert session.execute(sa.text(query)).all() == []


@contextmanager
def the_machines() -> Iterator[Hub | None]:
    with hub_with(3) if can_make_namespaces() else nullcontext(None) as hub:
        yield hub


@pytest.mark.timeout(900)
def test_each_kind_dies_once(tmp_path: Path, postgresql_stores: PostgresStores) -> None:
    _all_die(tmp_path, postgresql_stores.empty(), nodes=1, partitions=(1,))


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_everything_dies_in_turn(tmp_path: Path, postgresql_stores: PostgresStores) -> None:
    costs, presses, how_cut = _all_die(tmp_path, postgresql_stores.empty(), nodes=3, partitions=(0, 1))
    lines = ["| what happened | times | seconds, each |", "|---|---|---|"]
    lines += [f"| {what} | {len(seconds)} | {', '.join(f'{one:.1f}' for one in seconds)} |" for what, seconds in costs.items()]
    lines += ["", f"{presses} presses confirmed by the broker, 0 lost, 0 doubled. The node was cut off by {how_cut}."]
    write_figures("cluster", lines, "scale.md")


def _all_die(tmp_path: Path, url: str, *, nodes: int, partitions: Sequence[int]) -> tuple[Costs, int, str]:
    with the_machines() as hub, phones() as answering:
        settings = {"fallback_urls": answering.address("duty"), "ring_again_seconds": 3600}
        with running_region(tmp_path, url, hub, **settings) as region:
            costs, pressers = _under_load(region, nodes, partitions)
            presses = assert_nothing_lost_or_doubled(region, pressers)
            assert_no_home_had_two_workers(region)
            assert_no_step_has_two_pages(region)
        again = Counter(call.key for call in answering.calls)
        assert sum(number - 1 for number in again.values()) <= 1, "one pager was killed"
    for ended in region.ended_by_themselves:
        print(f"ended by itself: {ended}")
    for what, seconds_each in costs.items():
        print(f"{what}: {', '.join(f'{one:.1f} s' for one in seconds_each)}")
    return costs, presses, "network namespaces" if hub is not None else "SIGSTOP"


def _under_load(region: Region, nodes: int, partitions: Sequence[int]) -> tuple[Costs, list[Presser]]:
    costs: Costs = {}
    with pressing(region) as pressers:
        recovery(pressers, lambda: None)
        for index in range(nodes):
            costs.setdefault("SIGKILL of a broker node", []).append(kill_a_node(region, pressers, index))
        costs["a broker node cut off"] = [cut_a_node(region, pressers, 2)]
        for partition in partitions:
            taken, through = kill_a_worker(region, pressers, partition)
            costs.setdefault("SIGKILL of a worker, until its partition was taken over", []).append(taken)
            costs.setdefault("SIGKILL of a worker, until presses went through", []).append(through)
        taken, through = stop_and_wake_a_worker(region, pressers, 0)
        costs["a worker stopped (SIGSTOP), until its partition was taken over"] = [taken]
        costs["a worker stopped (SIGSTOP), until presses went through"] = [through]
        costs["SIGKILL of the pager with the duty, until another had it"] = [kill_the_pager_with_the_duty(region, pressers)]
        costs["SIGKILL of an API, until presses went through"] = [kill_an_api(region, pressers)]
    return costs, pressers
