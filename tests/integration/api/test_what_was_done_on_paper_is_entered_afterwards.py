"""Incidents and acts of paper: both times are kept, the figures leave them out, and what is over already rings nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support.api_town import Town

from alerts.metrics import ANSWER_SECONDS
from alerts.model import Incident, TimelineEntry
from alerts.paging.model import Page
from people.model import AuditEntry, Contact

API = "/api/v1/incidents"


def ago(town: Town, **back: float) -> str:
    return (town.clock.now() - timedelta(**back)).isoformat()


def line(town: Town, act: str, minutes: float, **more: object) -> dict[str, object]:
    return {"act": act, "done_at": ago(town, minutes=minutes), **more}


def sheet(town: Town) -> dict[str, Any]:
    """A night's line: at 2 h ago she called; taken, somebody sent, there, closed."""
    return {
        "home": "h-north",
        "kind": "phone_call",
        "note": "on paper: she fell in the kitchen",
        "happened_at": ago(town, minutes=120),
        "done": [
            line(town, "acknowledge", 119),
            line(town, "dispatch", 115, responder_name="Neighbour Li", note="has a key"),
            line(town, "note", 110, note="son telephoned"),
            line(town, "on_scene", 100),
            line(town, "close", 60, reason="real_assisted"),
        ],
    }


def same(answered: str, sent: object) -> bool:
    return datetime.fromisoformat(answered) == datetime.fromisoformat(str(sent))


def test_a_whole_line_of_paper_is_entered_with_both_times(town: Town) -> None:
    wanted = sheet(town)
    answer = town.client.post(API, json=wanted, headers=town.bearer("operator"))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["state"], made["reason"], made["responder"]["name"]) == ("closed", "real_assisted", "Neighbour Li")
    assert made["entered_afterwards"] is True
    assert same(made["happened_at"], wanted["happened_at"])
    assert same(made["opened_at"], town.clock.now().isoformat())
    assert same(made["acknowledged_at"], wanted["done"][0]["done_at"])
    assert same(made["closed_at"], wanted["done"][-1]["done_at"])
    story = [(entry["act"], entry["done_at"], entry["at"], entry["actor"]) for entry in made["timeline"]]
    assert [act for act, *_ in story] == ["opened", "acknowledged", "dispatched", "noted", "on_scene", "closed"]
    done = [wanted["happened_at"], *(one["done_at"] for one in wanted["done"])]
    assert all(same(told, sent) for (_, told, _, _), sent in zip(story, done, strict=True))
    assert {(at, actor) for _, _, at, actor in story} == {(made["opened_at"], "Operator")}, "when and by whom it was entered"
    assert made["timeline"][3]["details"]["text"] == "son telephoned"


def test_the_story_cannot_be_rewritten(town: Town) -> None:
    town.client.post(API, json=sheet(town), headers=town.bearer("operator"))
    with pytest.raises(sa.exc.DBAPIError), town.deps.database.transaction() as session:
        session.execute(sa.update(TimelineEntry).values(done_at=town.clock.now()))


def test_what_is_entered_as_over_rings_nobody_and_pages_nobody(town: Town) -> None:
    with town.deps.database.transaction() as session:
        session.execute(sa.update(Contact).values(alarm_consent_at=town.clock.now(), phone="13800000001"))
    for last in ("close", "resolve"):
        wanted = sheet(town)
        wanted["kind"] = "sos"
        wanted["done"][-1] = line(town, last, 60, **({"reason": "reassured"} if last == "close" else {}))
        made = town.client.post(API, json=wanted, headers=town.bearer("operator")).json()
        with town.deps.database.snapshot() as session:
            incident = session.get_one(Incident, made["id"])
            clocks = (incident.ring_due_at, incident.escalation_due_at, incident.answer_due_at, incident.claim_due_at)
            assert clocks == (None, None, None, None)
            assert session.scalars(sa.select(Page)).all() == []


def test_what_happened_earlier_and_is_not_over_rings_like_any_other(town: Town) -> None:
    wanted = sheet(town) | {"kind": "sos", "done": []}
    made = town.client.post(API, json=wanted, headers=town.bearer("operator")).json()
    assert (made["state"], made["entered_afterwards"]) == ("open", True)
    with town.deps.database.snapshot() as session:
        incident = session.get_one(Incident, made["id"])
        assert incident.ring_due_at is not None
        assert incident.escalation_due_at is not None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"happened_at": -1}, "happened_at_in_future"),
    ({"happened_at": 7 * 24 * 60 + 1}, "happened_at_too_old"),
    ({"happened_at": None}, "happened_at_missing"),
    ({"done": [("acknowledge", -1, {})]}, "done_at_in_future"),
    ({"done": [("note", 7 * 24 * 60 + 1, {"note": "x"})]}, "done_at_too_old"),
    ({"done": [("acknowledge", 121, {})]}, "done_at_out_of_order"),
    ({"done": [("acknowledge", 60, {}), ("close", 61, {"reason": "reassured"})]}, "done_at_out_of_order"),
    ({"done": [("close", 60, {})]}, "reason_missing"),
    ({"done": [("note", 60, {})]}, "note_missing"),
    ({"done": [("dispatch", 60, {})]}, "responder_missing"),
    ({"done": [("dispatch", 60, {"responder": "nobody"})]}, "responder_not_found"),
    ({"done": [("on_scene", 60, {})]}, "transition_not_allowed"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED)
def test_what_cannot_be_is_refused_whole_in_both_languages(town: Town, change: dict[str, Any], code: str) -> None:
    wanted = sheet(town)
    if "happened_at" in change:
        minutes = change["happened_at"]
        wanted["happened_at"] = None if minutes is None else ago(town, minutes=minutes)
    else:
        wanted["done"] = [line(town, act, minutes, **more) for act, minutes, more in change["done"]]
    headers = town.bearer("operator")
    english = town.client.post(API, json=wanted, headers=headers)
    chinese = town.client.post(API, json=wanted, headers=headers | {"Accept-Language": "zh-CN"})
    assert english.json()["error"]["code"] == chinese.json()["error"]["code"] == code
    assert english.json()["error"]["message"] != chinese.json()["error"]["message"]
    with town.deps.database.snapshot() as session:
        assert session.scalars(sa.select(Incident)).all() == [], "nothing of the sheet was entered"


def test_acts_of_paper_are_entered_into_an_incident_somebody_took_on_the_console_since(town: Town) -> None:
    url = f"{API}/{town.incident('h-north')}"
    town.clock.advance(timedelta(hours=1))
    taken = town.client.post(f"{url}/acknowledge", headers=town.bearer("operator")).json()
    done = [
        line(town, "acknowledge", 58),
        line(town, "dispatch", 50, responder="responder"),
        line(town, "on_scene", 30),
    ]
    answer = town.client.post(f"{url}/enter", json={"done": done}, headers=town.bearer("supervisor"))
    assert answer.status_code == 200, answer.text
    entered = answer.json()
    assert (entered["state"], entered["owner"]["name"], entered["responder"]["name"]) == ("on_scene", "Operator", "Responder")
    assert entered["acknowledged_at"] < taken["acknowledged_at"]
    assert entered["entered_afterwards"] is True
    story = [(entry["act"], entry["done_at"] is None, entry["actor"]) for entry in entered["timeline"]][1:]
    assert story == [
        ("acknowledged", True, "Operator"),
        ("acknowledged", False, "Supervisor"),
        ("dispatched", False, "Supervisor"),
        ("on_scene", False, "Supervisor"),
    ]
    earlier = town.client.post(f"{url}/enter", json={"done": [line(town, "resolve", 31)]}, headers=town.bearer("operator"))
    assert earlier.json()["error"]["code"] == "done_at_out_of_order", "paper is compared with paper, also of an earlier sheet"
    with town.deps.database.snapshot() as session:
        assert "incident.entered" in session.scalars(sa.select(AuditEntry.action)).all()


def test_a_later_step_of_paper_leaves_the_answer_of_the_console_in_the_figures(town: Town) -> None:
    headers = town.bearer("operator")
    url = f"{API}/{town.incident('h-north')}"
    town.clock.advance(timedelta(seconds=10))
    taken = town.client.post(f"{url}/acknowledge", headers=headers).json()
    town.clock.advance(timedelta(hours=1))
    entered = town.client.post(f"{url}/enter", json={"done": [line(town, "close", 30, reason="reassured")]}, headers=headers).json()
    assert (entered["acknowledged_at"], entered["entered_afterwards"]) == (taken["acknowledged_at"], False)
    figures = town.client.get("/api/v1/centre/overview", headers=headers).json()["answered"]
    assert (figures["total"], figures["median_seconds"], figures["entered_afterwards"]) == (1, 10, 0)


def test_the_figures_leave_out_what_was_answered_on_paper_and_say_how_many(town: Town) -> None:
    headers = town.bearer("operator")
    counted = ANSWER_SECONDS.labels("high")._sum.get()
    town.client.post(API, json=sheet(town), headers=headers)
    town.client.post(API, json=sheet(town) | {"done": []}, headers=headers)
    yesterday = sheet(town) | {"happened_at": ago(town, hours=30), "done": []}
    town.client.post(API, json=yesterday, headers=headers)
    rings = town.incident("h-south")
    town.clock.advance(timedelta(minutes=40))
    done = {"done": [line(town, "acknowledge", 39)]}
    assert town.client.post(f"{API}/{rings}/enter", json=done, headers=headers).status_code == 200
    overview = town.client.get("/api/v1/centre/overview", headers=headers).json()
    assert (overview["answered"]["total"], overview["answered"]["entered_afterwards"]) == (0, 3)
    assert overview["answered"]["median_seconds"] is None
    yesterday_told = overview["answered_yesterday"]
    assert (yesterday_told["entered_afterwards"], yesterday_told["alarms"]) == (1, 1), "it is of the day it happened on"
    assert overview["answered"]["alarms"] == 3, "and the day's total has each of paper"
    assert ANSWER_SECONDS.labels("high")._sum.get() == counted, "nor does the metric count it"
    hours = {hour["hour_start"]: hour["count"] for hour in overview["curve"] if hour["count"]}
    assert sum(hours.values()) == 3, "the one of yesterday is older than the curve"
    assert len(hours) == 2, "two of them stand in the hour they happened"


def test_a_day_totals_what_happened_on_it_and_times_only_what_the_console_saw(town: Town) -> None:
    headers = town.bearer("operator")

    def told(day: str) -> tuple[int, int, int, float | None]:
        figures = town.client.get("/api/v1/centre/overview", headers=town.bearer("operator")).json()[day]
        return figures["alarms"], figures["entered_afterwards"], figures["total"], figures["percentile_99_seconds"]

    answered = town.incident("h-north")
    town.clock.advance(timedelta(seconds=10))
    town.client.post(f"{API}/{answered}/acknowledge", headers=headers)
    town.incident("h-south", drill=True)
    assert told("answered") == (1, 0, 1, 10)
    town.clock.advance(timedelta(hours=2))
    late = town.client.post(API, json=sheet(town) | {"happened_at": ago(town, hours=1), "done": []}, headers=headers).json()["id"]
    assert told("answered") == (2, 1, 1, 10), "counted, though it is open still, and timed by nothing"
    town.clock.advance(timedelta(hours=3))
    town.client.post(f"{API}/{late}/acknowledge", headers=headers)
    assert told("answered") == (2, 1, 1, 10), "nor by an answer hours after the paper"
    town.clock.advance(timedelta(hours=20))
    assert told("answered") == (0, 0, 0, None), "it happened more than a day ago, though it was entered later"
    assert told("answered_yesterday") == (2, 1, 1, 10)


def test_whoever_may_only_look_enters_nothing(town: Town) -> None:
    url = f"{API}/{town.incident('h-north')}/enter"
    for role in ("family", "installer", "responder"):
        refused = town.client.post(url, json={"done": [line(town, "close", 0, reason="test")]}, headers=town.bearer(role))
        assert refused.status_code in {403, 404}, role
