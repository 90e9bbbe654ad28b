"""What a rule says, as it crosses HTTP and YAML and as its kind evaluates it. Values only; nothing here decides.

Durations are seconds, times of the day `HH:MM` in the centre's zone, metrics in the units of the design (section 5).
What is not understood is refused by name: a rule with a mistyped field must not run with a default in its place.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from alerts.model import Severity
from devices.profiles import catalogue
from devices.vocabulary import METRICS, SIGNAL_TYPES


def _refused(error: str, **details: str) -> PydanticCustomError:
    """What is wrong, by a code that `core.messages.FIELD_MESSAGES` says in both languages."""
    return PydanticCustomError(error, "{error}", {"error": error, **details})


def _known_signal(signal: str) -> str:
    if signal not in SIGNAL_TYPES:
        raise _refused("unknown_signal", given=signal)
    return signal


def _known_metric(metric: str) -> str:
    if metric not in METRICS:
        raise _refused("unknown_metric", given=metric)
    return metric


def _known_profile(profile: str) -> str:
    if profile not in catalogue():
        raise _refused("unknown_profile", given=profile)
    return profile


Code: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
TimeOfDay: TypeAlias = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=90 * 86400)]
Audience: TypeAlias = Literal["operators", "supervisors", "installers", "family"]
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Text of one line, as every store keeps it."""
SignalType: TypeAlias = Annotated[str, AfterValidator(_known_signal)]
MetricName: TypeAlias = Annotated[str, AfterValidator(_known_metric)]
ProfileId: TypeAlias = Annotated[str, AfterValidator(_known_profile)]


class Strict(BaseModel):
    """Unknown fields are errors; values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Texts(Strict):
    """A name in both languages."""

    zh: Word
    en: Word


class Applies(Strict):
    """Where a rule applies: everything that is named must match; empty means everywhere."""

    areas: Annotated[tuple[Word, ...], Field(max_length=1000)] = ()
    """Codes of areas; their subtrees are meant."""
    homes: Annotated[tuple[Word, ...], Field(max_length=1000)] = ()
    """Codes of homes."""
    residents: Annotated[tuple[Annotated[int, Field(ge=1, le=2**63 - 1)], ...], Field(max_length=1000)] = ()
    profiles: tuple[ProfileId, ...] = ()
    """Device profiles whose signals and readings are looked at."""
    homes_with: tuple[ProfileId, ...] = ()
    """Only homes that have a device of one of these profiles; the signals and readings of all their devices are looked at."""


class Window(Strict):
    """A part of the day, over midnight when `until` is not after `since`; or the home's own sleep or daylight."""

    since: TimeOfDay | None = None
    until: TimeOfDay | None = None
    named: Literal["sleep", "daylight"] | None = None

    @model_validator(mode="after")
    def _one_way_of_saying_it(self) -> Window:
        if (self.since is None) != (self.until is None) or (self.named is None) == (self.since is None):
            raise _refused("window_said_twice_or_not")
        return self


class Happening(Strict):
    """Something that can be seen at a home: any of these signals, or a reading of a metric beyond a value."""

    signals: tuple[SignalType, ...] = ()
    metric: MetricName | None = None
    above: float | None = None
    below: float | None = None
    rooms: tuple[Word, ...] = ()
    """Only from devices in these rooms; empty: any."""

    @model_validator(mode="after")
    def _says_something(self) -> Happening:
        if not self.signals and self.metric is None:
            raise _refused("happening_says_nothing")
        if self.metric is not None and self.above is None and self.below is None:
            raise _refused("metric_needs_a_side")
        return self


MOVEMENT = Happening(
    signals=("motion.seen", "presence.on", "door.opened", "door.closed", "bed.entered", "bed.left", "sign_in.made", "stove.on"),
    metric="motion",
    above=0.5,
)
"""What counts as somebody moving about, unless a rule says otherwise."""


def _free_code(code: str) -> str:
    if code in {"backtest", "export", "import"}:
        raise _refused("reserved_code", given=code)
    return code


class RuleBase(Strict):
    """What every rule states."""

    code: Annotated[Code, AfterValidator(_free_code)]
    name: Texts
    severity: Severity
    raises: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
    """The kind of the alert and of an incident it opens: `sos`, `vitals`, `inactivity`, `wandering`, …"""
    lane: Literal["life", "fault", "doctor_call"] = "life"
    audience: tuple[Audience, ...] = ("operators",)
    playbook: Code | None = None
    """The script operators follow; null for that of `raises`."""
    enabled: bool = True
    monitor: bool = False
    """Evaluated and stored, never shown to operators."""
    applies: Applies = Applies()


class SignalRule(RuleBase):
    """These signals raise at once."""

    kind: Literal["signal"] = "signal"
    on: Annotated[tuple[SignalType, ...], Field(min_length=1)]
    off: tuple[SignalType, ...] = ()
    """What ends the condition; without any it is momentary."""
    cancel: tuple[SignalType, ...] = ()
    """What the wearer takes it back with, inside the confirmation window."""
    cancelled_severity: Severity = Severity.MEDIUM
    """What is left of it then, until a person closes it."""
    note: tuple[SignalType, ...] = ()
    """What belongs on the timeline and changes nothing."""
    confirm_seconds: Seconds | None = None
    """Rings at once as pending, and is confirmed after this unless cancelled."""
    confirm_only_with_profile_window: bool = True
    """Only devices whose profile has a wearer's cancel window are pending; others are certain at once."""
    during: Window | None = None

    @model_validator(mode="after")
    def _each_signal_once(self) -> SignalRule:
        said = (*self.on, *self.off, *self.cancel, *self.note)
        if len(set(said)) != len(said):
            raise _refused("signal_said_twice")
        return self


class ThresholdRule(RuleBase):
    """A metric beyond a value, for long enough."""

    kind: Literal["threshold"] = "threshold"
    metric: MetricName | None = None
    """Null, with `limits_of_profile`: every metric that has limits, save `battery`. A vital then raises what `raises` says,
    `co`, `gas` and `water` their own kind, and anything else `environment`."""
    low: float | None = None
    high: float | None = None
    far_low: float | None = None
    far_high: float | None = None
    far_severity: Severity | None = None
    hysteresis: Annotated[float, Field(ge=0)] = 0.0
    hold_seconds: Annotated[float, Field(ge=0, le=7 * 86400)] = 0.0
    """It must last this long; a value that stops coming does not end it."""
    limits_of_profile: bool = False
    """Sides that are null come from the device's profile; a resident's own limits always win."""
    during: Window | None = None

    @model_validator(mode="after")
    def _has_a_side(self) -> ThresholdRule:
        if not self.limits_of_profile and (self.metric is None or (self.low is None and self.high is None)):
            raise _refused("threshold_without_limit")
        ladder = [value for value in (self.far_low, self.low, self.high, self.far_high) if value is not None]
        if sorted(ladder) != ladder or (self.metric is None and ladder):
            raise _refused("limits_out_of_order")
        if self.low is not None and self.high is not None and self.high - self.low <= 2 * self.hysteresis:
            raise _refused("hysteresis_too_wide")
        return self


class TrendRule(RuleBase):
    """A change over days of one resident's daily value."""

    kind: Literal["trend"] = "trend"
    metric: MetricName
    statistic: Literal["mean", "median", "last", "sum"] = "mean"
    during: Window | None = None
    """The part of each day that counts, such as the morning."""
    over_days: Annotated[int, Field(ge=2, le=90)]
    direction: Literal["rise", "fall", "either"]
    change: Annotated[float, Field(gt=0)]
    """In the metric's unit, or in per cent of the earlier value when `relative`."""
    relative: bool = False
    at_least_days: Annotated[int, Field(ge=2, le=90)] = 2
    """Days with a value within `over_days`; fewer decide nothing."""

    @model_validator(mode="after")
    def _days_fit(self) -> TrendRule:
        if self.at_least_days > self.over_days:
            raise _refused("more_days_than_looked_at")
        return self


class SequenceRule(RuleBase):
    """A, then B within a time; or A, and then no B within a time."""

    kind: Literal["sequence"] = "sequence"
    first: Happening
    then: Happening
    expected: bool
    """True: raised when B follows. False: raised when B does not follow (or never could be seen) in time."""
    within_seconds: Seconds
    during: Window | None = None
    """When A counts."""
    only_when_nobody_home: bool = False
    """A counts only while nobody is believed to be at home. An A that lasts (a stove that is on) counts from the moment when
    the last person left, too."""
    worsens: Code | None = None
    """Raises the severity of this rule's open alert, where there is one, in place of an alert of its own."""

    @model_validator(mode="after")
    def _worsens_another(self) -> SequenceRule:
        if self.worsens == self.code:
            raise _refused("rule_worsens_itself")
        return self


class InactivityRule(RuleBase):
    """Nothing seen for a time, nothing in a window of the day, or too long in one room."""

    kind: Literal["inactivity"] = "inactivity"
    activity: Happening = MOVEMENT
    none_for_seconds: Seconds | None = None
    none_in: Window | None = None
    """"Not up by ten": nothing between `since` and `until`, judged at `until`."""
    longer_than_seconds: Seconds | None = None
    """Together with `rooms`: somebody went in and was seen nowhere else for this long."""
    rooms: tuple[Word, ...] = ()
    """Names of rooms, in the words of the centre; the built-in rules name the usual ones in both languages."""
    during: Window | None = None
    """When it is judged; with `none_for_seconds` time outside does not count."""

    @model_validator(mode="after")
    def _one_form(self) -> InactivityRule:
        forms = (self.none_for_seconds, self.none_in, self.longer_than_seconds)
        if sum(form is not None for form in forms) != 1 or bool(self.rooms) != (self.longer_than_seconds is not None):
            raise _refused("inactivity_needs_one_form")
        return self


class AbsenceRule(RuleBase):
    """A device that should have spoken and did not."""

    kind: Literal["absence"] = "absence"
    silence_seconds: Seconds | None = None
    """Null: what the device's profile promises, which already counts several missed heartbeats."""


class BatteryRule(RuleBase):
    """A battery that runs low: the device says so itself, or its percentage does. Both are one alert, so one visit."""

    kind: Literal["battery"] = "battery"
    on: tuple[SignalType, ...] = ("battery.low",)
    off: tuple[SignalType, ...] = ("battery.ok",)
    low_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    """Null: the profile's limit, or 20 % where it has none."""
    hysteresis_percent: Annotated[float, Field(ge=0, lt=100)] | None = None
    """Well again only this far above; null: the profile's, or 10 %."""


class OutageRule(RuleBase):
    """Many homes of one area silent or on battery at once: one incident."""

    kind: Literal["outage"] = "outage"
    homes_at_least: Annotated[int, Field(ge=2, le=100_000)] = 5
    share_at_least: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Of the watched homes of the area; both numbers must be reached."""
    within_seconds: Seconds = 60.0


class Circle(Strict):
    """A place on the map."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    radius_metres: Annotated[float, Field(gt=0, le=100_000)]


class GeofenceRule(RuleBase):
    """A position outside (or inside) places."""

    kind: Literal["geofence"] = "geofence"
    circles: tuple[Circle, ...] = ()
    """Empty: a circle around the home, of `home_radius_metres`."""
    home_radius_metres: Annotated[float, Field(gt=0, le=100_000)] = 500.0
    outside: bool = True
    hold_seconds: Annotated[float, Field(ge=0, le=86400)] = 120.0
    worst_accuracy_metres: Annotated[float, Field(gt=0)] = 200.0
    """A position vaguer than this decides nothing."""
    during: Window | None = None


class RoutineRule(RuleBase):
    """Kept for the learned baseline of a resident's days: stored and shown as not evaluated yet."""

    kind: Literal["routine"] = "routine"
    monitor: Literal[True] = True


RuleSpec: TypeAlias = Annotated[
    SignalRule
    | ThresholdRule
    | TrendRule
    | SequenceRule
    | InactivityRule
    | AbsenceRule
    | BatteryRule
    | OutageRule
    | GeofenceRule
    | RoutineRule,
    Field(discriminator="kind"),
]
"""Any rule."""

RULE_KINDS = ("signal", "threshold", "trend", "sequence", "inactivity", "absence", "battery", "outage", "geofence", "routine")

__all__ = [
    "MOVEMENT",
    "RULE_KINDS",
    "AbsenceRule",
    "Applies",
    "Audience",
    "BatteryRule",
    "Circle",
    "Code",
    "GeofenceRule",
    "Happening",
    "InactivityRule",
    "OutageRule",
    "RoutineRule",
    "RuleBase",
    "RuleSpec",
    "SequenceRule",
    "SignalRule",
    "Texts",
    "ThresholdRule",
    "TimeOfDay",
    "TrendRule",
    "Window",
]
