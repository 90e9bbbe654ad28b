"""Scenes of people to die in: every act on an incident, every change of what decides who is paged, every answer and receipt.

Each is one request to the real application. It is whole or absent: where it is absent the person does it again, and
then everything is as if nobody had died.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from fastapi.testclient import TestClient
from support.api_town import Town, fill
from support.deaths import Place, Prepared, Scene
from support.pages import Desk as Pages
from support.stores import START

from alerts.channels.signing import signed_headers
from alerts.engine import AlertEngine
from alerts.findings import Condition, Finding
from alerts.model import Alert, Severity
from api.application import create_application
from api.server import make_deps
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from people.model import Contact
from people.reach.model import ContactPoint
from timeseries.sqlite_store import SqliteReadingStore

Body = Mapping[str, Any]

_ROLES = ("operator", "supervisor", "administrator")
_SHIFT = {"name": "day", "since": "00:00", "until": "00:00", "groups": [["supervisor"]], "turns_from": "2026-01-01"}
_ROSTER = {"name": "Night", "spec": {"shifts": [_SHIFT]}}
_STEP = {"after_seconds": 20, "targets": [{"who": "role", "role": "supervisor"}]}
_OWN_POLICY = {"code": "mine", "name": "Mine", "severities": ["critical"], "steps": [_STEP]}
_TEMPLATE = {"body": "{who} {where} {what} {since} {link}"}
_RULE = {
    "code": "cold_room",
    "kind": "threshold",
    "name": {"zh": "房间太冷", "en": "Cold room"},
    "severity": "medium",
    "raises": "environment",
    "metric": "temperature",
    "low": 14.0,
    "hold_seconds": 1800,
}
_BROWSER = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
    "keys": {
        "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
        "auth": "tBHItJI5svbpez7KI4CCXg",
    },
}


def centre(database: Database, settings: Settings) -> Prepared:
    """A centre with something of everything: incidents in each state, pages that wait for an answer, settings to change."""
    clock = ManualClock(START)
    readings = SqliteReadingStore(settings.data_dir / "readings.db")
    application = create_application(deps := make_deps(settings, clock, database, readings, None))
    town = Town(deps, clock, application, TestClient(application))
    fill(town, database, clock)
    notes: dict[str, Any] = {role: town.token(role) for role in _ROLES}
    _consent(town)
    for name in ("open", "taken", "sent", "resolved", "closed", "other"):
        notes[name] = town.incident("h-north")
    for name in ("taken", "sent", "resolved", "closed"):
        _done(town, notes, f"/incidents/{notes[name]}/acknowledge")
    _done(town, notes, f"/incidents/{notes['sent']}/dispatch", {"responder_name": "小陈"})
    _done(town, notes, f"/incidents/{notes['resolved']}/resolve", {})
    _done(town, notes, f"/incidents/{notes['closed']}/close", {"reason": "reassured"})
    notes["joined"], notes["alert"] = _two_alerts(town)
    _done(town, notes, f"/incidents/{notes['joined']}/acknowledge")
    _settings(town, notes)
    _pages(town, notes)
    readings.close()
    return clock.now(), notes


def _consent(town: Town) -> None:
    now = town.clock.now()
    with town.deps.database.transaction() as session:
        contact = session.get_one(Contact, town.contacts["h-north"])
        contact.alarm_consent_at = now
        session.add(ContactPoint(user_id=town.users["supervisor"], channel="sms", address="13800138001", created_at=now))


def _done(town: Town, notes: Body, path: str, body: Body | None = None, method: str = "POST", role: str = "operator") -> Any:  # noqa: PLR0917 a request
    answer = town.client.request(method, f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {notes[role]}"})
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def _two_alerts(town: Town) -> tuple[int, int]:
    fields: dict[str, Any] = {
        "home_id": town.home_id("h-north"),
        "device_id": town.devices["h-north"],
        "subject": "device:button",
        "condition": Condition.ON,
        "lane": "life",
    }
    found = [
        Finding(rule="water", kind="water", severity=Severity.HIGH, **fields),
        Finding(rule="smoke", kind="smoke", severity=Severity.CRITICAL, **fields),
    ]
    with town.deps.database.transaction() as session:
        outcomes = AlertEngine(town.deps.settings).apply(session, found, town.clock.now())
        water = session.scalars(sa.select(Alert).where(Alert.rule == "water")).one()
        assert {one.incident_id for one in outcomes} == {water.incident_id}
        return water.incident_id or 0, water.id


def _settings(town: Town, notes: dict[str, Any]) -> None:
    until = (town.clock.now() + timedelta(days=5)).isoformat()
    for path, body in (("/rosters/kept", _ROSTER), ("/rules/kept", {"spec": _RULE | {"code": "kept"}})):
        _done(town, notes, path, body, "PUT", "supervisor")
    _done(town, notes, "/escalation/policies/kept", {"spec": {**_OWN_POLICY, "code": "kept"}}, "PUT", "supervisor")
    _done(town, notes, "/holidays/2027-01-01", {"name": "元旦"}, "PUT", "supervisor")
    _done(town, notes, "/page-templates/alarm.sms/en", _TEMPLATE, "PUT", "supervisor")
    leave = {"username": "supervisor", "starts_at": town.clock.now().isoformat(), "ends_at": until}
    notes["leave"] = _done(town, notes, "/leaves", leave, role="supervisor")["id"]
    notes["until"], notes["soon"] = until, (town.clock.now() + timedelta(hours=1)).isoformat()
    notes["yesterday"], notes["today"] = (town.clock.now() - timedelta(days=1)).isoformat(), town.clock.now().isoformat()
    notes["contact"] = town.contacts["h-north"]
    notes["mode"] = _done(town, notes, "/homes/h-south/modes", {"mode": "away", "until": until})["id"]


def _pages(town: Town, notes: dict[str, Any]) -> None:
    """A page that waits for its answer, by link and by key, a test page, and one whose receipt is still to come."""
    pages, now = Pages(town.deps.database, town.deps.settings), town.clock.now()
    who: dict[str, Any] = {"person": f"user:{town.users['supervisor']}", "person_name": "Supervisor", "incident_id": notes["open"]}
    notes["link"] = pages.token(pages.page(now, **who), now)
    pages.page(now, **who, channel="voice", provider_id="call-1")
    pages.page(now, **who, provider_id="text-1")


# ---- what a person does, in a process of its own


def _ask(place: Place, role: str | None, method: str, path: str, body: Any) -> None:
    with place.open() as (database, clock):
        readings = SqliteReadingStore(place.settings.data_dir / "readings.db")
        client = TestClient(create_application(make_deps(place.settings, clock, database, readings, None)))
        headers = {} if role is None else {"Authorization": f"Bearer {place.notes[role]}"}
        if path.startswith("/providers"):
            content = orjson.dumps(body)
            answer = client.post(f"/api/v1{path}", content=content, headers=signed_headers("c", content, clock.now()))
        else:
            answer = client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        readings.close()


@dataclass(frozen=True)
class Act:
    """One request; `{name}` in its path and in the texts of its body is what the centre noted under that name."""

    name: str
    role: str | None
    method: str
    path: str
    body: Any = None

    def __call__(self, place: Place) -> None:
        """Ask for it."""
        _ask(place, self.role, self.method, self.path.format(**place.notes), _filled(self.body, place.notes))


def _filled(body: Any, notes: Body) -> Any:
    """The body with what stands in angle brackets replaced by the note of that name, whatever it is."""
    if isinstance(body, dict):
        return {name: _filled(one, notes) for name, one in body.items()}
    if isinstance(body, list):
        return [_filled(one, notes) for one in body]
    return notes[body[1:-1]] if isinstance(body, str) and body.startswith("<") else body


def _of_incidents() -> Sequence[Act]:
    def act(name: str, on: str, verb: str, body: Any = None) -> Act:
        return Act(name, "operator", "POST", f"/incidents/{{{on}}}/{verb}", body)

    return (
        act("acknowledge", "open", "acknowledge"),
        act("release", "taken", "release"),
        act("dispatch", "taken", "dispatch", {"responder_name": "小李"}),
        act("on_scene", "sent", "on-scene"),
        act("resolve", "sent", "resolve", {}),
        act("close", "taken", "close", {"reason": "real_assisted"}),
        act("close_shelving", "joined", "close", {"reason": "technical", "shelve_until": "<soon>"}),
        act("reopen", "closed", "reopen", {}),
        act("note", "taken", "note", {"text": "家属已联系"}),
        act("merge", "other", "merge", {"into": "<open>"}),
        act("split", "joined", "split", {"alerts": ["<alert>"]}),
        act("shelve", "joined", "alerts/{alert}/shelve", {"until": "<soon>"}),
        Act("open_by_hand", "operator", "POST", "/incidents", {"home": "h-north", "kind": "sos", "note": "来电"}),
    )


def _of_modes() -> Sequence[Act]:
    return (
        Act("mode_begins", "operator", "POST", "/homes/h-north/modes", {"mode": "away", "until": "<until>"}),
        Act("mode_ends", "operator", "DELETE", "/homes/h-south/modes/{mode}"),
        Act("rule_put", "supervisor", "PUT", "/rules/cold_room", {"spec": _RULE}),
        Act("rule_deleted", "supervisor", "DELETE", "/rules/kept"),
        Act("backtest_asked", "supervisor", "POST", "/rules/backtest", {"code": "sos", "start": "<yesterday>", "end": "<today>"}),
    )


def _of_duty() -> Sequence[Act]:
    leave = {"username": "operator", "starts_at": "<soon>", "ends_at": "<until>", "substitute": "supervisor"}
    return (
        Act("policy_put", "supervisor", "PUT", "/escalation/policies/mine", {"spec": _OWN_POLICY}),
        Act("policy_deleted", "supervisor", "DELETE", "/escalation/policies/kept"),
        Act("roster_put", "supervisor", "PUT", "/rosters/night", _ROSTER),
        Act("roster_deleted", "supervisor", "DELETE", "/rosters/kept"),
        Act("leave_added", "supervisor", "POST", "/leaves", leave),
        Act("leave_removed", "supervisor", "DELETE", "/leaves/{leave}"),
        Act("holiday_put", "supervisor", "PUT", "/holidays/2027-01-03", {"name": "元旦调休", "working": True}),
        Act("holiday_deleted", "supervisor", "DELETE", "/holidays/2027-01-01"),
    )


def _of_reach() -> Sequence[Act]:
    point = {"channel": "sms", "address": "13800138009"}
    return (
        Act("contact_point_added", "supervisor", "POST", "/users/supervisor/contact-points", point),
        Act("contact_point_changed", "supervisor", "PATCH", "/contact-points/1", {"label": "夜班"}),
        Act("contact_point_removed", "supervisor", "DELETE", "/contact-points/1"),
        Act("test_page_asked", "supervisor", "POST", "/contact-points/1/test"),
        Act("browser_subscribed", "supervisor", "POST", "/web-push/subscriptions", _BROWSER),
        Act("family_consents", "supervisor", "PATCH", "/contacts/{contact}", {"digest_consent": True}),
        Act("template_put", "supervisor", "PUT", "/page-templates/alarm.sms/zh-CN", _TEMPLATE),
        Act("template_deleted", "supervisor", "DELETE", "/page-templates/alarm.sms/en"),
    )


def _of_answers() -> Sequence[Act]:
    def report(name: str, channel: str, **told: Any) -> Act:
        return Act(name, None, "POST", f"/providers/{channel}/generic", {"reports": [told]})

    return (
        Act("answer_accepts", None, "POST", "/answers/{link}", {"answer": "accepted"}),
        Act("answer_declines", None, "POST", "/answers/{link}", {"answer": "declined"}),
        report("key_accepts", "voice", id="call-1", key="1"),
        report("key_declines", "voice", id="call-1", key="2"),
        report("receipt_delivered", "sms", id="text-1", status="delivered"),
        report("receipt_undelivered", "sms", id="text-1", status="undelivered"),
        report("receipt_no_such_number", "sms", id="text-1", status="invalid_number"),
    )


def _scenes(several: Sequence[Act]) -> Sequence[Scene]:
    return [Scene(act.name, centre, act, is_act=True) for act in several]


GROUPS: Mapping[str, Sequence[Scene]] = {
    "acts_on_incidents": _scenes(_of_incidents()),
    "modes_and_rules": _scenes(_of_modes()),
    "policies_and_duty": _scenes(_of_duty()),
    "ways_to_reach": _scenes(_of_reach()),
    "answers_and_receipts": _scenes(_of_answers()),
}

__all__ = ["GROUPS", "centre"]
