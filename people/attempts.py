"""Failed sign-ins of the last ten minutes, per name and per address, in memory with a bound.

A restart forgets them; guessing against a 50 ms hash gains nothing worth by that. When the bound is reached the key
unused for longest is forgotten first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

WINDOW_SECONDS = 600.0
ADDRESS_FACTOR = 3
"""A whole office may sign in from one address, so it gets more attempts than one name."""
_MAXIMUM_KEYS = 20_000


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
