"""Stored readings, for rules that look back over days or over the time before this process began.

A store that is away says so; whoever asked tries again later, and nobody is judged on readings that could not be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from timeseries.recorder import Recorder


class StoredHistory:
    """The reading store behind `alerts.rules.context.History`."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def points(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime
    ) -> list[tuple[int, str, datetime, float]]:
        """(device, metric, at, value) within [start, end), oldest first; raises StoreAwayError."""
        if not device_ids or not metrics or start >= end:
            return []
        return [(one.device_id, one.metric, one.at, one.value) for one in self._recorder.scan(device_ids, metrics, start, end)]
