"""Incidents of Yinling itself: the probe that did not arrive, a device the broker throws out again and again.

They have no home, their own lane each, and go through the engine like any other, so that they ring, are paged, and are
closed by a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from alerts.engine import AlertEngine
from alerts.findings import Condition, Finding, Outcome
from alerts.lanes import system_lane
from alerts.model import Severity
from alerts.troubles import trouble_of
from core.config import Settings

RULE = "system"


def raise_system(  # noqa: PLR0913, PLR0917 what, how bad, why, when
    session: Session, what: str, severity: Severity, details: Mapping[str, Any], now: datetime, settings: Settings
) -> Outcome:
    """Raise, or raise again, something wrong with the system; `what` is a `Trouble`, with a colon and a name where there are many.

    ValueError for one that has no words: people would read its code.
    """
    if trouble_of(what) is None:
        message = f"{what!r} is no trouble that people have words for"
        raise ValueError(message)
    return _apply(session, what, severity, Condition.ON, details, now, settings)


def clear_system(session: Session, what: str, now: datetime, settings: Settings) -> Outcome:
    """Say that it works again; its incident stays until a person closes it."""
    return _apply(session, what, Severity.INFO, Condition.OFF, {}, now, settings)


def _apply(  # noqa: PLR0913, PLR0917 the same
    session: Session,
    what: str,
    severity: Severity,
    condition: Condition,
    details: Mapping[str, Any],
    now: datetime,
    settings: Settings,
) -> Outcome:
    finding = Finding(
        home_id=None,
        device_id=None,
        rule=RULE,
        subject=what,
        kind="system",
        severity=severity,
        condition=condition,
        lane=system_lane(what),
        evidence=details,
    )
    return AlertEngine(settings).apply(session, [finding], now)[0]


__all__ = ["RULE", "clear_system", "raise_system"]
