"""Leases in the store: one holder, taken over after a standstill, given back at a clean end, and checked in every transaction."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa
from support.processes import until

from alerts import leases
from alerts.holding import HeldLease, LeaseUnsureError, Waiting, lease_one
from alerts.lease_model import PartitionLease
from alerts.leases import LAPSE_SECONDS, Duty, LeaseLostError, check, duty_of, look, release, take_lease
from core.clock import SystemClock
from core.database import Database

CLOCK = SystemClock()
DUTY = duty_of(0)
NOBODY_HERE = "another-boot/1/1.1"


def elsewhere(database: Database, duty: Duty) -> None:
    """Let the holder be of another machine, of whose processes nothing is known here."""
    with database.transaction() as session:
        session.execute(sa.update(PartitionLease).where(duty.key).values(mark=NOBODY_HERE))


def hold(database: Database, *duties: Duty) -> HeldLease:
    held = lease_one(database, CLOCK, duties or [DUTY], "test")
    assert held is not None
    return held


@pytest.fixture
def postgresql(database: Database) -> Database:
    if database.is_sqlite:
        pytest.skip("one machine: nobody waits for a lease there")
    return database


@pytest.fixture
def backend() -> str:
    return "postgresql"


def test_who_waits_takes_over_after_a_standstill_and_the_old_one_commits_nothing(postgresql: Database) -> None:
    old = hold(postgresql)
    elsewhere(postgresql, DUTY)
    began = time.monotonic()
    new = hold(postgresql)
    assert time.monotonic() - began >= LAPSE_SECONDS
    assert new.epoch == old.epoch + 1
    with pytest.raises(LeaseLostError), postgresql.transaction() as session:
        check(session, DUTY, old.epoch)
    with pytest.raises(LeaseLostError):
        old.renew()
    with pytest.raises(LeaseLostError):
        old.assure()
    with postgresql.transaction() as session:
        check(session, DUTY, new.epoch)


def test_a_lease_that_is_renewed_is_not_taken_and_one_given_back_is_at_once(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(postgresql)
    elsewhere(postgresql, DUTY)
    lost: list[LeaseLostError] = []
    held.start()
    held.tell(lost.append)
    stop = threading.Event()
    taken: list[HeldLease | None] = []
    waiter = threading.Thread(target=lambda: taken.append(lease_one(postgresql, CLOCK, [DUTY], "waiter", waiting=Waiting(stop))))
    waiter.start()
    assert not stop.wait(LAPSE_SECONDS + 2)
    assert (taken, lost) == ([], [])
    monkeypatch.setattr(leases, "LAPSE_SECONDS", 3600.0)  # nobody here waits until it would lapse
    held.stop()
    until(lambda: taken, what="what was given back is taken at once")
    waiter.join()
    assert taken[0] is not None
    assert taken[0].epoch == held.epoch + 1


def test_each_of_two_waiting_workers_gets_a_partition_of_its_own(postgresql: Database) -> None:
    duties = [duty_of(0), duty_of(1)]
    with_one = [hold(postgresql, *duties), hold(postgresql, *duties)]
    assert {held.duty for held in with_one} == set(duties)


def test_a_loss_is_told_once_also_to_who_asks_afterwards(postgresql: Database) -> None:
    held, told = hold(postgresql), list[LeaseLostError]()
    held.start()
    with postgresql.transaction() as session:
        take_lease(session, 0, "another", CLOCK.now())
    until(lambda: not held.is_sure, what="it is lost")
    held.tell(told.append)
    held.stop()
    assert [error.details["now_owned_by"] for error in told] == ["another"]


def test_two_that_start_at_once_in_a_new_centre_both_live(postgresql: Database) -> None:
    """Nobody ever had the partition, and the other takes it at this very moment: that is no failure, only not ours."""
    stop, looked = threading.Event(), list[bool]()
    waiting = Waiting(stop, looked.append)
    other = threading.Thread(target=lambda: lease_one(postgresql, CLOCK, [DUTY], "other", waiting=waiting))
    with postgresql.transaction() as session:
        epoch = take_lease(session, 0, "first", CLOCK.now())
        other.start()
        until(lambda: session.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")), what="the other is in the middle")
    until(lambda: looked, what="the other waits like any spare one")
    stop.set()
    other.join()
    with postgresql.snapshot() as session:
        assert look(session, DUTY).epoch == epoch  # type: ignore[union-attr]


def test_renewing_waits_for_no_transaction_that_checks(postgresql: Database) -> None:
    held = hold(postgresql)
    with postgresql.transaction() as session:
        check(session, DUTY, held.epoch)
        held.renew()
        assert held.is_sure


def test_a_holder_that_could_not_renew_is_unsure_before_anybody_can_take_it(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(postgresql)
    monkeypatch.setattr(held, "_renewed_seconds", held._renewed_seconds - LAPSE_SECONDS)
    with pytest.raises(LeaseUnsureError):
        held.assure()
    held.renew()
    held.assure()


def test_a_transaction_that_stands_still_does_not_hold_up_a_takeover(postgresql: Database) -> None:
    """As one of a process that was stopped in the middle: the database puts it out, and its work is gone."""
    old = hold(postgresql)
    elsewhere(postgresql, DUTY)
    with pytest.raises(sa.exc.DBAPIError), postgresql.transaction() as session:  # noqa: PT012 what stands still is the block
        check(session, DUTY, old.epoch)
        session.execute(sa.text("UPDATE centres SET name = 'written by the stalled one'"))
        began = time.monotonic()
        new = hold(postgresql)
        assert time.monotonic() - began < 30, "longer than what is open may stand still"
    with postgresql.snapshot() as session:
        assert session.scalar(sa.text("SELECT name FROM centres")) != "written by the stalled one"
        assert look(session, DUTY).epoch == new.epoch  # type: ignore[union-attr]


def test_giving_back_does_nothing_to_anothers(postgresql: Database) -> None:
    old = hold(postgresql)
    with postgresql.transaction() as session:
        take_lease(session, 0, "another", CLOCK.now())
    with postgresql.transaction() as session:
        release(session, DUTY, old.epoch)
        assert look(session, DUTY).released is False  # type: ignore[union-attr]
