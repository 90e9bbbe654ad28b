from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alerts.incidents import (
    ByHand,
    Ending,
    Responder,
    acknowledge,
    close,
    dispatch,
    on_scene,
    open_by_hand,
    release,
    resolve,
    split,
)
from alerts.paging.model import Page
from alerts.ports import NotSent
from people.model import Contact

if TYPE_CHECKING:
    from integration.alerts.conftest import Paged


def causes(paged: Paged) -> list[tuple[str, str]]:
    return [(page.cause, str((page.details or {}).get("step", ""))) for page in paged.town.rows(Page) if page.person]


def test_whoever_consented_is_told_in_the_opening_transaction(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", "daughter-2", consents=True)
    paged.people.contact("son", "son")
    paged.people.contact("neighbour", "neighbour", home=2, consents=True)
    sos = paged.town.say("sos.pressed")
    assert causes(paged) == [("family_opened", "")], "before any pager looked"
    assert paged.town.told(sos.incident_id) == ["opened", "family_told"]
    assert paged.after(0) == ["daughter"]
    assert paged.after(40) == [], "news comes over one way only"


def test_then_at_each_step_until_it_is_closed(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    town = paged.town
    sos = town.say("sos.pressed")
    town.do(acknowledge, sos.incident_id)
    town.do(release, sos.incident_id)
    town.do(acknowledge, sos.incident_id)
    town.do(dispatch, sos.incident_id, Responder(name="小陈"))
    town.do(dispatch, sos.incident_id, Responder(name="小李"))
    town.do(on_scene, sos.incident_id)
    town.do(resolve, sos.incident_id)
    town.do(close, sos.incident_id, Ending("real_assisted"))
    told = [told for cause, told in causes(paged) if cause == "family_step"]
    assert told == ["acknowledged", "acknowledged", "dispatched", "on_scene", "resolved", "closed"]
    assert len(paged.after(0)) == 7, "the news goes out although the incident is closed"


def test_telling_the_family_stops_no_clock(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    sos = paged.town.say("sos.pressed")
    assert paged.after(1) == ["daughter"]
    assert paged.town.incident(sos.incident_id).escalation_due_at is not None


@pytest.mark.parametrize("signal", ["battery.low", "fault.on", "tamper.on"])
def test_faults_are_no_familys_worry(paged: Paged, signal: str) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    paged.town.say(signal)
    assert causes(paged) == []


def test_drills_and_devices_that_are_not_live_are_no_familys_worry(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    town = paged.town
    town.do(open_by_hand, 1, ByHand("sos", drill=True))
    town.say("sos.pressed", facts={"live": False})
    assert causes(paged) == []


def test_a_drill_takes_the_true_path_but_calls_no_family(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter")
    town = paged.town
    town.do(open_by_hand, 1, ByHand("sos", drill=True))
    assert paged.after(61) == ["fallback"]


def test_when_it_gets_worse_the_family_hears_of_it_once(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    town = paged.town
    watch: dict[str, Any] = {"facts": {"cancel_window_seconds": 30.0}}
    town.say("fall.detected", "pendant", **watch)
    town.say("fall.cancelled", "pendant", **watch)
    town.say("sos.pressed", "pendant")
    town.say("sos.pressed", "pendant")
    assert causes(paged) == [("family_opened", "")]


def test_a_part_split_off_is_not_told_as_another_alarm(paged: Paged) -> None:
    paged.people.contact("daughter", "daughter", consents=True)
    town = paged.town
    sos = town.say("sos.pressed")
    town.say("smoke.on", "smoke")
    second = [alert.id for alert in town.alerts(sos.incident_id) if alert.kind == "smoke"]
    town.do(split, sos.incident_id, second)
    assert causes(paged) == [("family_opened", "")]


def test_a_way_that_never_works_is_replaced_by_the_next(paged: Paged) -> None:
    paged.people.contact("daughter", "old-number", "new-number", consents=True)
    paged.carrier.says["old-number"] = NotSent("no such number", permanent=True, broken=True)
    paged.town.say("sos.pressed")
    assert paged.after(0) == ["new-number"]


def test_consent_taken_back_is_respected_at_the_next_step(paged: Paged) -> None:
    contact_id = paged.people.contact("daughter", "daughter", consents=True)
    town = paged.town
    sos = town.say("sos.pressed")
    with town.database.transaction() as session:
        session.get_one(Contact, contact_id).alarm_consent_at = None
    town.do(acknowledge, sos.incident_id)
    assert causes(paged) == [("family_opened", "")]
