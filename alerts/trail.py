"""What processes log of an alarm: one line for each signal kept and each line of an incident's story, once it is committed.

Every line carries `incident`, and the ones about a message carry `message` (the id the device gave it, or the one it was given
here), so that one search over the logs of all processes tells an alarm's way. Ids alone: no name, no text, nothing
medical. What is rolled back, a savepoint's part too, is never logged. A process killed between the commit and the line has
written everything but the line; the timeline in the store is the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy.orm import Session

from core.database import after_commit

log = structlog.get_logger()

# What a line of a story may say in a log; everything else in its details may be personal.
_IDS = ("alert", "page", "step", "round", "ring", "channel", "severity", "into", "new", "pages", "permanent")


def log_when_committed(session: Session, event: str, fields: Callable[[], Mapping[str, Any]]) -> None:
    """Log `event` with `fields()` after the commit; the fields are asked for then, when every row has its id."""
    after_commit(session, lambda: log.info(event, **fields()))


def ids_of(details: Mapping[str, Any] | None) -> dict[str, Any]:
    """The part of a story's details that a log may hold."""
    return {name: details[name] for name in _IDS if name in details} if details else {}


__all__ = ["ids_of", "log_when_committed"]
