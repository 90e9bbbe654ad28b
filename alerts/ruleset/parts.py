"""What rules are said in: signals, metrics, rooms, windows of the day, places, and where a rule applies. Values only.

Durations are seconds, times of the day `HH:MM` in the centre's zone, metrics in the units of the design (section 5).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from alerts.playbooks import PLAYBOOKS
from devices.profiles import catalogue
from devices.vocabulary import METRICS, SIGNAL_TYPES


def refused(error: str, **details: str) -> PydanticCustomError:
    """What is wrong, by a code that `core.messages.FIELD_MESSAGES` says in both languages."""
    return PydanticCustomError(error, "{error}", {"error": error, **details})


def _known_signal(signal: str) -> str:
    if signal not in SIGNAL_TYPES:
        raise refused("unknown_signal", given=signal)
    return signal


def _known_metric(metric: str) -> str:
    if metric not in METRICS:
        raise refused("unknown_metric", given=metric)
    return metric


def _known_profile(profile: str) -> str:
    if profile not in catalogue():
        raise refused("unknown_profile", given=profile)
    return profile


def _known_playbook(playbook: str) -> str:
    if playbook not in PLAYBOOKS:
        raise refused("unknown_playbook", given=playbook, playbooks=", ".join(sorted(PLAYBOOKS)))
    return playbook


Code: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
TimeOfDay: TypeAlias = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=90 * 86400)]
Audience: TypeAlias = Literal["operators", "supervisors", "installers", "family"]
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Text of one line, as every store keeps it."""
SignalType: TypeAlias = Annotated[str, AfterValidator(_known_signal)]
MetricName: TypeAlias = Annotated[str, AfterValidator(_known_metric)]
ProfileId: TypeAlias = Annotated[str, AfterValidator(_known_profile)]
Playbook: TypeAlias = Annotated[str, AfterValidator(_known_playbook)]


class Strict(BaseModel):
    """Unknown fields are errors; values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Texts(Strict):
    """A name in both languages."""

    zh: Word
    """Chinese."""
    en: Word
    """English."""


class Applies(Strict):
    """Where a rule applies: everything that is named must match; empty means everywhere."""

    areas: Annotated[tuple[Word, ...], Field(max_length=1000)] = ()
    """Codes of areas; their subtrees are meant."""
    homes: Annotated[tuple[Word, ...], Field(max_length=1000)] = ()
    """Codes of homes."""
    residents: Annotated[tuple[Annotated[int, Field(ge=1, le=2**63 - 1)], ...], Field(max_length=1000)] = ()
    """Ids of residents; only what concerns them is looked at."""
    profiles: tuple[ProfileId, ...] = ()
    """Device profiles whose signals and readings are looked at."""
    homes_with: tuple[ProfileId, ...] = ()
    """Only homes that have a device of one of these profiles; the signals and readings of all their devices are looked at."""


class Window(Strict):
    """A part of the day, over midnight when `until` is not after `since`; or the home's own sleep or daylight."""

    since: TimeOfDay | None = None
    """From this time of the day, `HH:MM`."""
    until: TimeOfDay | None = None
    """Up to this time."""
    named: Literal["sleep", "daylight"] | None = None
    """In place of both: when the home sleeps (22:00-06:30 unless it says otherwise), or has daylight (06:00-19:00)."""

    @model_validator(mode="after")
    def _one_way_of_saying_it(self) -> Window:
        if (self.since is None) != (self.until is None) or (self.named is None) == (self.since is None):
            raise refused("window_said_twice_or_not")
        return self


class Happening(Strict):
    """Something that can be seen at a home: any of these signals, or a reading of a metric beyond a value."""

    signals: tuple[SignalType, ...] = ()
    """Any of these."""
    metric: MetricName | None = None
    """Or a reading of this metric"""
    above: float | None = None
    """more than this"""
    below: float | None = None
    """or less than this."""
    rooms: tuple[Word, ...] = ()
    """Only from devices in these rooms; empty: any."""

    @model_validator(mode="after")
    def _says_something(self) -> Happening:
        if not self.signals and self.metric is None:
            raise refused("happening_says_nothing")
        if self.metric is not None and self.above is None and self.below is None:
            raise refused("metric_needs_a_side")
        return self


MOVEMENT = Happening(
    signals=("motion.seen", "presence.on", "door.opened", "door.closed", "bed.entered", "bed.left", "sign_in.made", "stove.on"),
    metric="motion",
    above=0.5,
)
"""What counts as somebody moving about, unless a rule says otherwise."""


class Circle(Strict):
    """A place on the map."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    """Of its centre, in degrees (WGS 84)."""
    longitude: Annotated[float, Field(ge=-180, le=180)]
    """The same."""
    radius_metres: Annotated[float, Field(gt=0, le=100_000)]
    """How far it reaches."""


__all__ = [
    "MOVEMENT",
    "Applies",
    "Audience",
    "Circle",
    "Code",
    "Happening",
    "MetricName",
    "Playbook",
    "ProfileId",
    "Seconds",
    "SignalType",
    "Strict",
    "Texts",
    "TimeOfDay",
    "Window",
    "Word",
    "refused",
]
