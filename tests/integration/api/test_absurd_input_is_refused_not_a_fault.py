"""What no store could keep is refused with a stable code before a store sees it."""

from __future__ import annotations

import base64
import json

import pytest
from support.api_town import Town

HUGE = 10**30


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/api/v1/incidents/{HUGE}"),
        ("POST", f"/api/v1/incidents/{HUGE}/acknowledge"),
        ("GET", f"/api/v1/devices/{HUGE}"),
        ("GET", f"/api/v1/devices/{HUGE}/readings?metric=heart_rate"),
        ("GET", f"/api/v1/devices/{HUGE}/signals"),
        ("DELETE", f"/api/v1/contacts/{HUGE}"),
    ],
)
def test_a_number_no_row_can_have_is_refused(town: Town, method: str, path: str) -> None:
    answer = town.client.request(method, path, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input"), answer.text


def test_a_number_no_row_can_have_is_refused_in_a_body(town: Town) -> None:
    wanted = {"home": "h-north", "name": "Button", "profile": "sos-button", "resident": HUGE}
    answer = town.client.post("/api/v1/devices", json=wanted, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input"), answer.text


def test_a_place_in_a_list_that_no_row_can_have_is_refused(town: Town) -> None:
    made_up = base64.urlsafe_b64encode(json.dumps([0, "2026-11-22T00:00:00Z", 2**64 - 1]).encode()).decode().rstrip("=")
    answer = town.client.get("/api/v1/incidents", params={"cursor": made_up}, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_cursor"), answer.text


def test_a_text_that_postgresql_could_not_keep_is_refused(town: Town) -> None:
    wanted = {"home": "h-north", "name": "But\0ton", "profile": "sos-button"}
    answer = town.client.post("/api/v1/devices", json=wanted, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input"), answer.text
    assert [one["field"] for one in answer.json()["error"]["details"]["fields"]] == ["name"]


@pytest.mark.parametrize("limits", ['{"low": 1e400}', '{"high": -1e400}', '{"low": 110, "high": 50}', '{"low": "x"}'])
def test_limits_nothing_could_keep_to_are_refused(town: Town, limits: str) -> None:
    sent = '{"name": "Wang", "limits": {"heart_rate": ' + limits + "}}"
    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    answer = town.client.post("/api/v1/homes/h-north/residents", content=sent, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input"), answer.text


@pytest.mark.parametrize("birth_date", ["9999-01-01", "1700-01-01"])
def test_an_impossible_birth_date_is_refused(town: Town, birth_date: str) -> None:
    wanted = {"name": "王秀英", "birth_date": birth_date}
    answer = town.client.post("/api/v1/homes/h-north/residents", json=wanted, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "birth_date_impossible"), answer.text
