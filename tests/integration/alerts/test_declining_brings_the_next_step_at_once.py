from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from sqlalchemy.orm import Session
from support.providers import ProviderServer, provider

from alerts.acts.answering import answer_by_link, undelivered
from alerts.channels.registry import make_channels
from alerts.pager import PagerLoop
from alerts.paging.model import Page, PageToken
from alerts.paging.receipts import delivered
from core.config import Settings
from people.model import User
from people.reach.model import ContactPoint

if TYPE_CHECKING:
    from integration.alerts.conftest import Town


@pytest.fixture
def sms() -> Iterator[ProviderServer]:
    with provider("generic") as server:
        yield server


@pytest.fixture
def town(make_town: Callable[[Settings], Town], tmp_path: Path, sms: ProviderServer) -> Town:
    """One supervisor with one number; whoever comes after is minutes away."""
    town = make_town(Settings(data_dir=tmp_path, sms_provider="generic", sms_url=sms.url, sms_secret=SecretStr("s")))
    town.watch()
    now = town.clock.now()
    with town.database.transaction() as session:
        session.add(User(id=9, username="chief", name="值班长", role="supervisor", password_hash="x", created_at=now))
        session.flush()
        session.add(ContactPoint(user_id=9, channel="sms", address="13800138009", created_at=now))
    return town


@pytest.fixture
def loop(town: Town) -> Iterator[PagerLoop]:
    loop = PagerLoop(town.desk, make_channels(town.settings))
    yield loop
    loop.close()


def page_the_chief(town: Town, loop: PagerLoop) -> tuple[int | None, Page]:
    sos = town.say("sos.pressed")
    town.later(31)
    loop.tick()
    assert loop.wait_for_sends(20)
    (page,) = (page for page in town.rows(Page) if page.person == "user:9")
    assert page.state == "sent"
    due_at = town.incident(sos.incident_id).escalation_due_at
    assert due_at is not None
    assert due_at > town.clock.now()
    return sos.incident_id, page


def test_who_cannot_come_lets_the_next_be_asked_now(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    incident_id, _ = page_the_chief(town, loop)
    link = sms.heard[-1].json["text"].rpartition("/a/")[2]
    town.desk.act(lambda session, now: answer_by_link(session, link, "declined", now, town.settings))
    incident = town.incident(incident_id)
    assert incident.state == "open"
    assert incident.escalation_due_at == town.clock.now()
    assert "page_answered" in town.told(incident_id)


def test_what_could_not_be_delivered_lets_the_next_be_asked_now(town: Town, loop: PagerLoop) -> None:
    incident_id, page = page_the_chief(town, loop)

    def note() -> None:
        def act(session: Session, now: datetime) -> None:
            found = delivered(session, "sms", page.provider_id or "", "undelivered", now)
            if found is not None:
                undelivered(session, found, now)

        town.desk.act(act)

    note()
    assert town.incident(incident_id).escalation_due_at == town.clock.now()
    assert town.told(incident_id).count("page_delivered") == 1
    note()
    assert town.told(incident_id).count("page_delivered") == 1


def test_every_attempt_says_the_same_words_with_the_same_link(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    sms.behave = "fail"
    town.say("sos.pressed")
    town.later(31)
    for _ in range(4):
        loop.tick()
        assert loop.wait_for_sends(20)
        town.later(5)
    texts = {heard.body for heard in sms.heard}
    assert len(sms.heard) >= 3
    assert len(texts) == 1
    assert len(town.rows(PageToken)) == len({page.id for page in town.rows(Page) if page.attempts})
