"""An area's power cut is one incident with its homes by risk; dangers to life stay alone, and who follows or is back is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alerts.clocks import work_off
from alerts.findings import Condition, Finding
from alerts.incidents import Ending, Responder, acknowledge, close, dispatch
from alerts.model import Alert, Disposition, Incident, IncidentHome, Severity
from alerts.modes.model import Suppressed
from alerts.outage_watch import OutageWatch
from devices.model import Device, DeviceState
from people.model import Area, Home, Resident

if TYPE_CHECKING:
    from integration.alerts.conftest import Town

HOMES = range(11, 31)
"""Ten homes in each of two estates of one street."""


@pytest.fixture
def street(town: Town) -> Town:
    now = town.clock.now()
    with town.database.transaction() as session:
        session.add(Area(id=1, code="street", name="幸福街道", parent_id=None, path="/street/"))
        session.flush()
        for number, code in ((2, "east"), (3, "west")):
            session.add(Area(id=number, code=code, name=code, parent_id=1, path=f"/street/{code}/"))
        session.flush()
        for home_id in HOMES:
            area_id = 2 if home_id <= 20 else 3
            session.add(Home(id=home_id, code=f"h-{home_id}", name=f"h-{home_id}", address="…", area_id=area_id, created_at=now))
        session.flush()
        for home_id in HOMES:
            session.add(
                Device(
                    id=home_id,
                    code=f"hub-{home_id}",
                    home_id=home_id,
                    name="网关",
                    profile="zigbee2mqtt-gateway",
                    state=DeviceState.LIVE,
                    created_at=now,
                )
            )
        for home_id, oxygen, falls in ((12, False, True), (13, True, False), (14, False, False)):
            session.add(
                Resident(home_id=home_id, name="老人", on_oxygen=oxygen, falls_easily=falls, lives_alone=True, created_at=now)
            )
    return town


def fault(home_id: int, rule: str = "power", condition: Condition = Condition.ON) -> Finding:
    return Finding(
        home_id=home_id,
        device_id=home_id,
        rule=rule,
        subject=f"device:hub-{home_id}",
        kind="device_fault" if rule == "power" else "silence",
        severity=Severity.LOW,
        condition=condition,
        lane="fault",
        rule_kind="signal" if rule == "power" else "absence",
    )


def lose(town: Town, *home_ids: int, rule: str = "power") -> None:
    town.apply(*(fault(home_id, rule) for home_id in home_ids))


def restore(town: Town, *home_ids: int, rule: str = "power") -> None:
    town.apply(*(fault(home_id, rule, Condition.OFF) for home_id in home_ids))


def look(town: Town, watch: OutageWatch) -> int:
    town.later(1.5)
    return watch.tick()


def of_area(town: Town) -> list[Incident]:
    return [one for one in town.incidents() if one.area_id is not None]


def homes(town: Town) -> list[IncidentHome]:
    with town.database.snapshot() as session:
        return list(session.scalars(sa.select(IncidentHome).order_by(IncidentHome.risk.desc(), IncidentHome.home_id)))


def test_a_power_cut_of_an_estate_is_one_incident_by_risk(street: Town) -> None:
    lose(street, 11, 12, 13, 14, 15)
    assert look(street, OutageWatch(street.desk)) == 5
    (outage,) = of_area(street)
    assert (outage.home_id, outage.area_id, outage.kind, outage.severity) == (None, 2, "outage", "high")
    assert outage.ring_due_at is not None
    assert [one.home_id for one in homes(street)] == [13, 12, 14, 11, 15]
    assert homes(street)[0].reasons == ["oxygen", "alone"]
    singles = [one for one in street.incidents() if one.home_id in HOMES]
    assert {(one.state, one.reason) for one in singles} == {("closed", "duplicate")}
    assert len(street.alerts(outage.id)) == 6


@pytest.mark.parametrize("rule", ["power", "silence"])
def test_few_homes_are_their_own_incidents(street: Town, rule: str) -> None:
    lose(street, 11, 12, 13, 14, rule=rule)
    assert look(street, OutageWatch(street.desk)) == 0
    assert of_area(street) == []
    assert {one.state for one in street.incidents()} == {"open"}


def test_silent_gateways_and_lost_connections_count_too(street: Town) -> None:
    lose(street, 11, 12, rule="silence")
    now = street.clock.now()
    with street.database.transaction() as session:
        session.execute(sa.update(Device).where(Device.id.in_((13, 14, 15))).values(online=False, offline_at=now))
    watch = OutageWatch(street.desk)
    assert look(street, watch) == 0, "a lost connection has time to come back"
    street.later(30)
    assert look(street, watch) == 5
    assert {one.because for one in homes(street)} == {"silence", "offline"}


def test_homes_that_follow_join_and_open_nothing(street: Town) -> None:
    watch = OutageWatch(street.desk)
    lose(street, 11, 12, 13, 14, 15)
    look(street, watch)
    street.later(300)
    lose(street, 16)
    assert look(street, watch) == 1
    lose(street, 17)
    assert look(street, watch) == 1
    assert len(of_area(street)) == 1
    assert len(homes(street)) == 7
    assert "outage_grew" in street.told(of_area(street)[0].id)


def test_further_faults_of_a_dark_home_belong_to_the_outage_at_once(street: Town) -> None:
    look_at = OutageWatch(street.desk)
    lose(street, 11, 12, 13, 14, 15)
    look(street, look_at)
    (outage,) = of_area(street)
    rings = outage.ring_count
    (late,) = street.apply(fault(11, "silence"))
    assert (late.disposition, late.incident_id) == (Disposition.JOINED, outage.id)
    assert [row.because for row in street.rows(Suppressed)] == ["outage"]
    assert of_area(street)[0].ring_count == rings


def test_a_danger_to_life_never_folds(street: Town) -> None:
    danger = replace(fault(11), rule="smoke", kind="smoke", severity=Severity.CRITICAL, lane="life")
    (smoke,) = street.apply(danger)
    lose(street, 11, 12, 13, 14, 15)
    look(street, OutageWatch(street.desk))
    assert street.incident(smoke.incident_id).state == "open"
    (press,) = street.apply(replace(danger, rule="sos", kind="sos", condition=Condition.MOMENTARY))
    assert press.incident_id == smoke.incident_id


def test_a_fault_somebody_is_on_the_way_to_stays_theirs(street: Town) -> None:
    lose(street, 11)
    single = street.incidents()[0]
    street.do(dispatch, single.id, Responder(name="小陈"))
    lose(street, 12, 13, 14, 15)
    look(street, OutageWatch(street.desk))
    assert street.incident(single.id).state == "dispatched"
    assert 11 in {one.home_id for one in homes(street)}


def test_homes_that_are_back_are_marked_and_the_end_still_needs_a_person(street: Town) -> None:
    watch = OutageWatch(street.desk)
    lose(street, 11, 12, 13, 14, 15)
    look(street, watch)
    restore(street, 11, 12)
    assert look(street, watch) == 2
    assert {one.home_id for one in homes(street) if one.restored_at is not None} == {11, 12}
    restore(street, 13, 14, 15)
    look(street, watch)
    (outage,) = of_area(street)
    assert outage.state == "open"
    assert "outage_restored" in street.told(outage.id)
    own = next(one for one in street.alerts(outage.id) if one.home_id is None)
    assert (own.state, own.condition_active) == ("return_unacknowledged", False)
    assert street.do(close, outage.id, Ending("technical")).state == "closed"


def test_an_outage_that_spreads_takes_the_street(street: Town) -> None:
    watch = OutageWatch(street.desk)
    lose(street, 11, 12, 13, 14, 15)
    look(street, watch)
    street.later(20)
    lose(street, 21, 22, 23, 24, 25)
    look(street, watch)
    (outage,) = of_area(street)
    assert outage.area_id == 1
    assert len(homes(street)) == 10


def test_another_look_by_another_pager_does_nothing_twice(street: Town) -> None:
    lose(street, 11, 12, 13, 14, 15)
    first, second = OutageWatch(street.desk), OutageWatch(street.desk)
    assert (look(street, first), look(street, second)) == (5, 0)
    assert len(of_area(street)) == 1


def test_a_pager_that_was_away_finds_what_began_meanwhile(street: Town) -> None:
    lose(street, 11, 12, 13, 14, 15)
    street.later(7200)
    assert look(street, OutageWatch(street.desk)) == 5


def test_closed_with_homes_still_dark_it_comes_back_as_one_incident(street: Town) -> None:
    watch = OutageWatch(street.desk)
    lose(street, 11, 12, 13, 14, 15)
    look(street, watch)
    (outage,) = of_area(street)
    street.do(acknowledge, outage.id)
    street.do(close, outage.id, Ending("handed_over", shelve_until=street.clock.now() + timedelta(hours=2)))
    assert look(street, watch) == 0, "nobody is told again of what somebody closed"
    street.later(7300)
    work_off(street.desk)
    look(street, watch)
    before, after = of_area(street)
    assert (before.state, after.state, after.previous_id) == ("closed", "open", before.id)
    assert {one.incident_id for one in homes(street)} == {after.id}
    assert [one for one in street.incidents() if one.home_id in HOMES and one.state == "open"] == []
    assert after.ring_count <= 2


def test_a_second_wave_over_a_shelved_one_is_news(street: Town) -> None:
    watch = OutageWatch(street.desk)
    lose(street, 11, 12, 13, 14, 15)
    look(street, watch)
    street.do(close, of_area(street)[0].id, Ending("handed_over", shelve_until=street.clock.now() + timedelta(hours=2)))
    street.later(600)
    lose(street, 16, 17, 18, 19, 20)
    assert look(street, watch) == 5
    assert [one.state for one in of_area(street)] == ["closed", "open"]


def test_killed_between_two_looks_nothing_is_left_half_done(street: Town) -> None:
    lose(street, 11, 12, 13, 14, 15)
    watch = OutageWatch(street.desk)
    look(street, watch)
    with street.database.snapshot() as session:
        moved = session.scalars(sa.select(Alert).where(Alert.home_id.in_(HOMES))).all()
    assert {one.incident_id for one in moved} == {of_area(street)[0].id}
    assert look(street, OutageWatch(street.desk)) == 0


def test_a_home_whose_old_fault_nobody_closed_is_lost_when_it_is_lost_again(street: Town) -> None:
    lose(street, 11, 12)
    restore(street, 11, 12)
    street.later(2 * 86_400)
    lose(street, 11, 12, 13, 14, 15)
    assert look(street, OutageWatch(street.desk)) == 5
