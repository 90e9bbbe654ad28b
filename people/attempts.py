"""Failed sign-ins of the last ten minutes, per name and per address.

`FailedAttempts` counts in memory with a bound; a restart forgets them, and when the bound is reached the key unused for
longest is forgotten first. `wait_by_audit` counts what the audit says, so that several API processes of one centre allow
together as much as one does.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from people.model import AuditEntry

WINDOW_SECONDS = 600.0
ADDRESS_FACTOR = 3
"""A whole office may sign in from one address, so it gets more attempts than one name."""
_MAXIMUM_KEYS = 20_000
_MOST_ENTRIES = 20_000
_SUBJECT = 120
"""As much of a name as the audit keeps."""
REFUSED, MADE = "sign_in.refused", "sign_in.made"


class FailedAttempts:
    """Counts failures by key; safe between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, username: str, address: str, now_seconds: float) -> float:
        """How long this name or address has to wait; 0 when it may try now. `now_seconds` is monotonic."""
        with self._lock:
            waits = [self._wait(key, limit, now_seconds) for key, limit in self._keys(username, address)]
        return max(waits)

    def failed(self, username: str, address: str, now_seconds: float) -> None:
        """Note a failure."""
        with self._lock:
            for key, limit in self._keys(username, address):
                times = self._failures.setdefault(key, deque(maxlen=limit))
                times.append(now_seconds)
                self._failures.move_to_end(key)
            while len(self._failures) > _MAXIMUM_KEYS:
                self._failures.popitem(last=False)

    def succeeded(self, username: str) -> None:
        """Forget the failures of a name; those of its address stay."""
        with self._lock:
            self._failures.pop(f"name:{username.casefold()}", None)

    def _keys(self, username: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return (f"name:{username.casefold()}", self._limit), (f"address:{address}", self._limit * ADDRESS_FACTOR)

    def _wait(self, key: str, limit: int, now_seconds: float) -> float:
        times = self._failures.get(key)
        if times is None or len(times) < limit:
            return 0.0
        return max(0.0, times[0] + WINDOW_SECONDS - now_seconds)


def wait_by_audit(session: Session, username: str, address: str, limit: int, now: datetime) -> float:
    """How many seconds this name or address has to wait by what every API process has written; 0 when it may try now."""
    since = now - timedelta(seconds=WINDOW_SECONDS)
    told = sa.select(AuditEntry.at, AuditEntry.action, AuditEntry.subject, AuditEntry.details).where(
        AuditEntry.at > since, AuditEntry.action.in_((REFUSED, MADE))
    )
    by_name: list[datetime] = []
    by_address: list[datetime] = []
    wanted = username[:_SUBJECT].casefold()
    for at, action, subject, details in session.execute(told.order_by(AuditEntry.at, AuditEntry.id).limit(_MOST_ENTRIES)):
        is_same_name = (subject or "").casefold() == wanted
        if action == MADE:
            if is_same_name:
                by_name.clear()
            continue
        if is_same_name:
            by_name.append(at)
        if (details or {}).get("address") == address:
            by_address.append(at)
    return max(_rest(by_name, limit, now), _rest(by_address, limit * ADDRESS_FACTOR, now))


def _rest(failures: list[datetime], limit: int, now: datetime) -> float:
    if len(failures) < limit:
        return 0.0
    return max(0.0, WINDOW_SECONDS - (now - failures[-limit]).total_seconds())
