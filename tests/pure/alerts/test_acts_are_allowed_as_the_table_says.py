from __future__ import annotations

import pytest

from alerts.lanes import may_merge
from alerts.model import IncidentState
from alerts.timeline import Act
from alerts.transitions import TABLE, is_allowed, next_state
from core.errors import ConflictError

ALLOWED = {
    Act.ACKNOWLEDGED: {"open": "acknowledged"},
    Act.RELEASED: {"acknowledged": "open"},
    Act.CLAIM_EXPIRED: {"acknowledged": "open"},
    Act.DISPATCHED: {"open": "dispatched", "acknowledged": "dispatched", "dispatched": "dispatched"},
    Act.ON_SCENE: {"dispatched": "on_scene"},
    Act.RESOLVED: dict.fromkeys(["open", "acknowledged", "dispatched", "on_scene", "resolved"], "resolved"),
    Act.CLOSED: dict.fromkeys(["open", "acknowledged", "dispatched", "on_scene", "resolved"], "closed"),
    Act.REOPENED: {"resolved": "open", "closed": "open"},
}


@pytest.mark.parametrize("act", list(ALLOWED))
@pytest.mark.parametrize("state", list(IncidentState))
def test_every_pair_of_the_design(act: Act, state: IncidentState) -> None:
    expected = ALLOWED[act].get(state)
    if expected is not None:
        assert next_state(act, state) == expected
        return
    with pytest.raises(ConflictError) as refused:
        next_state(act, state)
    assert refused.value.code == "transition_not_allowed"
    assert refused.value.details == {"act": str(act), "state": str(state)}


@pytest.mark.parametrize("state", list(IncidentState))
def test_a_note_is_always_allowed_and_changes_nothing(state: IncidentState) -> None:
    assert next_state(Act.NOTED, state) == state


def test_every_act_of_the_table_is_proved_here() -> None:
    assert set(TABLE) == set(ALLOWED) | {Act.NOTED, Act.MERGED, Act.SPLIT}
    assert not is_allowed(Act.MERGED, "closed")


@pytest.mark.parametrize(
    ("lane", "into", "allowed"),
    [
        ("life", "life", True),
        ("life", "life:resident:3", True),
        ("life:resident:3", "life:resident:3:split:ab", True),
        ("life:resident:3", "life:resident:4", False),
        ("fault", "life", False),
        ("life", "fault", False),
        ("doctor_call", "life", False),
        ("manual:ab", "life", True),
        ("fault", "manual:ab", True),
        ("system:probe", "manual:ab", False),
        ("system:probe", "system:broker", True),
    ],
)
def test_faults_and_two_residents_are_never_merged(lane: str, into: str, *, allowed: bool) -> None:
    assert may_merge(lane, into) is allowed
