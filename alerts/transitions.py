"""What may be done with an incident in which state (design, section 6). Pure: a table and two questions."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.model import IncidentState
from alerts.timeline import Act
from core.errors import ConflictError

_ALL = frozenset(IncidentState)
_NOT_CLOSED = _ALL - {IncidentState.CLOSED}
_UNCHANGED: IncidentState | None = None

TABLE: Mapping[Act, tuple[frozenset[IncidentState], IncidentState | None]] = {
    Act.ACKNOWLEDGED: (frozenset({IncidentState.OPEN}), IncidentState.ACKNOWLEDGED),
    Act.RELEASED: (frozenset({IncidentState.ACKNOWLEDGED}), IncidentState.OPEN),
    Act.CLAIM_EXPIRED: (frozenset({IncidentState.ACKNOWLEDGED}), IncidentState.OPEN),
    Act.DISPATCHED: (
        frozenset({IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.DISPATCHED}),
        IncidentState.DISPATCHED,
    ),
    Act.ON_SCENE: (frozenset({IncidentState.DISPATCHED}), IncidentState.ON_SCENE),
    Act.RESOLVED: (_NOT_CLOSED, IncidentState.RESOLVED),
    Act.CLOSED: (_NOT_CLOSED, IncidentState.CLOSED),
    Act.REOPENED: (frozenset({IncidentState.RESOLVED, IncidentState.CLOSED}), IncidentState.OPEN),
    Act.NOTED: (_ALL, _UNCHANGED),
    Act.MERGED: (_NOT_CLOSED, _UNCHANGED),
    Act.SPLIT: (_NOT_CLOSED, _UNCHANGED),
}
"""Act → the states it is allowed in, and the state it leads to (None: unchanged)."""


def is_allowed(act: Act, state: str) -> bool:
    """Whether `act` may be done in `state`."""
    return state in TABLE[act][0]


def next_state(act: Act, state: str) -> IncidentState:
    """The state after `act`; `ConflictError` with the code `transition_not_allowed` where the table has none."""
    allowed, target = TABLE[act]
    if state not in allowed:
        raise ConflictError("transition_not_allowed", act=str(act), state=str(state))
    return IncidentState(state) if target is None else target


__all__ = ["TABLE", "is_allowed", "next_state"]
