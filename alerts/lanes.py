"""Lanes: which alerts of one home may share an incident (invariant 2). Pure.

Dangers to life share one incident per home, save that what one resident wears joins only that resident's. Faults never
share an incident with a danger to life, a doctor's call has its own short clock, and what people open by hand or split
off stands alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Set as AbstractSet

FAULT = "fault"
LIFE = "life"
DOCTOR_CALL = "doctor_call"

FAULT_KINDS = frozenset({"battery", "device_fault", "outage", "silence"})
DRILL_ENDING = ":drill"
OUTAGE_RULES = frozenset({"power", "silence"})
"""Rules whose alerts at one home are part of the outage of its area, where there is one."""
_NEUTRAL_KINDS = frozenset({"phone_call", "walk_in", "other"})


def life_lane(worn_by: int | None) -> str:
    """The lane of a danger to life."""
    return LIFE if worn_by is None else f"{LIFE}:resident:{worn_by}"


def lane_of_test(device_id: int | None) -> str:
    """The lane of what a device in test mode says; nothing else joins it."""
    return f"test:device:{device_id}"


def lane_of_drill(lane: str) -> str:
    """The lane of what happens at a home in a drill: of the same class, and never joined by what is real."""
    return f"{lane}{DRILL_ENDING}"


def system_lane(what: str) -> str:
    """The lane of something wrong with Yinling itself."""
    return f"system:{what}"


def lane_by_hand() -> str:
    """A lane nothing joins by itself, for an incident made by a person."""
    return f"manual:{secrets.token_hex(6)}"


def split_lane(lane: str) -> str:
    """A lane beside `lane` that nothing joins by itself; still of its class."""
    return f"{lane.partition(':split:')[0]}:split:{secrets.token_hex(6)}"


def plain_lane(lane: str) -> str:
    """A lane of the class of `lane` that is certainly free, for when the usual way of opening failed."""
    return f"{lane.partition(':plain:')[0]}:plain:{secrets.token_hex(6)}"


def may_merge(lane: str, into: str) -> bool:
    """Whether a person may put what is in `lane` into an incident of lane `into`.

    A fault with a danger to life, the system's own with a home's, and the incidents of two residents may not be merged.
    """
    if _class(lane) == "manual" or _class(into) == "manual":
        return "system" not in (_class(lane), _class(into))
    if _class(lane) != _class(into):
        return False
    resident, other = _resident(lane), _resident(into)
    return resident is None or other is None or resident == other


def may_share(kinds: AbstractSet[str], residents: AbstractSet[int]) -> bool:
    """Whether alerts of these kinds and wearers may stand in one incident, whatever lanes they came from.

    Faults only with faults, and what at most one resident wears.
    """
    telling = kinds - _NEUTRAL_KINDS
    faults = telling & FAULT_KINDS
    return (not faults or faults == telling) and len(residents) <= 1


def _class(lane: str) -> str:
    return lane.partition(":")[0]


def _resident(lane: str) -> str | None:
    parts = lane.split(":")
    return parts[2] if len(parts) > 2 and parts[1] == "resident" else None  # noqa: PLR2004 life:resident:{id}


__all__ = [
    "DOCTOR_CALL",
    "DRILL_ENDING",
    "FAULT",
    "FAULT_KINDS",
    "LIFE",
    "OUTAGE_RULES",
    "lane_by_hand",
    "lane_of_drill",
    "lane_of_test",
    "life_lane",
    "may_merge",
    "may_share",
    "plain_lane",
    "split_lane",
    "system_lane",
]
