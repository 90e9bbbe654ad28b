from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from support.api_town import Town
from support.pages import Desk

from alerts.channels.signing import signed_headers
from alerts.model import Incident
from api.routes.providers import from_aliyun
from people.reach.model import ContactPoint

SECRET = "callback-secret"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """As an administrator sets it, before the application is made."""
    if "without_a_secret" not in request.node.name:
        monkeypatch.setenv("YINLING_CALLBACK_SECRET", SECRET)


@pytest.fixture
def desk(town: Town) -> Desk:
    return Desk(town.deps.database, town.deps.settings)


def report(town: Town, channel: str, *reports: dict[str, Any], secret: str = SECRET) -> httpx.Response:
    body = orjson.dumps({"reports": list(reports)})
    headers = signed_headers(secret, body, town.clock.now())
    answer: httpx.Response = town.client.post(f"/api/v1/providers/{channel}/generic", content=body, headers=headers)
    return answer


def test_a_receipt_moves_a_page_forward_and_never_back(town: Town, desk: Desk) -> None:
    incident = town.incident("h-north")
    page = desk.page(town.clock.now(), incident_id=incident, provider_id="p-1")
    for status, known, taken in (
        ("delivered", "delivered", 1),
        ("undelivered", "delivered", 0),
        ("read", "read", 1),
        ("delivered", "read", 0),
    ):
        assert report(town, "sms", {"id": "p-1", "status": status}).json()["taken"] == taken
        assert desk.row(page).delivery == known
    with town.deps.database.snapshot() as session:
        assert session.get_one(Incident, incident).state == "open"


def test_a_report_before_the_providers_number_is_written_down_is_found_by_our_key(town: Town, desk: Desk) -> None:
    page = desk.page(town.clock.now(), incident_id=town.incident("h-north"), state="claimed", sent_at=None)
    assert report(town, "sms", {"id": "p-9", "idempotency_key": "page-1", "status": "delivered"}).json()["taken"] == 1
    assert desk.row(page).delivery == "delivered"


def test_a_number_that_is_none_breaks_its_contact_point(town: Town, desk: Desk) -> None:
    with town.deps.database.transaction() as session:
        point = ContactPoint(user_id=town.users["operator"], channel="sms", address="13800138000", created_at=town.clock.now())
        session.add(point)
        session.flush()
        point_id = point.id
    desk.page(town.clock.now(), incident_id=town.incident("h-north"), provider_id="p-1", contact_point_id=point_id)
    report(town, "sms", {"id": "p-1", "status": "invalid_number"})
    with town.deps.database.snapshot() as session:
        assert session.get_one(ContactPoint, point_id).broken_at == town.clock.now()


def test_pressing_1_accepts_and_the_caller_hears_it(town: Town, desk: Desk) -> None:
    incident = town.incident("h-north")
    for number, username in enumerate(("supervisor", "operator"), 1):
        desk.page(
            town.clock.now(),
            incident_id=incident,
            channel="voice",
            provider_id=f"c-{number}",
            person=f"user:{town.users[username]}",
            person_name=username,
            language="en",
        )
    assert "Thank you" in report(town, "voice", {"id": "c-1", "status": "delivered", "key": "1"}).json()["say"]
    assert "Supervisor has already taken it" in report(town, "voice", {"id": "c-2", "key": "1"}).json()["say"]
    assert report(town, "voice", {"id": "c-1", "key": "1"}).json()["say"] == "You have answered already."
    assert report(town, "voice", {"id": "c-2", "key": "9"}).json()["say"] is not None
    with town.deps.database.snapshot() as session:
        row = session.get_one(Incident, incident)
        assert (row.state, row.owner_id) == ("acknowledged", town.users["supervisor"])


def test_a_report_of_nobody_changes_nothing(town: Town) -> None:
    assert report(town, "voice", {"id": "unknown", "status": "read", "key": "1"}).json() == {"taken": 0, "say": None}


def test_who_does_not_prove_themselves_is_not_believed(town: Town, desk: Desk) -> None:
    page = desk.page(town.clock.now(), incident_id=town.incident("h-north"), provider_id="p-1")
    assert report(town, "sms", {"id": "p-1", "status": "read"}, secret="guess").status_code == 403
    body = orjson.dumps({"reports": [{"id": "p-1", "status": "read"}]})
    assert town.client.post("/api/v1/providers/sms/generic", content=body).status_code == 403
    aliyun = orjson.dumps([{"biz_id": "p-1", "success": True}])
    assert town.client.post("/api/v1/providers/sms/aliyun/guess", content=aliyun).status_code == 403
    assert desk.row(page).delivery is None


def test_without_a_secret_nobody_is_believed(town: Town) -> None:
    body = orjson.dumps({"reports": []})
    answer = town.client.post("/api/v1/providers/sms/generic", content=body, headers=signed_headers("", body, town.clock.now()))
    assert answer.json()["error"]["code"] == "callback_refused"
    assert town.client.post("/api/v1/providers/sms/aliyun/None", content=b"[]").status_code == 403


def test_what_cannot_be_read_is_refused(town: Town) -> None:
    for body in (b"", b"[", b'{"reports": 1}', b'{"reports": [{"status": "read"}]}'):
        headers = signed_headers(SECRET, body, town.clock.now())
        assert town.client.post("/api/v1/providers/sms/generic", content=body, headers=headers).status_code == 422
    assert town.client.post(f"/api/v1/providers/sms/aliyun/{SECRET}", content=b"{").status_code == 422


def test_aliyuns_reports_are_understood(town: Town, desk: Desk) -> None:
    page = desk.page(town.clock.now(), incident_id=town.incident("h-north"), provider_id="9^1")
    told = [{"phone_number": "13800138000", "success": True, "err_code": "DELIVERED", "biz_id": "9^1", "out_id": "page-1"}]
    answer = town.client.post(f"/api/v1/providers/sms/aliyun/{SECRET}", content=orjson.dumps(told))
    assert answer.json() == {"code": 0, "msg": "成功"}
    assert desk.row(page).delivery == "delivered"


@pytest.mark.parametrize(
    ("told", "status", "key"),
    [
        ({"biz_id": "1", "success": True}, "delivered", None),
        ({"biz_id": "1", "success": False, "err_code": "X"}, "undelivered", None),
        ({"call_id": "1", "status_code": "200000", "dtmf": "1"}, "delivered", "1"),
        ({"call_id": "1", "status_code": "200005"}, "undelivered", None),
        ({"call_id": "1", "status_code": "200003"}, "invalid_number", None),
        ({"out_id": "1", "status_code": "200000", "dtmf": "0,1"}, "delivered", "1"),
    ],
)
def test_what_a_report_of_aliyun_means(told: dict[str, Any], status: str, key: str | None) -> None:
    (read,) = from_aliyun(told)
    assert (read.id, read.status, read.key) == ("1", status, key)


def test_a_report_without_a_number_is_left_out() -> None:
    assert from_aliyun({"success": True}) == []
