"""The playbooks: the script of each kind of alarm, which steps in which order; the pages hold their texts in both languages.

After the centres' practice: no voice answer counts as an emergency (two calls, then the contacts in order, then send).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_CALL = ("call_home", "call_home_again")
_PEOPLE = ("call_contacts", "send_responder")
_ANY = (*_CALL, *_PEOPLE, "record_outcome")

PLAYBOOKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sos": (*_CALL, "ask_what_happened", *_PEOPLE, "call_ambulance", "stay_on_line", "record_outcome"),
        "fall": (*_CALL, "ask_injury", "do_not_move", *_PEOPLE, "call_ambulance", "record_outcome"),
        "smoke": ("call_fire_brigade", *_CALL, "leave_home", *_PEOPLE, "check_neighbours", "record_outcome"),
        "gas": (*_CALL, "close_valve", "open_windows", "no_switches", *_PEOPLE, "call_gas_company", "record_outcome"),
        "co": (*_CALL, "leave_home", "open_windows", "call_ambulance", *_PEOPLE, "record_outcome"),
        "water": (*_CALL, "close_water", *_PEOPLE, "record_outcome"),
        "vitals": (*_CALL, "measure_again", "ask_symptoms", "call_doctor", *_PEOPLE, "record_outcome"),
        "inactivity": _ANY,
        "wandering": (*_CALL, "call_contacts", "send_responder", "check_neighbours", "record_outcome"),
        "stove": (*_CALL, "close_valve", *_PEOPLE, "check_neighbours", "record_outcome"),
        "outage": ("check_power", "call_home", "call_contacts", "interim_checks", "send_responder", "record_outcome"),
        "doctor_call": ("answer_call", "call_next_doctor", "call_home", "record_outcome"),
        "battery": ("plan_visit", "record_outcome"),
        "silence": ("call_home", "check_power", "plan_visit", "interim_checks", "record_outcome"),
        "device_fault": ("call_home", "plan_visit", "interim_checks", "record_outcome"),
        "system": ("check_system", "tell_engineer", "record_outcome"),
    }
)
"""`playbook: steps`; a kind of incident without one of its own has the general script."""


def script_of(kind: str) -> tuple[str, ...]:
    """The steps of a playbook, or of a kind of incident."""
    return PLAYBOOKS.get(kind, _ANY)


__all__ = ["PLAYBOOKS", "script_of"]
