from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from support.api_town import PASSWORD, Town

from people.model import AuditEntry, User


def _sign_in(town: Town, username: str, password: str) -> httpx.Response:
    answer: httpx.Response = town.client.post(
        "/api/v1/sign-in", json={"username": username, "password": password}, headers={"Accept-Language": "en"}
    )
    return answer


def test_signing_in_gives_a_token_and_a_guarded_cookie(town: Town) -> None:
    answer = _sign_in(town, "operator", PASSWORD)
    assert answer.status_code == 200
    body = answer.json()
    assert body["user"]["role"] == "operator"
    assert body["user"]["centre"]["name"] == "银铃县调度中心"
    assert "incidents.act" in body["user"]["can"]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert town.client.get("/api/v1/me", headers={"Authorization": f"Bearer {body['token']}"}).json()["username"] == "operator"


@pytest.mark.parametrize(("username", "password"), [("operator", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_look_the_same(town: Town, username: str, password: str) -> None:
    answer = _sign_in(town, username, password)
    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "code": "wrong_sign_in",
        "message": "The user name or the password is not right.",
        "details": {},
    }


def test_a_disabled_person_cannot_sign_in_and_is_signed_out(town: Town) -> None:
    operator = town.bearer("operator")
    admin = town.bearer("administrator")
    changed = town.client.patch(f"/api/v1/users/{town.users['operator']}", json={"disabled": True}, headers=admin)
    assert changed.status_code == 200
    assert town.client.get("/api/v1/me", headers=operator).status_code == 401
    assert _sign_in(town, "operator", PASSWORD).status_code == 401


def test_too_many_failures_of_one_name_are_refused_for_ten_minutes(town: Town) -> None:
    for _ in range(3):
        assert _sign_in(town, "operator", "wrong").status_code == 401
    refused = _sign_in(town, "operator", PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= 601
    assert _sign_in(town, "supervisor", PASSWORD).status_code == 200
    town.clock.advance(timedelta(minutes=10, seconds=1))
    assert _sign_in(town, "operator", PASSWORD).status_code == 200


def test_too_many_failures_from_one_address_are_refused(town: Town) -> None:
    for number in range(9):
        assert _sign_in(town, f"guess-{number}", "wrong").status_code == 401
    assert _sign_in(town, "operator", PASSWORD).status_code == 429


def test_sign_ins_made_and_refused_are_in_the_audit(town: Town) -> None:
    _sign_in(town, "operator", PASSWORD)
    _sign_in(town, "operator", "wrong")
    with town.deps.database.snapshot() as session:
        assert [entry.action for entry in session.query(AuditEntry)] == ["sign_in.made", "sign_in.refused"]


def test_a_cookie_alone_changes_nothing(town: Town) -> None:
    _sign_in(town, "administrator", PASSWORD)
    area = {"code": "east", "name": "East"}
    assert town.client.get("/api/v1/me").status_code == 200
    refused = town.client.post("/api/v1/areas", json=area)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf_refused")
    foreign = {"X-Yinling-Client": "web", "Origin": "https://evil.example"}
    assert town.client.post("/api/v1/areas", json=area, headers=foreign).status_code == 403
    own = {"X-Yinling-Client": "web", "Origin": "http://testserver"}
    assert town.client.post("/api/v1/areas", json=area, headers=own).status_code == 201


def test_a_password_that_must_be_changed_comes_first(town: Town) -> None:
    admin = town.bearer("administrator")
    new = {"username": "fresh", "password": "first password", "name": "Fresh", "role": "operator", "must_change_password": True}
    assert town.client.post("/api/v1/users", json=new, headers=admin).status_code == 201
    signed = _sign_in(town, "fresh", "first password").json()
    assert signed["must_change_password"] is True
    headers = {"Authorization": f"Bearer {signed['token']}"}
    for path in ("/api/v1/incidents", "/api/v1/homes", "/api/v1/live", "/api/v1/users"):
        answer = town.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "password_change_required"), path
    assert town.client.get("/api/v1/me", headers=headers).status_code == 200
    change = {"current": "first password", "new": "second password"}
    wrong = town.client.post("/api/v1/me/password", json=change | {"current": "x"}, headers=headers)
    assert wrong.json()["error"]["code"] == "wrong_password"
    assert town.client.post("/api/v1/me/password", json=change, headers=headers).json()["must_change_password"] is False
    assert town.client.get("/api/v1/incidents", headers=headers).status_code == 200
    assert _sign_in(town, "fresh", "first password").status_code == 401


def test_signing_out_ends_the_session(town: Town) -> None:
    headers = town.bearer("operator")
    assert town.client.post("/api/v1/sign-out", headers=headers).status_code == 204
    assert town.client.get("/api/v1/me", headers=headers).status_code == 401


def test_the_stored_password_is_an_argon2_hash(town: Town) -> None:
    with town.deps.database.snapshot() as session:
        assert session.query(User).limit(1).one().password_hash.startswith("$argon2id$")
