from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session
from support.providers import ProviderServer, provider

from alerts.channels.registry import make_channels
from alerts.incidents import Ending, acknowledge, close
from alerts.model import Poison, SignalRecord
from alerts.modes.model import Mode, ModeKind
from alerts.pager import PagerLoop
from alerts.paging import digest
from alerts.paging.model import Digest, Page
from alerts.work import Desk
from core.config import Settings
from devices.model import Device, DeviceState
from people.model import Contact
from people.reach.model import ContactPoint

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

TO_EIGHT = timedelta(hours=9)
"""From the town's start, 11:00 in Shanghai, to 20:00."""


@pytest.fixture
def sms() -> Iterator[ProviderServer]:
    with provider("generic") as server:
        yield server


@pytest.fixture
def town(make_town: Callable[[Settings], Town], tmp_path: Path, sms: ProviderServer) -> Town:
    """Everything was heard and seen just before eight; the son wants the daily message, the daughter does not."""
    town = make_town(Settings(data_dir=tmp_path, sms_provider="generic", sms_url=sms.url, sms_secret=SecretStr("s")))
    town.watch()
    now = town.clock.now()
    with town.database.transaction() as session:
        for name, consent in (("son", now), ("daughter", None)):
            session.add(Contact(home_id=1, name=name, phone="13800138000", digest_consent_at=consent, created_at=now))
        for device in session.scalars(sa.select(Device)):
            device.last_seen_at = now + TO_EIGHT
            device.state = DeviceState.LIVE
            device.battery = 80
        session.add(
            SignalRecord(
                home_id=1,
                device_id=1,
                event_key="m",
                type="motion.seen",
                received_at=now + TO_EIGHT - timedelta(minutes=10),
                disposition="stored",
            )
        )
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


def texts(sms: ProviderServer) -> list[str]:
    return [heard.json["text"] for heard in sms.heard]


def change(town: Town, what: Callable[[Session], Any]) -> None:
    with town.database.transaction() as session:
        what(session)


def test_at_eight_whoever_wants_it_hears_that_all_is_normal_with_movement_and_battery(
    town: Town, loop: PagerLoop, sms: ProviderServer
) -> None:
    town.later(TO_EIGHT.total_seconds() - 1)
    tick(loop)
    assert texts(sms) == []
    town.later(1)
    tick(loop)
    (text,) = texts(sms)
    assert "今天一切正常" in text
    assert "李秀英" in text
    assert "11-22 19:50" in text
    assert "80 %" in text
    assert "高血压" not in text


def test_a_contact_whose_message_cannot_be_written_keeps_nobody_else_from_theirs(
    town: Town, loop: PagerLoop, sms: ProviderServer
) -> None:
    town.later(TO_EIGHT.total_seconds())
    now, day = town.clock.now(), date(2026, 11, 22)
    [(son, home)] = [(one.id, one.home_id) for one in town.rows(Contact) if one.digest_consent_at is not None]
    broken = {"channel": "sms", "target": "13800138000", "cause": "digest", "state": "given_up", "due_at": now, "deadline_at": now}
    change(town, lambda session: session.add(Page(idempotency_key=f"digest:{son}:{day}", **broken)))
    nephew = Contact(home_id=home, name="nephew", phone="13900139000", digest_consent_at=now, created_at=now)
    change(town, lambda session: session.add(nephew))
    tick(loop)
    assert [heard.json["to"] for heard in sms.heard] == ["13900139000"]
    assert [row.place for row in town.rows(Poison)] == ["digest"]


def test_once_a_day_however_often_it_is_looked_and_whoever_looks(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    town.later(TO_EIGHT.total_seconds())
    for _ in range(3):
        tick(loop)
        digest.work(Desk(town.database, town.clock, town.settings, town.hints.append))  # a pager that was started anew
    assert len(texts(sms)) == 1
    town.later(24 * 3600)
    tick(loop)
    assert len(texts(sms)) == 2
    assert [row.day for row in town.rows(Digest)] == [date(2026, 11, 22), date(2026, 11, 23)]


class DiesError(BaseException):
    pass


class DyingDesk(Desk):
    """A process that dies at its first commit, so that nothing of it is there afterwards."""

    def act(self, what: Callable[[Session, Any], Any]) -> Any:
        def dying(session: Session, now: Any) -> Any:
            what(session, now)
            session.flush()
            raise DiesError

        return super().act(dying)


def test_a_death_before_the_commit_leaves_nothing_and_after_it_one(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    town.later(TO_EIGHT.total_seconds())
    with pytest.raises(DiesError):
        digest.work(DyingDesk(town.database, town.clock, town.settings, town.hints.append))
    assert (town.rows(Digest), town.rows(Page)) == ([], [])
    digest.work(Desk(town.database, town.clock, town.settings, town.hints.append))  # and dies before it sends
    tick(loop)
    assert len(texts(sms)) == len(town.rows(Digest)) == 1


def silent(session: Session) -> None:
    session.get_one(Device, 1).last_seen_at = None


def all_silent(session: Session) -> None:
    session.execute(sa.update(Device).values(last_seen_at=None))


def flat(session: Session) -> None:
    session.get_one(Device, 1).battery = 4


def no_devices(session: Session) -> None:
    session.execute(sa.update(Device).values(state=DeviceState.RETIRED))


@pytest.mark.parametrize(
    ("trouble", "says"),
    [(silent, "没有消息"), (all_silent, "无法确认"), (flat, "电量低"), (no_devices, "无法确认")],
)
def test_what_is_not_known_is_not_called_normal(
    town: Town, loop: PagerLoop, sms: ProviderServer, trouble: Callable[[Session], None], says: str
) -> None:
    town.later(TO_EIGHT.total_seconds())
    change(town, lambda session: session.execute(sa.update(Device).values(created_at=town.clock.now() - timedelta(days=3))))
    change(town, trouble)
    tick(loop)
    (text,) = texts(sms)
    assert "正常。" not in text.replace("无法确认是否正常。", "")
    assert says in text


def test_an_incident_that_is_open_is_never_normal(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    town.later(TO_EIGHT.total_seconds())
    tick(loop)
    assert "正在处理" in texts(sms)[-1]
    assert "一切正常" not in texts(sms)[-1]


def test_an_incident_that_was_closed_may_be_followed_by_normal(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    sos = town.say("sos.pressed")
    town.do(lambda session, incident_id, by: close(session, incident_id, by, Ending("reassured")), sos.incident_id)
    town.later(TO_EIGHT.total_seconds())
    tick(loop)
    assert "一切正常" in texts(sms)[-1]


def test_an_alarm_between_planning_and_sending_is_told(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    sms.behave = "fail"
    town.later(TO_EIGHT.total_seconds())
    tick(loop)
    assert "一切正常" in texts(sms)[-1]
    town.say("smoke.on", "smoke")
    town.do(acknowledge, town.incidents()[-1].id)
    sms.behave = "answer"
    town.later(60)
    tick(loop)
    assert "正在处理" in texts(sms)[-1]


def test_a_home_that_is_away_is_not_judged(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    now = town.clock.now()
    stay = Mode(home_id=1, mode=ModeKind.HOSPITAL, starts_at=now, until_at=now + timedelta(days=3), set_by="王芳")
    change(town, lambda session: session.add(stay))
    town.later(TO_EIGHT.total_seconds())
    tick(loop)
    assert "未作判断" in texts(sms)[-1]


def test_a_pager_that_comes_back_late_in_the_evening_wakes_nobody(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    town.later(TO_EIGHT.total_seconds() + digest.WINDOW.total_seconds())
    tick(loop)
    assert (texts(sms), town.rows(Digest)) == ([], [])


def test_nobody_is_called_by_telephone_for_it(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    point = ContactPoint(contact_id=1, channel="voice", address="13800138000", created_at=town.clock.now())
    change(town, lambda session: session.add(point))
    town.later(TO_EIGHT.total_seconds())
    tick(loop)
    assert texts(sms) == []
    assert [page.cause for page in town.rows(Page)] == []


def test_a_withdrawn_consent_ends_it(town: Town, loop: PagerLoop, sms: ProviderServer) -> None:
    change(town, lambda session: session.execute(sa.update(Contact).values(digest_consent_at=None)))
    town.later(TO_EIGHT.total_seconds())
    tick(loop)
    assert texts(sms) == []
