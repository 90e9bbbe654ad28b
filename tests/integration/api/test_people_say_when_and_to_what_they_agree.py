"""Rhythm of a home, own values of a resident, when a contact may be called and what they agreed to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.api_town import Town

from people.model import AuditEntry, Contact, Home, Resident


def _patch(town: Town, path: str, body: dict[str, Any], *, by: str = "operator", status: int = 200) -> Any:
    answer = town.client.patch(f"/api/v1/{path}", json=body, headers=town.bearer(by))
    assert answer.status_code == status, answer.text
    return answer.json()


def _revision(town: Town) -> int:
    with town.deps.database.snapshot() as session:
        return session.query(Home).filter(Home.code == "h-north").one().revision


def _resident(town: Town) -> str:
    return f"residents/{town.residents['h-north']}"


def _contact(town: Town) -> str:
    return f"contacts/{town.contacts['h-north']}"


def test_a_home_has_its_own_rhythm(town: Town) -> None:
    before = _revision(town)
    said = _patch(town, "homes/h-north", {"rhythm": {"sleep": ["21:30", "05:00"]}})
    assert said["rhythm"] == {"sleep": ["21:30", "05:00"], "daylight": None}
    assert _revision(town) > before
    with town.deps.database.snapshot() as session:
        assert session.query(Home).filter(Home.code == "h-north").one().rhythm == {"sleep": ["21:30", "05:00"]}
    assert _patch(town, "homes/h-north", {"rhythm": None})["rhythm"] is None


@pytest.mark.parametrize(
    "rhythm", [{"sleep": ["22:00"]}, {"sleep": ["24:00", "06:00"]}, {"sleep": ["22:00", "22:00"]}, {"nap": ["13:00", "14:00"]}, []]
)
def test_a_rhythm_that_cannot_be_is_refused(town: Town, rhythm: Any) -> None:
    _patch(town, "homes/h-north", {"rhythm": rhythm}, status=422)


def test_a_resident_has_own_values_of_rules(town: Town) -> None:
    before = _revision(town)
    values = {"not_up": {"none_in": {"since": "06:00", "until": "11:30"}}, "far_from_home": {"home_radius_metres": 400}}
    said = _patch(town, _resident(town), {"rule_values": values, "on_oxygen": True, "falls_easily": True})
    assert (said["rule_values"], said["on_oxygen"], said["falls_easily"]) == (values, True, True)
    assert _revision(town) > before


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"nothing": {"enabled": False}}, "unknown_rule"),
        ({"sos": {"enabled": False}}, "rule_value_not_own"),
        ({"not_up": {"enabled": False}}, "rule_value_not_own"),
        ({"fall": {"confirm_seconds": 300}}, "rule_value_not_own"),
        ({"silence": {"silence_seconds": 10}}, "rule_value_not_own"),
        ({"not_up": {"severity": "info"}}, "rule_value_not_own"),
        ({"not_up": {"none_in": "noon"}}, "rule_value_wrong"),
        ({"far_from_home": {"home_radius_metres": -1}}, "rule_value_wrong"),
        ({"bathroom_long": {"longer_than_seconds": None}}, "rule_value_wrong"),
    ],
)
def test_own_values_that_name_no_rule_or_make_none_are_refused(town: Town, values: Any, code: str) -> None:
    assert _patch(town, _resident(town), {"rule_values": values}, status=422)["error"]["code"] == code
    with town.deps.database.snapshot() as session:
        assert session.get_one(Resident, town.residents["h-north"]).rule_values is None


def test_what_tells_of_health_is_changed_and_seen_by_those_who_may(town: Town) -> None:
    _patch(town, _resident(town), {"on_oxygen": True})
    for change in ({"on_oxygen": False}, {"falls_easily": True}, {"rule_values": {"far_from_home": {"home_radius_metres": 9000}}}):
        _patch(town, _resident(town), change, by="installer", status=403)
    said = _patch(town, _resident(town), {"phone": "13900000000"}, by="installer")
    assert (said["on_oxygen"], said["falls_easily"], said["rule_values"]) == (None, None, None)
    made = town.client.post("/api/v1/homes/h-north/residents", json={"name": "New"}, headers=town.bearer("installer"))
    assert made.status_code == 201, made.text


def test_consent_is_kept_with_who_took_it_and_when(town: Town) -> None:
    first = town.clock.now()
    said = _patch(town, _contact(town), {"alarm_consent": True})
    assert (said["alarm_consent"], said["digest_consent"], said["consent_taken_by"]) == (True, False, "Operator")
    town.clock.advance(timedelta(hours=1))
    again = _patch(town, _contact(town), {"alarm_consent": True}, by="supervisor")
    assert again["alarm_consent_at"] == said["alarm_consent_at"], "given once is given"
    assert again["consent_taken_by"] == "Operator"
    with town.deps.database.snapshot() as session:
        assert session.get_one(Contact, town.contacts["h-north"]).alarm_consent_at == first
    withdrawn = _patch(town, _contact(town), {"alarm_consent": False}, by="supervisor")
    assert (withdrawn["alarm_consent_at"], withdrawn["consent_taken_by"]) == (None, None)
    with town.deps.database.snapshot() as session:
        entries = session.query(AuditEntry).filter(AuditEntry.action.startswith("consent.")).order_by(AuditEntry.id)
        said_of_it = [(one.action, one.actor, (one.details or {})["consent"], one.home_id is not None) for one in entries]
    assert said_of_it == [
        ("consent.given", "Operator", "alarm_consent", True),
        ("consent.withdrawn", "Supervisor", "alarm_consent", True),
    ]


def test_a_new_contact_can_agree_at_once(town: Town) -> None:
    body = {"name": "Daughter", "phone": "13900000000", "alarm_consent": True, "digest_consent": True}
    made = town.client.post("/api/v1/homes/h-north/contacts", json=body, headers=town.bearer("operator")).json()
    assert (made["alarm_consent"], made["digest_consent"], made["consent_taken_by"]) == (True, True, "Operator")
    without = town.client.post(
        "/api/v1/homes/h-north/contacts", json={"name": "Neighbour", "phone": "139"}, headers=town.bearer("operator")
    ).json()
    assert (without["alarm_consent"], without["digest_consent"], without["available"]) == (False, False, None)


def test_a_contact_says_when_to_call(town: Town) -> None:
    times = [{"days": [1, 2, 3, 4, 5], "from": "08:00", "to": "22:00"}, {"days": [6, 7], "from": "22:00", "to": "02:00"}]
    before = _revision(town)
    assert _patch(town, _contact(town), {"available": times})["available"] == times
    assert _revision(town) > before
    read = town.client.get("/api/v1/homes/h-north", headers=town.bearer("operator")).json()
    assert read["contacts"][0]["available"] == times
    assert _patch(town, _contact(town), {"available": None})["available"] is None


@pytest.mark.parametrize(
    "times",
    [
        [{"days": [], "from": "08:00", "to": "22:00"}],
        [{"days": [8], "from": "08:00", "to": "22:00"}],
        [{"days": [1], "from": "8", "to": "22:00"}],
        [{"days": [1], "from": "08:00", "to": "08:00"}],
        [{"days": [1], "from": "08:00"}],
    ],
)
def test_a_time_that_cannot_be_is_refused(town: Town, times: Any) -> None:
    _patch(town, _contact(town), {"available": times}, status=422)


def test_consent_is_not_left_empty(town: Town) -> None:
    assert _patch(town, _contact(town), {"alarm_consent": None}, status=422)["error"]["code"] == "field_required"
