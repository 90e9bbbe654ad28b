"""What processes do in the scenes of `support.deaths_of_pagers`: the pager, the auditor, the watches, a backtest, an engine."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from support.alarm_town import Town
from support.backtests import ToldReplay
from support.deaths import Place

from alerts.auditor import Auditor
from alerts.backtest.jobs import Backtests
from alerts.backtest.jobs import Ground as BacktestGround
from alerts.channels.provider import Timeouts
from alerts.channels.registry import make_channels
from alerts.clocks import work_alone
from alerts.due import CLOCKS
from alerts.outage_watch import OutageWatch
from alerts.pager import PagerLoop
from alerts.ports import Message, NotSent, Sent
from alerts.probe import answered
from alerts.probe_watch import watch_probe
from alerts.work import Desk
from core.clock import ManualClock
from core.config import Settings
from core.database import Database

_PATIENT = Timeouts(connect_seconds=20.0, read_seconds=20.0, whole_seconds=25.0)
"""Shorter than a lease, and long enough for a machine with other things to do: no far end of these scenes stalls."""


def _desk(database: Database, clock: ManualClock, settings: Settings) -> Desk:
    return Desk(database, clock, settings, lambda _sequence: None)


def run_pager(place: Place) -> None:
    """Clocks and sends until nothing is due any more."""
    with place.open() as (database, clock):
        loop = PagerLoop(_desk(database, clock, place.settings), make_channels(place.settings, timeouts=_PATIENT))
        _settle(loop)
        loop.close()


def run_pager_with_chores(place: Place) -> None:
    """The same with digests, test pages, outages and the probe."""
    with place.open() as (database, clock):
        loop = PagerLoop(_desk(database, clock, place.settings), make_channels(place.settings, timeouts=_PATIENT))
        for _ in range(2):
            loop.do_chores()
            _settle(loop)
        loop.close()


def _settle(loop: PagerLoop) -> None:
    for _ in range(10):
        done = loop.work()
        assert loop.wait_for_sends(30)
        if not done:
            return


def run_one_clock(place: Place) -> None:
    """Every due row of one clock, and nothing else."""
    with place.open() as (database, now_clock):
        clock = next(one for one in CLOCKS if one.name == place.notes["clock"])
        with database.snapshot() as session:
            due = list(session.scalars(sa.select(clock.of.id).where(clock.column <= place.now)))
        for row_id in due:
            work_alone(_desk(database, now_clock, place.settings), clock, row_id)


class _Broken:
    """A channel with a bug."""

    def send(self, message: Message) -> Sent | NotSent:
        raise ZeroDivisionError(message.target)


def run_pager_with_a_bug(place: Place) -> None:
    """The first process has a channel with a bug; the next has not."""
    with place.open() as (database, clock):
        channels = dict(make_channels(place.settings, timeouts=_PATIENT))
        if place.now == place.notes["now"]:
            channels["apprise"] = _Broken()
        loop = PagerLoop(_desk(database, clock, place.settings), channels)
        _settle(loop)
        loop.close()


def run_auditor(place: Place) -> None:
    """Look, look again and repair, and say that all is well."""
    with place.open() as (database, clock):
        auditor = Auditor(_desk(database, clock, place.settings))
        for _ in range(4):
            auditor.tick()


def run_outage_watch(place: Place) -> None:
    """One look at the areas."""
    with place.open() as (database, clock):
        OutageWatch(_desk(database, clock, place.settings)).tick()


def run_probe_watch(place: Place) -> None:
    """One look at the probe's runs."""
    with place.open() as (database, clock):
        _desk(database, clock, place.settings).act(lambda session, now: watch_probe(session, now, place.settings))


def answer_the_probe(place: Place) -> None:
    """The probe's receipt came back."""
    with place.open() as (database, _), database.transaction() as session:
        answered(session, place.notes["event_key"], 0.2)


def run_backtest(place: Place) -> None:
    """Whatever backtest waits, to its end."""
    with place.open() as (database, clock):

        def pass_time(_home_id: int) -> None:
            clock.advance(timedelta(seconds=3))

        replay = ToldReplay(dict.fromkeys(place.notes["homes"], 2), at_home=pass_time)
        Backtests(BacktestGround(database, clock, replay, "Asia/Shanghai")).work_once()


def press(place: Place) -> None:
    """A press reaches the engine, as ingest hands it over: everything about it is one transaction."""
    with place.open() as (database, clock):
        Town(database, clock, place.settings).say("sos.pressed", "button", "17")
