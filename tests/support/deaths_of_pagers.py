"""Scenes of the pager to die in: every clock, every channel, families, digests, test pages, outages, the auditor, the probe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from support.alarm_town import WANG, Town, build_town
from support.backtests import add_run
from support.deaths import Prepare, Prepared, Scene
from support.deaths_work import (
    answer_the_probe,
    press,
    run_auditor,
    run_backtest,
    run_one_clock,
    run_outage_watch,
    run_pager,
    run_pager_with_a_bug,
    run_pager_with_chores,
    run_probe_watch,
)
from support.escalation import People, step
from support.stores import START

from alerts.findings import Condition, Finding
from alerts.incidents import acknowledge
from alerts.mode_ends import set_mode
from alerts.model import Incident, Severity
from alerts.modes.model import ModeKind
from alerts.modes.service import Wanted
from alerts.outage_watch import OutageWatch
from alerts.paging.model import Page, PageTest
from alerts.probe import start_run
from alerts.shelving import Shelf, shelve
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from devices.model import Device, DeviceState
from people.model import Area, Contact, Home
from people.reach.model import ContactPoint

_BROWSER = {
    "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
    "auth": "tBHItJI5svbpez7KI4CCXg",
}
_HOUR = 3600.0


def town_of(database: Database, settings: Settings) -> tuple[Town, People]:
    """A town somebody watches."""
    town = build_town(database, ManualClock(START), settings)
    town.watch()
    return town, People(database, town.clock)


# ---- what is there before


def step_due(*addresses: str, **more: Any) -> Prepare:
    """A press, and a policy whose first step pages these at once, the second the fallback."""

    def prepare(database: Database, settings: Settings) -> Prepared:
        town, people = town_of(database, settings)
        for number, address in enumerate(addresses):
            people.staff(f"person-{number}", *(one.format(**_hosts(settings)) for one in address.split()))
        _give_keys(database)
        who = [f"user:person-{number}" for number in range(len(addresses))] or ["roster:empty"]
        if not addresses:
            people.roster("empty", [], since="00:00", until="00:01")
        people.policy(step(10, *who, **more), step(600, "fallback"))
        town.say("sos.pressed")
        return town.later(11), {}

    return prepare


def _hosts(settings: Settings) -> Mapping[str, str]:
    """The far ends' hosts as they stand in the settings; every server takes every path."""
    return {"host": settings.fallback_urls[0].split("/")[2]}


def _give_keys(database: Database) -> None:
    browsers = sa.update(ContactPoint).where(ContactPoint.channel == "web_push").values(details=_BROWSER)
    with database.transaction() as session:
        session.execute(browsers)


def bundle_due(database: Database, settings: Settings) -> Prepared:
    """Two hazards in two homes whose pages wait for one person."""
    town, people = town_of(database, settings)
    people.staff("wang", f"json://{_hosts(settings)['host']}/wang")
    people.policy(step(30, "user:wang"), severities=("critical", "high"))
    town.say("water.on", "smoke")
    town.say("water.on", "other-button")
    return town.later(31), {}


def families_waiting(database: Database, settings: Settings) -> Prepared:
    """An alarm of a home whose two contacts want to hear of it."""
    town, people = town_of(database, settings)
    for name in ("daughter", "son"):
        people.contact(name, f"json://{_hosts(settings)['host']}/{name}", consents=True)
    town.say("sos.pressed")
    return town.clock.now(), {}


def families_to_tell(database: Database, settings: Settings) -> Prepared:
    """The same before the press."""
    town, people = town_of(database, settings)
    people.contact("daughter", f"json://{_hosts(settings)['host']}/daughter", consents=True)
    return town.clock.now(), {}


def clock_due(kind: str) -> Prepare:
    """One clock that is due, and nothing else."""

    def prepare(database: Database, settings: Settings) -> Prepared:
        town, _ = town_of(database, settings)
        return _CLOCKS[kind](town), {"clock": kind}

    return prepare


def _answer_due(town: Town) -> datetime:
    town.say("call.requested", "kiosk")
    return town.later(11)


def _fall_due(town: Town) -> datetime:
    town.say("fall.detected", "pendant", facts={"cancel_window_seconds": 30.0})
    return town.later(21)


def _claim_due(town: Town) -> datetime:
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    return town.later(_HOUR + 1)


def _shelf_due(town: Town) -> datetime:
    water = town.say("water.on", "smoke")
    town.do(acknowledge, water.incident_id)
    town.do(shelve, water.incident_id, Shelf(1, town.clock.now() + timedelta(minutes=30), "师傅在修"))
    return town.later(1801)


def _mode_due(town: Town) -> datetime:
    _leave(town, timedelta(hours=1))
    town.apply(_INACTIVE)
    return town.later(_HOUR + 1)


def _question_due(town: Town) -> datetime:
    _leave(town, timedelta(days=5))
    town.later(2 * _HOUR)
    town.say("motion.seen", "smoke")
    return town.clock.now()


def _ring_due(town: Town) -> datetime:
    town.say("water.on", "smoke")
    return town.later(_HOUR + 1)


def _leave(town: Town, lasts: timedelta) -> None:
    wanted = Wanted(home_id=1, mode=ModeKind.AWAY, until_at=town.clock.now() + lasts)
    town.desk.do(WANG, lambda session, by: set_mode(session, wanted, by))


_INACTIVE = Finding(
    home_id=1,
    device_id=None,
    rule="no_movement",
    subject="home:home-1",
    kind="inactivity",
    severity=Severity.MEDIUM,
    condition=Condition.ON,
    lane="life",
    rule_kind="inactivity",
    evidence={"name": "none_for"},
)
_CLOCKS: Mapping[str, Callable[[Town], datetime]] = {
    "answer": _answer_due,
    "fall": _fall_due,
    "claim": _claim_due,
    "shelf": _shelf_due,
    "mode": _mode_due,
    "mode_question": _question_due,
    "ring": _ring_due,
}


def digest_due(database: Database, settings: Settings) -> Prepared:
    """Eight in the evening, and a son who wants the daily message."""
    town, _ = town_of(database, settings)
    now = town.clock.now()
    with database.transaction() as session:
        session.add(Contact(home_id=1, name="son", phone="13800138000", digest_consent_at=now, created_at=now))
    return town.later(9 * _HOUR), {}


def test_page_due(database: Database, settings: Settings) -> Prepared:
    """The hour of test pages, and one of the staff who was never tested."""
    town, people = town_of(database, settings)
    people.staff("wang", "sms!13800138001")
    return town.clock.now(), {}


def test_window_over(database: Database, settings: Settings) -> Prepared:
    """A test page nobody answered in its time."""
    town, people = town_of(database, settings)
    people.staff("wang", "sms!13800138001")
    now = town.clock.now()
    with database.transaction() as session:
        page = Page(
            channel="sms", target="13800138001", cause="test", idempotency_key="test:1", state="sent", due_at=now, deadline_at=now,
            sent_at=now, critical=False,
        )  # fmt: skip
        session.add(page)
        session.flush()
        session.add(PageTest(contact_point_id=1, state="sent", due_at=now, page_id=page.id, sent_at=now, window_seconds=60))
    return town.clock.now(), {}


def power_cut(*, back: bool) -> Prepare:
    """Five homes of an estate without power; or with power again, their incident open."""

    def prepare(database: Database, settings: Settings) -> Prepared:
        town, _ = town_of(database, settings)
        homes = range(11, 16)
        _estate(town, homes)
        town.apply(*(_power(home_id, Condition.ON) for home_id in homes))
        town.later(2)
        if back:
            OutageWatch(town.desk).tick()
            town.later(60)
            town.apply(*(_power(home_id, Condition.OFF) for home_id in homes))
            town.later(120)
        return town.clock.now(), {}

    return prepare


def _estate(town: Town, homes: Sequence[int]) -> None:
    now = town.clock.now()
    with town.database.transaction() as session:
        session.add(Area(id=1, code="east", name="东区", path="/east/"))
        session.flush()
        session.add_all(
            Home(id=number, code=f"h-{number}", name=f"h-{number}", address="…", area_id=1, created_at=now) for number in homes
        )
        session.flush()
        session.add_all(
            Device(
                id=number, code=f"hub-{number}", home_id=number, name="网关", profile="zigbee2mqtt-gateway", state=DeviceState.LIVE,
                created_at=now,
            )
            for number in homes
        )  # fmt: skip


def _power(home_id: int, condition: Condition) -> Finding:
    return replace(
        _INACTIVE,
        home_id=home_id,
        device_id=home_id,
        rule="power",
        subject=f"device:hub-{home_id}",
        kind="device_fault",
        severity=Severity.LOW,
        condition=condition,
        lane="fault",
        rule_kind="signal",
        evidence={},
    )


def lost_clock(database: Database, settings: Settings) -> Prepared:
    """An incident that rings nobody and asks nobody, as only a bug or a hand leaves it."""
    town, _ = town_of(database, settings)
    sos = town.say("sos.pressed")
    with database.transaction() as session:
        session.execute(sa.update(Incident).where(Incident.id == sos.incident_id).values(ring_due_at=None, escalation_due_at=None))
    return town.clock.now(), {}


def probe_sent(*, late: bool) -> Prepare:
    """A run of the probe on its way."""

    def prepare(database: Database, settings: Settings) -> Prepared:
        town, _ = town_of(database, settings)
        with database.transaction() as session:
            key = start_run(session, town.clock.now(), settings).event_key
        return town.later(60 if late else 1), {"event_key": key}

    return prepare


def backtest_waiting(database: Database, settings: Settings) -> Prepared:
    """A run over two homes that nobody has taken."""
    town, _ = town_of(database, settings)
    add_run(database, town.clock.now())
    return town.clock.now(), {"homes": (1, 2)}


def bug_due(database: Database, settings: Settings) -> Prepared:
    """A step that pages over a channel with a bug."""
    now, _ = step_due("json://{host}/wang")(database, settings)
    return now, {"now": now}


_SMS = "sms!13800138001"
_VOICE = "voice!13800138002"
_APPRISE = "json://{host}/wang"
_CHANNELS = {
    "sms": _SMS,
    "voice": _VOICE,
    "apprise": _APPRISE,
    "webhook": "webhook!http://{host}/hook",
    "web_push": "web_push!http://{host}/push/abc",
}

SCENES: Sequence[Scene] = (
    *(Scene(f"page_by_{channel}", step_due(address), run_pager) for channel, address in _CHANNELS.items()),
    Scene("page_three_at_once", step_due(_SMS, _VOICE, _APPRISE), run_pager, in_flight=3),
    Scene("page_the_next_way", step_due(f"{_SMS} {_VOICE}"), run_pager, leases=2),
    Scene("page_refused_for_good", step_due(_SMS), run_pager, behave={"sms": "never"}),
    Scene("page_while_the_provider_fails", step_due(_SMS), run_pager, behave={"sms": "fail"}),
    Scene("page_nobody_on_duty", step_due(), run_pager),
    Scene("page_over_a_channel_with_a_bug", bug_due, run_pager_with_a_bug, ignored=frozenset({"poison"})),
    Scene("page_a_bundle", bundle_due, run_pager),
    Scene("open_and_tell_families", families_to_tell, press, is_act=True),
    Scene("page_families", families_waiting, run_pager, in_flight=2),
    *(Scene(f"clock_{kind}", clock_due(kind), run_one_clock, is_act=True) for kind in _CLOCKS),
    Scene("digest", digest_due, run_pager_with_chores),
    Scene("test_page", test_page_due, run_pager_with_chores, settings={"page_test_days": 30, "page_test_at": "10:00"}),
    Scene("test_page_window", test_window_over, run_pager_with_chores),
    Scene("outage_opens", power_cut(back=False), run_outage_watch),
    Scene("outage_ends", power_cut(back=True), run_outage_watch),
    Scene("auditor_repairs", lost_clock, run_auditor, ignored=frozenset({"evidence"})),
    Scene("probe_lost", probe_sent(late=True), run_probe_watch, is_act=True),
    Scene("probe_answered", probe_sent(late=False), answer_the_probe, is_act=True),
    Scene("backtest", backtest_waiting, run_backtest),
)

__all__ = ["SCENES"]
