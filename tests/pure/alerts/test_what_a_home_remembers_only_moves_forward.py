"""A batch learns on a fork; what fails leaves no trace, and what is told twice or late changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.context import TimerChange
from alerts.rules.memory import HomeMemory, Seen

START = datetime(2026, 11, 22, tzinfo=UTC)
POWER = ("power", 500.0, None)


def seen(minute: int, name: str = "motion.seen", value: float | None = None) -> Seen:
    return Seen(START + timedelta(minutes=minute), 1, name, value)


def known(memory: HomeMemory) -> tuple[object, ...]:
    return (memory.signals, memory.values, memory.beyond, memory.place, memory.armed)


def learn(memory: HomeMemory, minutes: list[int]) -> None:
    for minute in minutes:
        memory.heard(seen(minute))
        memory.measured(seen(minute, "power", float(minute)))
        memory.compared(seen(minute, "power", float(minute)), POWER, matches=minute % 2 == 0)
        memory.moved(seen(minute), "厨房" if minute % 3 else "卧室")


def test_a_fork_that_is_thrown_away_was_never_there() -> None:
    memory = HomeMemory()
    learn(memory, [1, 2])
    before = known(memory.fork())
    fork = memory.fork()
    learn(fork, [5])
    fork.change([TimerChange("r", "s", START)], START)
    assert known(memory) == before
    assert known(fork) != before


def test_what_two_lanes_learnt_is_both_known() -> None:
    memory = HomeMemory()
    one, other = memory.fork(), memory.fork()
    learn(one, [4])
    other.heard(seen(9, "door.opened"))
    memory.absorb(one, [TimerChange("a", "x", START)], START)
    memory.absorb(other, [TimerChange("b", "x", START)], START)
    assert set(memory.signals) == {(1, "motion.seen"), (1, "door.opened")}
    assert set(memory.armed) == {("a", "x"), ("b", "x")}


@given(st.lists(st.integers(0, 50), max_size=20), st.lists(st.integers(0, 50), max_size=20))
def test_the_same_words_again_change_nothing(first: list[int], again: list[int]) -> None:
    memory = HomeMemory()
    learn(memory, sorted(first))
    before = known(memory.fork())
    newest = max(first, default=-1)
    learn(memory, [minute for minute in again if minute in first and minute < newest])
    assert known(memory) == before


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=20).flatmap(
        lambda all_of: st.tuples(st.just(all_of), st.permutations(all_of))
    )
)
def test_what_was_last_does_not_depend_on_the_order_of_arrival(orders: tuple[list[int], list[int]]) -> None:
    memories = []
    for order in orders:
        memory = HomeMemory()
        learn(memory, order)
        memories.append(memory)
    one, other = memories
    assert (one.signals, one.values) == (other.signals, other.values)
    assert {key: beyond.last for key, beyond in one.beyond.items()} == {key: beyond.last for key, beyond in other.beyond.items()}


def test_a_step_of_the_clock_keeps_how_long_ago_everything_was() -> None:
    memory = HomeMemory()
    learn(memory, [2, 4])
    memory.change([TimerChange("r", "s", START + timedelta(minutes=9))], START)
    moved = memory.shifted(timedelta(hours=-1))
    assert moved.signals[1, "motion.seen"] == memory.signals[1, "motion.seen"] - timedelta(hours=1)
    assert moved.place is not None
    assert moved.place.since_at == START + timedelta(minutes=2 - 60)
    assert moved.armed["r", "s"].due_at == START + timedelta(minutes=9 - 60)
    assert known(moved.shifted(timedelta(hours=1))) == known(memory)
