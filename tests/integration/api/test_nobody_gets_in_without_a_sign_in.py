from __future__ import annotations

import re
from datetime import timedelta

import pytest
from support.api_town import Town
from support.databases import chosen_backend

from api.application import create_application
from people.model import SignInSession

OPEN = {
    "/api/v1/sign-in",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/answers/{token}",  # the link is the proof
    "/api/v1/providers/{channel}/generic",  # signed
    "/api/v1/providers/{channel}/aliyun/{secret}",  # the secret is the proof
}
ROUTES = [
    (method, path)
    for path, operations in create_application(None).openapi()["paths"].items()
    for method in operations
    if path not in OPEN
]


@pytest.fixture
def backend() -> str:
    """Every route once: which one is refused is decided above the store. `YINLING_TEST_DATABASE` chooses it."""
    return chosen_backend()


def test_the_list_of_routes_is_whole() -> None:
    assert len(ROUTES) > 45
    assert {method for method, _ in ROUTES} == {"get", "post", "put", "patch", "delete"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_sign_in_it_is_401(town: Town, method: str, path: str) -> None:
    url = re.sub(r"\{[^}]+\}", "1", path)
    answer = town.client.request(method, url, json={} if method != "get" else None)
    assert answer.status_code == 401, answer.text
    assert answer.json()["error"]["code"] == "not_signed_in"


@pytest.mark.parametrize("token", ["", "x", "0" * 43])
def test_an_invented_token_is_401(town: Town, token: str) -> None:
    assert town.client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_what_is_open_says_nothing_of_anybody(town: Town) -> None:
    assert town.client.get("/healthz").json() == {"status": "ok"}
    ready = town.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["pager"] == "does not answer"
    assert ready.json()["checks"]["database"] == "ok"
    assert ready.json()["checks"]["readings"] == "ok"
    assert 'process="api"' in town.client.get("/metrics").text


def test_a_session_ends_after_its_hours_and_lives_while_it_is_used(town: Town) -> None:
    headers = town.bearer("operator")
    for _ in range(3):
        town.clock.advance(timedelta(hours=8))
        assert town.client.get("/api/v1/me", headers=headers).status_code == 200
    town.clock.advance(timedelta(hours=13))
    assert town.client.get("/api/v1/me", headers=headers).status_code == 401


def test_the_token_is_not_stored(town: Town) -> None:
    token = town.token("operator")
    with town.deps.database.snapshot() as session:
        assert token not in {row.token_hash for row in session.query(SignInSession)}
