"""A NUL character is refused wherever a request may carry it, on every route, whatever the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.api_town import Town

CODES = (422, "invalid_input")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/homes?search=a%00b",
        "/api/v1/homes/h%00north",
        "/api/v1/incidents?home=%00",
        "/api/v1/suppressed?rule=%00",
        "/api/v1/nothing-here%00",
    ],
)
def test_in_an_address(town: Town, path: str) -> None:
    answer = town.client.get(path, headers=town.bearer("administrator"))
    assert (answer.status_code, answer.json()["error"]["code"]) == CODES, answer.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"code": "h-new", "name": "a\\u0000b", "address": "x"}',
        b'{"code": "h-new", "name": "x", "address": "x", "deep": [{"er": "\\\\\\u0000"}]}',
        b'{"code": "h-new", "name": "a\x00b", "address": "x"}',
    ],
)
def test_in_a_body_however_deep(town: Town, body: bytes) -> None:
    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    answer = town.client.post("/api/v1/homes", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == CODES, answer.text


def test_in_two_parts_of_a_body(town: Town) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"code": "h-new", "address": "x", "name": "a\\u0'
        yield b'000b"}'

    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    answer = town.client.post("/api/v1/homes", content=parts(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == CODES, answer.text


def test_in_a_form(town: Town) -> None:
    answer = town.client.post("/api/v1/sign-in", data={"username": "a\0b", "password": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == CODES, answer.text


def test_words_about_it_are_no_nul(town: Town) -> None:
    body = b'{"code": "h-new", "name": "\\\\u0000 and %00", "address": "x"}'
    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    answer = town.client.post("/api/v1/homes", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "\\u0000 and %00"
