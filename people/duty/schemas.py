"""What a roster says, as it crosses HTTP and as `people.duty.on_duty` reads it. Values only."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Strict(BaseModel):
    """Unknown fields are errors; values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shift(Strict):
    """A part of the day that a rotation fills, over midnight when `until` is not after `since`. It belongs to the day it begins."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    since: TimeOfDay
    until: TimeOfDay
    """The same as `since`: the whole day."""
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5, 6, 7)
    """1 is Monday."""
    on_holidays: Literal["always", "never", "only"] = "always"
    groups: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)]
    """Usernames; the groups take turns."""
    turn_days: Annotated[int, Field(ge=1, le=366)] = 1
    """How many days one group stays before the next."""
    turns_from: date
    """The day the first group began."""


class Override(Strict):
    """On this day this shift is taken by these people in place of the rotation."""

    day: date
    shift: str
    people: tuple[str, ...]


class RosterSpec(Strict):
    """A whole roster. Time of day is that of the centre's zone."""

    shifts: Annotated[tuple[Shift, ...], Field(min_length=1, max_length=50)]
    overrides: Annotated[tuple[Override, ...], Field(max_length=2000)] = ()


__all__ = ["Override", "RosterSpec", "Shift", "Strict", "TimeOfDay"]
