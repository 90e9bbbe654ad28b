"""A run goes on after the last home that was written down, ends within a moment of being cancelled, and never kills for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.backtests import DARK, DAY, ToldReplay, add_run, run_of
from support.worker import add_device, add_home

from alerts.backtest import store
from alerts.backtest.jobs import Backtests, Ground
from alerts.backtest.store import LEASE, MOST_TAKES, RunState
from alerts.model import Incident, Poison
from alerts.ruleset.model import BacktestRun
from core.clock import ManualClock
from core.database import Database
from people.model import Area, Home
from timeseries.ports import StoreAwayError


@pytest.fixture
def homes(database: Database, clock: ManualClock) -> list[int]:
    found = [add_home(database, clock.now(), f"h-{number}") for number in range(4)]
    add_home(database, clock.now(), "probe", is_probe=True)
    return found


def backtests(database: Database, clock: ManualClock, replay: ToldReplay) -> Backtests:
    return Backtests(Ground(database, clock, replay, "Asia/Shanghai"))


_OF_A_TEST = 3


class Killed(BaseException):
    """The process dies here."""


def test_a_rule_over_areas_keeps_what_it_read_of_each_home_over_a_death(
    database: Database, clock: ManualClock, homes: list[int]
) -> None:
    with database.transaction() as session:
        session.add(Area(id=9, code="east", name="East", path="/east/"))
        session.flush()
        session.execute(sa.update(Home).where(Home.id.in_(homes)).values(area_id=9))
    for home in homes:
        add_device(database, clock.now(), home, f"hub-{home}", "zigbee2mqtt-gateway")
    run = add_run(database, clock.now(), DARK)
    times = dict(zip(homes, (3, 3, 2, 1), strict=True))

    def die_in_the_third(home_id: int) -> None:
        clock.advance(timedelta(seconds=3))
        if home_id == homes[2]:
            raise Killed

    with pytest.raises(Killed):
        backtests(database, clock, ToldReplay(times, die_in_the_third)).work_once()
    clock.advance(LEASE)
    heir = ToldReplay(times)
    assert backtests(database, clock, heir).work_once()
    assert homes[0] not in heir.seen, "what was written down is not read again"
    done = run_of(database, run)
    assert (done.state, done.homes_done) == (RunState.DONE, 4)
    result = done.result or {}
    assert (result["fired"], result["homes_fired"]) == (2, 4)
    assert {one["home"]: one["count"] for one in result["homes"]} == {"h-0": 2, "h-1": 2, "h-2": 2, "h-3": 1}


def test_the_answer_says_how_often_on_whom_and_how_many_had_a_real_incident(
    database: Database, clock: ManualClock, homes: list[int]
) -> None:
    now = clock.now()
    with database.transaction() as session:
        for number, (home, reason, at) in enumerate(
            [
                (homes[1], "real_ambulance", now - DAY + timedelta(hours=25)),
                (homes[2], "reassured", now - DAY),
                (homes[3], "real_assisted", now - 5 * DAY),
                (homes[2], "real_assisted", now - DAY + timedelta(hours=1)),
            ]
        ):
            session.add(
                Incident(
                    number=number, kind="sos", home_id=home, lane="life", severity="high", state="closed", closed_at=now,
                    reason=reason, opened_at=at, test=number == _OF_A_TEST,
                )
            )  # fmt: skip
    run = add_run(database, now)
    assert backtests(database, clock, ToldReplay({homes[1]: 3, homes[2]: 1, homes[3]: 2})).work_once()
    done = run_of(database, run)
    assert (done.state, done.homes_done, done.homes_total, done.error) == (RunState.DONE, 4, 4, None)
    result = done.result or {}
    assert (result["fired"], result["suppressed"], result["homes_fired"], result["homes_with_real"]) == (6, 2, 3, 1)
    assert [(one["home"], one["count"], one["real_nearby"]) for one in result["homes"]] == [
        ("h-1", 3, True),
        ("h-3", 2, False),
        ("h-2", 1, False),
    ]
    assert result["per_day"] == [{"day": "2026-11-21", "count": 6}], "days are those of the centre's zone"
    assert len(result["events"]) == 6


def test_after_a_death_it_goes_on_with_the_next_home_and_counts_nothing_twice(
    database: Database, clock: ManualClock, homes: list[int]
) -> None:
    run = add_run(database, clock.now())
    times = dict.fromkeys(homes, 3)

    def die_in_the_third(home_id: int) -> None:
        clock.advance(timedelta(seconds=3))  # what is known is written down in the midst of each home
        if home_id == homes[2]:
            raise Killed

    with pytest.raises(Killed):
        backtests(database, clock, ToldReplay(times, die_in_the_third)).work_once()
    assert (run_of(database, run).state, run_of(database, run).homes_done) == (RunState.RUNNING, 1)
    heir = ToldReplay(times)
    assert not backtests(database, clock, heir).work_once(), "the lease of the dead still stands"
    clock.advance(LEASE)
    assert backtests(database, clock, heir).work_once()
    done = run_of(database, run)
    assert heir.seen == homes[1:], "what was half done is done again, whole"
    assert (done.state, done.homes_done, (done.result or {})["fired"]) == (RunState.DONE, 4, 12)


def test_a_run_that_kills_whoever_takes_it_fails(database: Database, clock: ManualClock, homes: list[int]) -> None:
    run = add_run(database, clock.now())

    def die(_home_id: int) -> None:
        raise Killed

    for _ in range(MOST_TAKES):
        with pytest.raises(Killed):
            backtests(database, clock, ToldReplay({homes[0]: 1}, die)).work_once()
        clock.advance(LEASE + timedelta(seconds=1))
    assert not backtests(database, clock, ToldReplay({})).work_once()
    assert (run_of(database, run).state, run_of(database, run).error) == (RunState.FAILED, "process_died")


def test_it_ends_soon_after_it_was_cancelled_and_stays_cancelled(database: Database, clock: ManualClock, homes: list[int]) -> None:
    run = add_run(database, clock.now())

    def cancel(home_id: int) -> None:
        if home_id == homes[1]:
            with database.transaction() as session:
                assert store.cancel(session, run)
        clock.advance(timedelta(seconds=0.3))

    replay = ToldReplay(dict.fromkeys(homes, 1), cancel)
    assert backtests(database, clock, replay).work_once()
    assert replay.seen == homes[:2], "it looks a quarter of a second after its last look"
    assert run_of(database, run).state == RunState.CANCELLED
    with database.transaction() as session:
        assert not store.cancel(session, run)


def test_a_process_that_stops_gives_its_run_back_at_once(database: Database, clock: ManualClock, homes: list[int]) -> None:
    run = add_run(database, clock.now())
    replay = ToldReplay(dict.fromkeys(homes, 1))
    first = backtests(database, clock, replay)
    replay.at_home = lambda home_id: first.stop() if home_id == homes[1] else None
    first.work_once()
    assert run_of(database, run).state == RunState.WAITING
    heir = ToldReplay(dict.fromkeys(homes, 1))
    assert backtests(database, clock, heir).work_once()
    assert heir.seen == homes[1:], "the home at hand is done again, whole"
    assert (run_of(database, run).result or {})["fired"] == 4


def test_one_bad_home_is_set_aside_and_the_others_go_on(database: Database, clock: ManualClock, homes: list[int]) -> None:
    run = add_run(database, clock.now())

    def stumble(home_id: int) -> None:
        if home_id == homes[1]:
            raise ZeroDivisionError

    backtests(database, clock, ToldReplay(dict.fromkeys(homes, 1), stumble)).work_once()
    result = run_of(database, run).result or {}
    assert (result["fired"], result["homes_failed"], run_of(database, run).state) == (3, 1, RunState.DONE)
    with database.snapshot() as session:
        assert [one.place for one in session.scalars(sa.select(Poison))] == ["backtest"]


def test_readings_that_are_away_fail_it_with_their_name(database: Database, clock: ManualClock, homes: list[int]) -> None:
    run = add_run(database, clock.now())

    def away(_home_id: int) -> None:
        raise StoreAwayError

    backtests(database, clock, ToldReplay({homes[0]: 1}, away)).work_once()
    assert (run_of(database, run).state, run_of(database, run).error) == (RunState.FAILED, "readings_unavailable")


def test_it_looks_at_the_homes_it_was_asked_for_only(database: Database, clock: ManualClock, homes: list[int]) -> None:
    with database.transaction() as session:
        north = Area(code="north", name="北", path="/north/")
        session.add_all([north, Area(code="northern", name="北部", path="/northern/")])
        session.flush()
        session.add(Area(code="grid", name="网格", path="/north/grid/", parent_id=north.id))
        session.flush()
        areas = {area.code: area.id for area in session.scalars(sa.select(Area))}
        for home, code in zip(homes, ("north", "grid", "northern"), strict=False):
            session.get_one(Home, home).area_id = areas[code]
    for asked, seen in ((({"area_id": areas["north"]}), homes[:2]), (({"home_id": homes[3]}), homes[3:])):
        replay = ToldReplay({})
        add_run(database, clock.now(), **asked)
        assert backtests(database, clock, replay).work_once()
        assert replay.seen == seen


def test_two_processes_never_take_the_same_run(database: Database, clock: ManualClock, homes: list[int]) -> None:
    del homes
    add_run(database, clock.now())
    with database.transaction() as session:
        assert store.take(session, clock.now()) is not None
        assert store.take(session, clock.now()) is None
    with database.snapshot() as session:
        assert session.scalar(sa.select(BacktestRun.lease_expires_at)) == clock.now() + LEASE
