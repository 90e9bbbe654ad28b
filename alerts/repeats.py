"""Whether an event is the same happening come again. Pure.

A device repeats its event with the same id until it has its receipt, the broker delivers again what was not
acknowledged, and dialects without ids echo one press. None of these is a second press; after the window it is one,
since counters restart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.findings import Condition, EventKey
from alerts.poison import printable

ECHO_WINDOW = timedelta(seconds=3)
"""Without an id of its own, the same words within this are echoes of one press."""

REDELIVERY_WINDOW = timedelta(seconds=60)
"""Without an id of its own, the same words redelivered within this are the same message."""

LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Prior:
    """The latest arrival of the same key from the same device."""

    received_at: datetime
    incident_open: bool


def is_repeat(event: EventKey, condition: Condition, prior: Prior | None, window: timedelta) -> bool:
    """Whether `event` is `prior` come again; `window` is the centre's for events with an id of their own."""
    if prior is None:
        return False
    age = event.received_at - prior.received_at
    if event.has_own_id:
        return event.retained or prior.incident_open or abs(age) <= window
    if condition in {Condition.ON, Condition.OFF}:
        return False  # the present state is judged by what the alert's state is, not by its words
    if event.retained:
        return True
    return age <= (REDELIVERY_WINDOW if event.redelivered else ECHO_WINDOW)


def echo_window(event: EventKey) -> timedelta | None:
    """How long after it the same happening may be told again in other words; only codecs know, and say so in `data`."""
    seconds = event.data.get("echo_within_seconds")
    if event.has_own_id or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return timedelta(seconds=min(max(float(seconds), 0.0), REDELIVERY_WINDOW.total_seconds()))


def came_before(event: EventKey, at: datetime) -> bool:
    """Whether a redelivered event happened before `at`: by its own time, else when it was first delivered so lately."""
    if not event.redelivered:
        return False
    if event.device_at is not None and event.happened_at == event.device_at:
        return event.device_at < at
    return event.received_at - at < REDELIVERY_WINDOW


def stored_key(event_key: str) -> str:
    """The key as it fits its column: itself, or a digest of what is too long or no database stores."""
    if len(event_key) <= LONGEST_KEY and printable(event_key) == event_key:
        return event_key
    return f"sha256:{hashlib.sha256(event_key.encode('utf-8', 'surrogatepass')).hexdigest()}"


__all__ = ["ECHO_WINDOW", "LONGEST_KEY", "REDELIVERY_WINDOW", "Prior", "came_before", "echo_window", "is_repeat", "stored_key"]
