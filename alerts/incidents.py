"""Everything a person can do with an incident, in one place to import from; each act lives in `alerts.acts`.

Each takes the session of the caller's transaction (`alerts.work.Desk`), checks the table of `alerts.transitions`, and
writes the incident, its alerts, clocks, timeline, receipts and change together.
"""

from __future__ import annotations

from alerts.acts.afterwards import LONGEST_BACK, Done, enter, open_afterwards
from alerts.acts.by import By
from alerts.acts.claim import acknowledge, expire_claim, release
from alerts.acts.ending import LONGEST_SHELF, Ending, close, reopen, resolve
from alerts.acts.record import SEVERITIES_BY_HAND, ByHand, merge, note, open_by_hand, split
from alerts.acts.repairing import REPAIR_REASONS, close_fault, is_repairable, reopen_fault
from alerts.acts.response import Responder, dispatch, on_scene
from alerts.timeline import Actor

__all__ = [
    "LONGEST_BACK",
    "LONGEST_SHELF",
    "REPAIR_REASONS",
    "SEVERITIES_BY_HAND",
    "Actor",
    "By",
    "ByHand",
    "Done",
    "Ending",
    "Responder",
    "acknowledge",
    "close",
    "close_fault",
    "dispatch",
    "enter",
    "expire_claim",
    "is_repairable",
    "merge",
    "note",
    "on_scene",
    "open_afterwards",
    "open_by_hand",
    "release",
    "reopen",
    "reopen_fault",
    "resolve",
    "split",
]
