"""The simulated colleague takes only what nobody took for minutes, and never what is anybody else's."""

from __future__ import annotations

from typing import Any

import pytest

from yinling.simulate.colleague import next_act

ME = 7
HOMES = frozenset({"h0002"})


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "home": "h0002",
        "kind": "sos",
        "drill": False,
        "severity": "critical",
        "state": "open",
        "owner": None,
    } | changes


def test_a_fresh_incident_is_left_to_people() -> None:
    assert next_act(row(), ME, 170, HOMES) is None


def test_what_waited_for_minutes_is_taken() -> None:
    act = next_act(row(), ME, 301, HOMES)
    assert act is not None
    assert (act.incident, act.verb) == (1, "acknowledge")


@pytest.mark.parametrize(
    "changes",
    [
        {"home": "h0001"},
        {"home": None},
        {"home": "a-real-home"},
        {"kind": "phone_call"},
        {"kind": "system"},
        {"drill": True},
        {"state": "acknowledged", "owner": {"id": 8, "name": "陈静"}},
        {"state": "dispatched", "owner": {"id": 8, "name": "陈静"}},
    ],
)
def test_what_is_not_the_colleagues_is_never_touched(changes: dict[str, Any]) -> None:
    assert next_act(row(**changes), ME, 100_000, HOMES) is None


@pytest.mark.parametrize("number", range(40))
def test_what_was_taken_comes_to_an_end(number: int) -> None:
    state, verbs = "acknowledged", []
    after = {"dispatch": "dispatched", "on-scene": "on_scene"}
    while state != "closed":
        act = next_act(row(id=number, state=state, owner={"id": ME, "name": "模拟同事"}), ME, 80, HOMES)
        assert act is not None
        verbs.append(act.verb)
        state = after.get(act.verb, "closed")
    assert verbs in (["close"], ["dispatch", "on-scene", "close"])
