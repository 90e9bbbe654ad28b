"""Who an incident is for: operators are rung for and paged only for theirs, and whatever is grave is always theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alerts.auditor import Auditor
from alerts.findings import Condition, Finding
from alerts.incidents import Ending, acknowledge, close, merge, release, reopen, split
from alerts.lanes import DOCTOR_CALL
from alerts.model import Alert, Disposition, Incident, Severity
from alerts.paging.model import Page
from alerts.waiting import Waiting

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged, Town

INSTALLERS = ("installers",)


def fault(rule: str = "battery", *audience: str, severity: Severity = Severity.LOW, **more: Any) -> Finding:
    said = Finding(
        home_id=1,
        device_id=1,
        rule=rule,
        subject="device:button",
        kind="device_fault",
        severity=severity,
        condition=Condition.ON,
        lane="fault",
        audience=audience or INSTALLERS,
        rule_kind="battery",
    )
    return replace(said, **more)


def clocks(incident: Incident) -> list[object]:
    return [incident.ring_due_at, incident.escalation_due_at, incident.answer_due_at]


def test_what_is_only_for_installers_rings_and_pages_nobody(paged: Paged) -> None:
    (opened,) = paged.town.apply(fault(severity=Severity.MEDIUM))
    assert opened.disposition is Disposition.OPENED
    assert paged.after(0) == []
    assert paged.after(86_400) == []
    incident = paged.town.incident(opened.incident_id)
    assert (incident.audience, incident.ring_count, clocks(incident)) == ("installers", 1, [None, None, None])
    auditor = Auditor(paged.town.desk)
    assert (auditor.tick(), auditor.tick(), auditor.is_content) == (0, 0, True), "without a clock by its rule, not by a flaw"


def test_an_alert_for_operators_that_joins_brings_it_to_them_with_its_clock(town: Town) -> None:
    (opened,) = town.apply(fault())
    (joined,) = town.apply(fault("tamper", "operators", "supervisors"))
    assert (joined.incident_id, joined.disposition) == (opened.incident_id, Disposition.JOINED)
    incident = town.incident(opened.incident_id)
    assert (incident.audience, incident.ring_count) == ("installers operators supervisors", 2)
    assert incident.ring_due_at is not None


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_what_becomes_grave_comes_to_the_operators_whatever_its_rule_says(town: Town, severity: Severity) -> None:
    (opened,) = town.apply(fault())
    town.apply(fault(severity=severity))
    incident = town.incident(opened.incident_id)
    assert (incident.severity, incident.audience) == (severity, "installers operators")
    assert incident.ring_due_at is not None
    assert incident.ring_count > 1
    assert Auditor(town.desk).tick() == 0


def test_a_rule_that_changed_meanwhile_brings_a_repeat_to_the_operators(town: Town) -> None:
    (opened,) = town.apply(fault())
    town.apply(fault("battery", "operators"))
    assert town.incident(opened.incident_id).ring_due_at is not None


@pytest.mark.parametrize(
    "grave",
    [
        {"severity": Severity.CRITICAL},
        {"severity": Severity.HIGH},
        {"kind": "smoke"},
        {"kind": DOCTOR_CALL, "lane": DOCTOR_CALL},
    ],
)
def test_a_danger_to_life_is_for_the_operators_from_the_start(town: Town, grave: dict[str, Any]) -> None:
    (opened,) = town.apply(fault("own_rule", "family", **{"lane": "life", **grave}))
    incident = town.incident(opened.incident_id)
    assert "operators" in incident.audience
    assert incident.ring_due_at is not None


def test_a_family_that_is_meant_is_told_however_mild_it_is(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    paged.people.contact("son", "son")
    mild = fault("weight", "operators", severity=Severity.LOW, lane="life", kind="vitals")
    paged.town.apply(mild)
    assert paged.after(0) == []
    paged.town.apply(replace(mild, rule="steps", audience=("family",)))
    assert paged.after(0) == ["daughter"]
    paged.town.apply(replace(mild, rule="sleep", audience=("family",)))
    assert paged.after(0) == [], "once an incident"


def test_a_fault_is_told_to_a_family_only_where_a_rule_means_it(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    paged.town.apply(fault())
    assert paged.after(0) == []
    paged.town.apply(fault("charge_the_watch", "family"))
    assert paged.after(0) == ["daughter"]
    assert [page.cause for page in paged.town.rows(Page)] == ["family_opened"]


def test_what_people_do_with_it_does_not_make_it_ring(town: Town) -> None:
    (opened,) = town.apply(fault())
    town.do(acknowledge, opened.incident_id)
    town.do(release, opened.incident_id)
    assert clocks(town.incident(opened.incident_id)) == [None, None, None]
    town.apply(replace(fault(), condition=Condition.OFF))
    town.do(close, opened.incident_id, Ending("technical"))
    town.do(reopen, opened.incident_id)
    assert clocks(town.incident(opened.incident_id)) == [None, None, None]


def test_shelved_it_comes_back_for_the_same_people(town: Town) -> None:
    from alerts.clocks import work_off  # noqa: PLC0415 only here

    (opened,) = town.apply(fault())
    town.do(close, opened.incident_id, Ending("technical", shelve_until=town.clock.now() + timedelta(hours=1)))
    town.later(3601)
    work_off(town.desk)
    again = town.incidents()[-1]
    assert (again.previous_id, again.state, again.audience, clocks(again)) == (
        opened.incident_id,
        "open",
        "installers",
        [None, None, None],
    )


def test_merging_what_is_the_operators_brings_the_other_to_them_and_splitting_gives_each_their_own(town: Town) -> None:
    (opened,) = town.apply(fault())
    town.apply(fault("tamper"), fault("silence", "operators"))
    silence = next(one for one in town.alerts() if one.rule == "silence")
    for_them = town.do(split, opened.incident_id, [silence.id])
    assert town.incident(for_them.id).audience == "operators"
    tamper = next(one for one in town.alerts() if one.rule == "tamper")
    apart = town.do(split, opened.incident_id, [tamper.id])
    assert (town.incident(apart.id).audience, clocks(town.incident(apart.id))) == ("installers", [None, None, None])
    town.do(merge, for_them.id, apart.id)
    merged = town.incident(apart.id)
    assert merged.audience == "installers operators"
    assert merged.ring_due_at is not None


@pytest.mark.parametrize("spoilt", [{"audience": ["operators"]}, {"audience": None}, {"severity": "high"}, {"kind": "fall"}])
def test_the_auditor_gives_the_operators_what_was_kept_from_them(paged: Paged, spoilt: dict[str, Any]) -> None:
    (opened,) = paged.town.apply(fault())
    with paged.town.database.transaction() as session:
        session.execute(sa.update(Alert).where(Alert.incident_id == opened.incident_id).values(**spoilt))
    auditor = Auditor(paged.town.desk)
    assert (auditor.tick(), auditor.tick()) == (0, 1)
    incident = paged.town.incident(opened.incident_id)
    assert "operators" in incident.audience
    assert incident.ring_due_at is not None
    assert (auditor.tick(), auditor.tick()) == (0, 0)


def test_nobody_waits_for_an_operator_with_it(town: Town) -> None:
    from alerts.metrics import INCIDENTS_NOT_CLOSED, LONGEST_WAIT_SECONDS  # noqa: PLC0415 only here

    town.apply(fault())
    town.later(3600)
    Waiting(town.desk).tick()
    assert LONGEST_WAIT_SECONDS._value.get() == 0
    assert INCIDENTS_NOT_CLOSED.labels("low", "open")._value.get() == 0
