from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from support.providers import ProviderServer, provider

from alerts.acts.answering import answer_by_link
from alerts.channels.registry import make_channels
from alerts.pager import PagerLoop
from alerts.paging.model import Page, PageTest
from alerts.paging.page_tests import is_due_again, schedule
from core.clock import ManualClock
from core.config import Settings
from core.errors import ConflictError
from people.model import Contact, User
from people.reach.model import ContactPoint

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


@pytest.fixture
def sms() -> Iterator[ProviderServer]:
    with provider("generic") as server:
        yield server


@pytest.fixture
def town(make_town: Callable[[Settings], Town], tmp_path: Path, sms: ProviderServer) -> Town:
    settings = Settings(
        data_dir=tmp_path,
        sms_provider="generic",
        sms_url=sms.url,
        sms_secret=SecretStr("s"),
        page_test_days=30,
        page_test_at="10:00",
    )
    town = make_town(settings)
    now = town.clock.now()
    with town.database.transaction() as session:
        session.add(Contact(id=1, home_id=1, name="son", phone="13800138000", created_at=now))
        session.flush()
        session.add(ContactPoint(id=1, user_id=1, channel="sms", address="13800138001", created_at=now))
        session.add(ContactPoint(id=2, user_id=2, channel="sms", address="13800138002", created_at=now, broken_at=now))
        session.add(ContactPoint(id=3, contact_id=1, channel="sms", address="13800138003", created_at=now))
    return town


@pytest.fixture
def loop(town: Town) -> Iterator[PagerLoop]:
    loop = PagerLoop(town.desk, make_channels(town.settings))
    yield loop
    loop.close()


def tick(loop: PagerLoop) -> None:
    for _ in range(3):
        loop.tick()
        assert loop.wait_for_sends(20)


def token(sms: ProviderServer) -> str:
    text: str = sms.heard[-1].json["text"]
    return text.rpartition("/a/")[2]


def test_the_staff_are_tested_every_so_many_days_and_broken_ones_are_not(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    tick(loop)
    assert [heard.json["to"] for heard in sms.heard] == ["13800138001"]
    assert "没有警情" in sms.heard[0].json["text"]
    for _ in range(28):
        town.later(24 * 3600)
        tick(loop)
    assert len(sms.heard) == 1
    for _ in range(2):
        town.later(24 * 3600)
        tick(loop)
    assert len(sms.heard) == 2


def test_families_who_want_alarms_told_are_tested_too(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    with town.database.transaction() as session:
        session.get_one(Contact, 1).alarm_consent_at = town.clock.now()
    tick(loop)
    assert sorted(heard.json["to"] for heard in sms.heard) == ["13800138001", "13800138003"]


def test_an_answer_within_the_window_is_noted_with_its_time(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    tick(loop)
    town.later(95)
    town.desk.act(lambda session, now: answer_by_link(session, token(sms), "received", now, town.settings))
    (test,) = town.rows(PageTest)
    assert test.sent_at is not None
    assert (test.state, test.answered_at) == ("answered", test.sent_at + timedelta(seconds=95))
    town.later(3600)
    tick(loop)
    assert town.rows(PageTest)[0].state == "answered"


def test_no_answer_within_the_window_is_unanswered(town: Town, loop: PagerLoop) -> None:
    tick(loop)
    town.later(30 * 60 - 1)
    tick(loop)
    assert town.rows(PageTest)[0].state == "sent"
    town.later(1)
    tick(loop)
    assert town.rows(PageTest)[0].state == "unanswered"


def test_a_page_that_never_left_is_failed_and_not_the_persons_fault(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    sms.behave = "never"
    tick(loop)
    town.later(30 * 60)
    tick(loop)
    assert town.rows(PageTest)[0].state == "failed"
    assert town.rows(Page)[0].state == "failed"
    with town.database.snapshot() as session:
        assert session.get_one(ContactPoint, 1).broken_at is not None


def test_a_test_of_a_contact_is_sent_when_it_was_planned_for(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    tick(loop)
    at = town.clock.now() + timedelta(hours=2)
    with town.database.transaction() as session:
        for _ in range(2):
            schedule(session, session.get_one(ContactPoint, 3), at, town.settings, "王芳")
    assert len(town.rows(PageTest)) == 2
    town.later(7199)
    tick(loop)
    assert len(sms.heard) == 1
    town.later(1)
    tick(loop)
    assert sms.heard[-1].json["to"] == "13800138003"


def test_one_answer_is_one_answer(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    tick(loop)
    link = token(sms)
    town.desk.act(lambda session, now: answer_by_link(session, link, "received", now, town.settings))
    with pytest.raises(ConflictError, match="answer_link_used"):
        town.desk.act(lambda session, now: answer_by_link(session, link, "received", now, town.settings))


def test_who_left_is_not_tested(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    with town.database.transaction() as session:
        session.get_one(User, 1).disabled_at = town.clock.now()
    tick(loop)
    assert sms.heard == []


def test_when_a_test_is_due_again(clock: ManualClock) -> None:
    now = clock.now()
    assert is_due_again(None, now, 30)
    assert not is_due_again(None, now, 0)
    assert not is_due_again(now - timedelta(days=29), now, 30)
    assert is_due_again(now - timedelta(days=30), now, 30)
