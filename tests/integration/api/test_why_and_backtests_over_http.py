"""Backtests are asked for, followed and cancelled within one's scope; an alert tells why, and its case can be lived again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support.api_town import Town
from support.worker import add_device

from alerts.backtest.jobs import Backtests, Ground
from alerts.engine import AlertEngine
from alerts.model import Alert, Incident, SignalRecord
from alerts.rules.signal import findings_of_signal
from alerts.rules.threshold import Measured, findings_of_reading
from api.replaying import read_home
from core.database import Database
from devices.codecs.types import Signal
from devices.model import Device
from people.model import Area, AuditEntry, User
from timeseries.ports import StoredReading

RULES = "/api/v1/rules/backtest"


@pytest.fixture(autouse=True)
def quiet(town: Town) -> None:
    """The application's own thread rests: the test takes the runs itself."""
    town.deps.backtests.stop()


def work_once(town: Town) -> bool:
    """What that thread does with the next run."""
    deps = town.deps
    return Backtests(Ground(deps.database, deps.clock, deps.replay, deps.settings.timezone)).work_once()


def period(town: Town, days: int = 3) -> dict[str, str]:
    now = town.clock.now()
    return {"start": (now - timedelta(days=days)).isoformat(), "end": now.isoformat()}


def press(town: Town, home: str, *, ago: timedelta = timedelta(0)) -> None:
    """A press as the pipeline stores it, and the incident it opens."""

    at = town.clock.now() - ago
    signal = Signal(
        "button", "sos.pressed", f"press-{at.timestamp()}", None, at, {}, retained=False, redelivered=False, has_own_id=True
    )
    with town.deps.database.transaction() as session:
        home_facts = read_home(session, town.home_id(home))
        assert home_facts is not None
        facts = home_facts.devices[town.devices[home]]
        AlertEngine(town.deps.settings).apply(session, findings_of_signal(signal, facts), at)


def alert_of(town: Town, home: str) -> Alert:
    with town.deps.database.snapshot() as session:
        return (
            session.scalars(sa.select(Alert).where(Alert.home_id == town.home_id(home)).order_by(Alert.id.desc())).first()
            or Alert()
        )


def age(database: Database) -> None:
    """The town is older than the days that are looked at."""
    with database.transaction() as session:
        for device in session.query(Device):
            device.created_at -= timedelta(days=30)


def test_a_supervisor_asks_how_often_a_rule_would_have_fired(town: Town) -> None:
    age(town.deps.database)
    for hours in (1, 30, 50):
        press(town, "h-north", ago=timedelta(hours=hours))
    press(town, "h-south", ago=timedelta(hours=2))
    headers = town.bearer("supervisor")
    asked = town.client.post(RULES, json={"code": "sos", **period(town)}, headers=headers)
    assert asked.status_code == 201, asked.text
    run = asked.json()
    assert (run["state"], run["result"], run["spec"]["code"]) == ("waiting", None, "sos")
    assert work_once(town)
    done = town.client.get(f"{RULES}/{run['id']}", headers=headers).json()
    assert (done["state"], done["homes_done"], done["homes_total"]) == ("done", 2, 2)
    result = done["result"]
    assert (result["fired"], result["homes_fired"], result["homes_with_real"]) == (4, 2, 0)
    assert [(home["home"], home["count"], home["real_nearby"]) for home in result["homes"]] == [
        ("h-north", 3, False),
        ("h-south", 1, False),
    ]
    assert {event["severity"] for event in result["events"]} == {"critical"}
    assert [item["id"] for item in town.client.get(RULES, headers=headers).json()["items"]] == [run["id"]]
    with town.deps.database.snapshot() as session:
        assert "backtest.asked" in session.scalars(sa.select(AuditEntry.action)).all()


def test_a_change_to_a_rule_is_tried_before_it_is_made(town: Town) -> None:
    age(town.deps.database)
    press(town, "h-north", ago=timedelta(hours=5))
    spec: dict[str, Any] = {
        "kind": "signal", "code": "sos-by-day", "name": {"zh": "白天呼叫", "en": "By day"}, "severity": "high", "raises": "sos",
        "on": ["sos.pressed"], "during": {"since": "00:00", "until": "00:01"}, "enabled": False, "monitor": True,
    }  # fmt: skip
    headers = town.bearer("supervisor")
    for during, fired in ((spec["during"], 0), (None, 1)):
        asked = town.client.post(
            RULES, json={"spec": spec | {"during": during}, "home": "h-north", **period(town)}, headers=headers
        )
        assert work_once(town)
        result = town.client.get(f"{RULES}/{asked.json()['id']}", headers=headers).json()["result"]
        assert (result["fired"], result["suppressed"]) == (fired, fired), "what the monitor would have kept is counted and marked"


def power(town: Town, home: str, *, off: timedelta, on: timedelta) -> None:
    """A home's mains go and come back, as the pipeline stores it; how long ago each."""
    with town.deps.database.transaction() as session:
        for kind, ago in (("power.lost", off), ("power.restored", on)):
            session.add(
                SignalRecord(
                    home_id=town.home_id(home),
                    device_id=town.devices[home],
                    event_key=f"{kind}-{ago}",
                    own_id=True,
                    type=kind,
                    received_at=town.clock.now() - ago,
                    disposition="opened",
                )
            )


def test_a_rule_over_areas_is_asked_of_an_area_or_the_centre(town: Town) -> None:
    age(town.deps.database)
    for home, seconds in (("h-north", 0), ("h-south", 20)):
        later = timedelta(seconds=seconds)
        power(town, home, off=timedelta(hours=30) - later, on=timedelta(hours=29))
        power(town, home, off=timedelta(hours=5) - later, on=timedelta(hours=4))
    with town.deps.database.transaction() as session:
        session.add(Area(code="town", name="Town", path="/town/"))
        session.flush()
        for area in session.scalars(sa.select(Area).where(Area.code.in_(("north", "south")))):
            area.path = f"/town/{area.code}/"
        session.add(
            Incident(
                number=900,
                kind="sos",
                home_id=town.home_id("h-south"),
                lane="life",
                severity="high",
                state="closed",
                reason="real_assisted",
                opened_at=town.clock.now() - timedelta(hours=4),
                closed_at=town.clock.now(),
            )
        )
    spec = {
        "kind": "outage", "code": "two-dark", "name": {"zh": "停电", "en": "Dark"}, "severity": "high", "raises": "outage",
        "lane": "fault", "homes_at_least": 2,
    }  # fmt: skip
    headers = town.bearer("supervisor")
    asked = town.client.post(RULES, json={"spec": spec, **period(town)}, headers=headers)
    assert asked.status_code == 201, asked.text
    assert work_once(town)
    done = town.client.get(f"{RULES}/{asked.json()['id']}", headers=headers).json()
    assert (done["state"], done["homes_done"]) == ("done", 2)
    result = done["result"]
    assert (result["fired"], result["homes_fired"], result["homes_with_real"], result["homes_failed"]) == (2, 2, 1, 0)
    assert [(one["home"], one["count"], one["real_nearby"]) for one in result["homes"]] == [
        ("h-north", 2, False),
        ("h-south", 2, True),
    ]
    assert [(one["home"], one["subject"]) for one in result["events"]] == [(None, "area:town")] * 2
    assert sum(day["count"] for day in result["per_day"]) == 2
    for asked_area, fired in (("town", 2), ("north", 0)):
        run = town.client.post(RULES, json={"spec": spec, "area": asked_area, **period(town)}, headers=headers).json()["id"]
        assert work_once(town)
        assert town.client.get(f"{RULES}/{run}", headers=headers).json()["result"]["fired"] == fired, asked_area


def test_a_run_is_cancelled_once(town: Town) -> None:
    headers = town.bearer("supervisor")
    run = town.client.post(RULES, json={"code": "sos", **period(town)}, headers=headers).json()["id"]
    assert town.client.delete(f"{RULES}/{run}", headers=headers).json()["state"] == "cancelled"
    again = town.client.delete(f"{RULES}/{run}", headers=headers)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "backtest_over")
    assert not work_once(town)


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"code": "nothing"}, 404, "rule_not_found"),
        ({}, 422, "backtest_needs_rule"),
        ({"code": "sos", "home": "h-nowhere"}, 422, "unknown_home"),
        ({"code": "sos", "area": "nowhere"}, 422, "unknown_area"),
        ({"code": "routine"}, 422, "backtest_not_possible"),
        ({"code": "area_outage", "home": "h-north"}, 422, "backtest_needs_area"),
        ({"code": "sos", "start": "2026-11-22T00:00:00Z", "end": "2026-11-21T00:00:00Z"}, 422, "period_invalid"),
        ({"code": "sos", "start": "2024-11-22T00:00:00Z"}, 422, "backtest_too_long"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(town: Town, wanted: dict[str, Any], status: int, code: str) -> None:
    refused = town.client.post(RULES, json={**period(town), **wanted}, headers=town.bearer("supervisor"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)


def test_runs_over_homes_out_of_sight_do_not_exist(town: Town) -> None:
    with town.deps.database.transaction() as session:
        supervisor = session.get_one(User, town.users["supervisor"])
        supervisor.areas.append(session.scalars(sa.select(Area).where(Area.code == "north")).one())
    limited, all_seeing = town.bearer("supervisor"), town.bearer("administrator")
    runs = {
        place: town.client.post(
            RULES, json={"code": "sos", **({"home": place} if place else {}), **period(town)}, headers=all_seeing
        )
        for place in ("h-north", "h-south", "")
    }
    seen = {place: town.client.get(f"{RULES}/{run.json()['id']}", headers=limited).status_code for place, run in runs.items()}
    assert seen == {"h-north": 200, "h-south": 404, "": 404}
    assert len(town.client.get(RULES, headers=limited).json()["items"]) == 1
    assert town.client.delete(f"{RULES}/{runs['h-south'].json()['id']}", headers=limited).status_code == 404
    for wanted, code in (({}, "backtest_needs_place"), ({"home": "h-south"}, "unknown_home"), ({"area": "south"}, "unknown_area")):
        refused = town.client.post(RULES, json={"code": "sos", **wanted, **period(town)}, headers=limited)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
    assert town.client.post(RULES, json={"code": "sos", "area": "north", **period(town)}, headers=limited).status_code == 201
    assert town.client.post(RULES, json={"code": "sos", **period(town)}, headers=town.bearer("operator")).status_code == 403


def test_an_alert_tells_why_and_its_case_agrees(town: Town) -> None:
    age(town.deps.database)
    press(town, "h-north")
    alert = alert_of(town, "h-north")
    url = f"/api/v1/incidents/{alert.incident_id}/alerts/{alert.id}"
    town.clock.advance(timedelta(minutes=5))
    why = town.client.get(f"{url}/why", headers=town.bearer("operator"))
    assert why.status_code == 200, why.text
    told = why.json()
    assert told["sentence"] == {
        "zh": "「button」按下了求助（内置规则「紧急呼叫」）",
        "en": "“button” was pressed for help (built-in rule “Call for help”)",
    }
    assert (told["rule"]["code"], told["rule"]["version"], told["rule"]["kind"]) == ("sos", 0, "signal")
    assert [(link["what"], link["name"], link["effect"]) for link in told["links"]] == [("signal", "sos.pressed", "raised")]
    assert [signal["type"] for signal in told["signals"]] == ["sos.pressed"]
    replayed = town.client.post(f"{url}/replay", headers=town.bearer("operator")).json()
    assert replayed == {"agrees": True, "found": [{"at": told["at"], "severity": "critical"}]}
    with town.deps.database.transaction() as session:
        session.execute(sa.delete(SignalRecord))
    assert town.client.post(f"{url}/replay", headers=town.bearer("operator")).json() == {"agrees": False, "found": []}


def test_why_keeps_to_scope_and_shows_health_values_to_whom_it_may(town: Town) -> None:
    age(town.deps.database)
    oxygen(town)
    alert = alert_of(town, "h-north")
    url = f"/api/v1/incidents/{alert.incident_id}/alerts/{alert.id}/why"
    full = town.client.get(url, headers=town.bearer("doctor")).json()
    assert full["sentence"]["zh"] == "血氧 85 %，低于 92 %（内置规则「测量值超出范围」）"
    (series,) = full["series"]
    assert (series["metric"], series["unit"], series["low"], len(series["points"])) == ("spo2", "%", 92.0, 3)
    assert not full["health_hidden"]
    without = town.client.get(url, headers=town.bearer("responder"))
    assert without.status_code == 200
    assert without.json()["health_hidden"]
    assert without.json()["series"] == []
    assert "85" not in str(without.json()["sentence"]) + str(without.json()["links"])
    with town.deps.database.snapshot() as session:
        looks = session.scalars(sa.select(AuditEntry.user_id).where(AuditEntry.action == "medical.viewed")).all()
    assert looks == [town.users["doctor"]]
    south = town.incident("h-south")
    assert town.client.get(f"/api/v1/incidents/{south}/alerts/{alert.id}/why", headers=town.bearer("operator")).status_code == 404
    assert town.client.get(url, headers=town.bearer("family")).status_code == 200
    elsewhere = f"/api/v1/incidents/{south}/alerts/1/why"
    assert town.client.get(elsewhere, headers=town.bearer("family")).json()["error"]["code"] == "incident_not_found"


def oxygen(town: Town) -> None:
    """A box that measures; its third value is out of range."""

    now, home = town.clock.now(), town.home_id("h-north")
    device = add_device(town.deps.database, now - timedelta(days=30), home, "box", "vitals", resident_id=town.residents["h-north"])
    readings = [
        StoredReading(home, device, "spo2", now - timedelta(minutes=10 - 5 * n), value) for n, value in enumerate((97, 96, 85))
    ]
    town.deps.readings.write(readings)
    with town.deps.database.transaction() as session:
        facts = read_home(session, home)
        assert facts is not None
        found = findings_of_reading(Measured("spo2", 85, now), facts.devices[device], None)
        AlertEngine(town.deps.settings).apply(session, found, now)
