"""A store of readings that locks us out becomes an incident of the system: a token withdrawn, a bucket gone.

Readings wait in the spool meanwhile, which has an end, so a person must hear of it. A process that dies before it raised
finds the store locked and raises it again; several workers share one alert.
"""

from __future__ import annotations

from alerts.model import Severity
from alerts.system import clear_system, raise_system
from alerts.troubles import Trouble
from ingest.tools import Tools

WHAT = Trouble.READINGS_STORE
_AGAIN_SECONDS = 600.0


class ReadingsWatch:
    """Looks each tick; raises once, again now and then while it lasts, and says when it is over."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._raised_at_seconds: float | None = None

    def __call__(self) -> None:
        """Raise, or say that it works again."""
        tools = self._tools
        reason, now_seconds = tools.recorder.locked_out, tools.clock.monotonic_seconds()
        if reason is None and self._raised_at_seconds is None:
            return
        if reason is not None and self._raised_at_seconds is not None and now_seconds - self._raised_at_seconds < _AGAIN_SECONDS:
            return
        now, settings = tools.clock.now(), tools.engine.settings
        with tools.transaction() as session:
            if reason is None:
                clear_system(session, WHAT, now, settings)
            else:
                raise_system(session, WHAT, Severity.MEDIUM, {"reason": reason, "do": "yinling doctor"}, now, settings)
        self._raised_at_seconds = None if reason is None else now_seconds
        tools.bus.hint()
