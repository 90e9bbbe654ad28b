"""A clock that stood still, then everything is due: all of it is worked on within seconds, the worst first."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from support.escalation import settle, step

from alerts.clocks import work_off
from alerts.escalation.policy import freeze
from alerts.escalation.store import policies_in_force
from alerts.model import Incident, TimelineEntry
from alerts.paging.model import Page
from people.model import Home

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged

TIMERS = 10_000
SECONDS = 60.0
"""Room for a busy machine; the figure is printed, and is some seconds on an idle one."""


def flood(paged: Paged, count: int, severity: str, first_id: int, home: int = 1) -> None:
    """Incidents as they stand when nobody looked for a minute."""
    town = paged.town
    now = town.clock.now()
    with town.database.transaction() as session:
        _, default = policies_in_force(session, town.settings)
        covered = default.frozen.covers(severity)
        rows = [
            {
                "id": first_id + number,
                "number": first_id + number,
                "kind": "sos",
                "home_id": home,
                "lane": f"life:{first_id + number}",
                "severity": severity,
                "state": "open",
                "opened_at": now,
                "ring_due_at": now,
                "policy": freeze(default.frozen) if covered else None,
                "escalation_round": 1,
                "escalation_from_at": now,
                "escalation_due_at": now if covered else None,
            }
            for number in range(count)
        ]
        session.execute(sa.insert(Incident), rows)


def test_ten_thousand_are_worked_on_within_seconds(paged: Paged) -> None:
    flood(paged, TIMERS, "low", 1000)
    paged.town.later(1)
    began = time.perf_counter()
    assert work_off(paged.town.desk) == TIMERS
    took = time.perf_counter() - began
    print(f"{TIMERS} timers in {took:.1f} s")
    assert took < SECONDS
    with paged.town.database.snapshot() as session:
        rings = session.scalar(sa.select(sa.func.count()).select_from(TimelineEntry).where(TimelineEntry.act == "rang_again"))
    assert rings == TIMERS


def test_the_worst_are_first_however_long_the_others_wait(paged: Paged) -> None:
    flood(paged, 300, "low", 1000)
    flood(paged, 150, "high", 2000)
    paged.town.later(30)
    flood(paged, 5, "critical", 3000)
    paged.town.later(1)
    work_off(paged.town.desk, limit=1)
    with paged.town.database.snapshot() as session:
        first = set(session.scalars(sa.select(Page.incident_id)))
    assert set(range(3000, 3005)) <= first, "in the first batch"


def test_five_hundred_homes_in_a_minute_page_everybody_once(paged: Paged) -> None:
    town = paged.town
    paged.people.staff("wang", "wang")
    paged.people.policy(step(0, "user:wang"), step(60, "fallback"))
    with town.database.transaction() as session:
        homes = [Home(code=f"flood-{number}", name="x", address="x", created_at=town.clock.now()) for number in range(500)]
        session.add_all(homes)
        session.flush()
        ids = [home.id for home in homes]
    findings = [town.finding("sos.pressed", "button") for _ in ids]
    with town.database.transaction() as session:
        for home_id, finding in zip(ids, findings, strict=True):
            town.engine.apply(session, [replace(finding, home_id=home_id, event=None)], town.clock.now())
    town.later(1)
    began = time.perf_counter()
    for _ in range(200):
        settle(paged.loop)
        if len(paged.carrier.carried) >= 500:
            break
    print(f"500 critical pages in {time.perf_counter() - began:.1f} s")
    assert sorted(page.state for page in town.rows(Page)) == ["sent"] * 500
    assert len({page.incident_id for page in town.rows(Page)}) == 500
    town.clock.advance(timedelta(seconds=1))
    settle(paged.loop)
    assert len(paged.carrier.carried) == 500
