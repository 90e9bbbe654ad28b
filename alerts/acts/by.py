"""Who acts, when, and under which settings: what every act is told.

`now` is the clock of the centre and drives every clock of the incident. `done_at` is set where a person enters afterwards
what was done on paper; it is what the record then says of when it was done, and moves no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts.timeline import Actor
from core.config import Settings


@dataclass(frozen=True, slots=True)
class By:
    """One `now` for the whole act."""

    actor: Actor
    now: datetime
    settings: Settings
    done_at: datetime | None = None
    is_news: bool = True
    """Whether families hear of this step; of several entered together they hear of the last."""

    @property
    def when(self) -> datetime:
        """When it was done: on paper, else now."""
        return self.done_at or self.now

    def first(self, known: datetime | None) -> datetime:
        """The instant to keep of a step that may be known already: only paper can tell of an earlier one."""
        if known is None or (self.done_at is not None and self.done_at < known):
            return self.when
        return known


__all__ = ["By"]
