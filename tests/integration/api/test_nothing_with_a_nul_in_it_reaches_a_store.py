"""A NUL character is refused wherever a request may carry it, on every route, whatever the store; the refusal names the field."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from support.api_town import Town

SAID = "Must not hold a NUL character."


def named(answer: httpx.Response) -> list[str]:
    """The fields a refusal names, each with the same sentence."""
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_input"
    fields = error["details"]["fields"]
    assert {one["message"] for one in fields} <= {SAID, "不能含有空字符（NUL）。"}
    return [one["field"] for one in fields]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/v1/homes?search=a%00b", ["search"]),
        ("/api/v1/homes/h%00north", ["code"]),
        ("/api/v1/incidents?home=%00&limit=5", ["home"]),
        ("/api/v1/incidents?ho%00me=x", ["ho\ufffdme"]),
        ("/api/v1/suppressed?rule=%00", ["rule"]),
        ("/api/v1/nothing-here%00", ["path"]),
        ("/api/v1/homes?%00", ["\ufffd"]),
    ],
)
def test_in_an_address(town: Town, path: str, fields: list[str]) -> None:
    assert named(town.client.get(path, headers=town.bearer("administrator"))) == fields


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'{"code": "h-new", "name": "a\\u0000b", "address": "x"}', ["name"]),
        (b'{"code": "\\u0000", "name": "a\\u0000b", "address": "x"}', ["code", "name"]),
        (b'{"code": "h-new", "name": "x", "address": "x", "deep": [{}, {"er": "\\\\\\u0000"}]}', ["deep.1.er"]),
        (b'{"code": "h-new", "name": "a\x00b", "address": "x"}', ["name"]),
        (b'{"code": "h-new", "na\\u0000me": "x"}', ["na\ufffdme"]),
        (b'"\\u0000"', ["body"]),
        (b'{"code": "h-new" \x00', ["body"]),
        (b"[" * 100_000 + b"\x00", ["body"]),
    ],
)
def test_in_a_body_however_deep(town: Town, body: bytes, fields: list[str]) -> None:
    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    assert named(town.client.post("/api/v1/homes", content=body, headers=headers)) == fields


def test_in_two_parts_of_a_body(town: Town) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"code": "h-new", "address": "x", "name": "a\\u0'
        yield b'000b"}'

    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    assert named(town.client.post("/api/v1/homes", content=parts(), headers=headers)) == ["name"]


def test_in_many_small_parts_long_before_the_end(town: Town) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"code": "h-new", "address": "x", "name": "a\\u0000b", "more": "'
        yield from (b"x" for _ in range(3_000))
        yield b'"}'

    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    assert named(town.client.post("/api/v1/homes", content=parts(), headers=headers)) == ["name"]


def test_in_a_form(town: Town) -> None:
    assert named(town.client.post("/api/v1/sign-in", data={"username": "a\0b", "password": "x"})) == ["username"]


def test_nothing_of_what_was_sent_comes_back(town: Town) -> None:
    answer = town.client.post("/api/v1/sign-in", json={"username": "admin", "password": "sec\0ret"})
    assert named(answer) == ["password"]
    assert "sec" not in answer.text


def test_words_about_it_are_no_nul(town: Town) -> None:
    body = b'{"code": "h-new", "name": "\\\\u0000 and %00", "address": "x"}'
    headers = town.bearer("administrator") | {"Content-Type": "application/json"}
    answer = town.client.post("/api/v1/homes", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "\\u0000 and %00"
