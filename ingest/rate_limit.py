"""One noisy device must not starve the others: telemetry beyond a bound per minute is counted and dropped.

Only the data lane asks; alarms are never limited. A restart starts a new minute.
"""

from __future__ import annotations

from prometheus_client import Counter

limited_total = Counter("yinling_telemetry_limited_total", "Telemetry messages dropped because one device sent too many.")

_WINDOW_SECONDS = 60.0


class TelemetryLimit:
    """A count per device in a window of one minute, all windows turning together."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._counts: dict[str, int] = {}
        self._window_ends = 0.0

    def allows(self, device: str, now_seconds: float) -> bool:
        """Count one message of `device` at a monotonic time; False when it is one too many."""
        if now_seconds >= self._window_ends:
            self._counts.clear()
            self._window_ends = now_seconds + _WINDOW_SECONDS
        count = self._counts.get(device, 0) + 1
        self._counts[device] = count
        if count > self._per_minute:
            limited_total.inc()
            return False
        return True
