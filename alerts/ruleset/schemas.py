"""What a rule says, as it crosses HTTP and YAML and as its kind evaluates it. Values only; nothing here decides.

Durations are seconds, times of the day `HH:MM` in the centre's zone, metrics in the units of the design (section 5).
What is not understood is refused by name: a rule with a mistyped field must not run with a default in its place.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from alerts.model import Severity
from alerts.ruleset.parts import (
    MOVEMENT,
    Applies,
    Audience,
    Circle,
    Code,
    Happening,
    MetricName,
    Playbook,
    Seconds,
    SignalType,
    Strict,
    Texts,
    TimeOfDay,
    Window,
    Word,
    refused,
)


def _free_code(code: str) -> str:
    if code in {"backtest", "export", "import"}:
        raise refused("reserved_code", given=code)
    return code


class RuleBase(Strict):
    """What every rule states."""

    code: Annotated[Code, AfterValidator(_free_code)]
    """Its lasting name, which alerts carry as `rule`; it never changes."""
    name: Texts
    """What people call it."""
    severity: Severity
    """How bad what it finds is."""
    raises: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
    """The kind of the alert and of an incident it opens: `sos`, `vitals`, `inactivity`, `wandering`, …"""
    lane: Literal["life", "fault", "doctor_call"] = "life"
    """Which alerts of a home may share an incident: a fault never shares one with a danger to life."""
    audience: tuple[Audience, ...] = ("operators",)
    """Who it is for. Only `operators` are rung for and paged; `family`: consenting contacts are told however mild it is;
    `installers` see faults on their page and close them. High, critical or a danger to life must be for `operators`."""
    playbook: Playbook | None = None
    """The script operators follow; null for that of `raises`."""
    enabled: bool = True
    """A rule that is switched off is not evaluated at all."""
    monitor: bool = False
    """Evaluated and stored, never shown to operators."""
    applies: Applies = Applies()
    """Where it applies; left out: everywhere."""


class SignalRule(RuleBase):
    """These signals raise at once."""

    kind: Literal["signal"] = "signal"
    on: Annotated[tuple[SignalType, ...], Field(min_length=1)]
    """Any of these raises it."""
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
    """When it counts; left out: always."""

    @model_validator(mode="after")
    def _each_signal_once(self) -> SignalRule:
        said = (*self.on, *self.off, *self.cancel, *self.note)
        if len(set(said)) != len(said):
            raise refused("signal_said_twice")
        return self


class ThresholdRule(RuleBase):
    """A metric beyond a value, for long enough."""

    kind: Literal["threshold"] = "threshold"
    metric: MetricName | None = None
    """Null, with `limits_of_profile`: every metric that has limits, save `battery`. A vital then raises what `raises` says,
    `co`, `gas` and `water` their own kind, and anything else `environment`."""
    low: float | None = None
    """Below this it is out of range."""
    high: float | None = None
    """Above this it is out of range."""
    far_low: float | None = None
    """From here down it is `far_severity`."""
    far_high: float | None = None
    """From here up it is `far_severity`."""
    far_severity: Severity | None = None
    """How bad it is far outside; null: as `severity`, or as the profile says."""
    hysteresis: Annotated[float, Field(ge=0)] = 0.0
    """Normal again only when it is this far inside."""
    hold_seconds: Annotated[float, Field(ge=0, le=7 * 86400)] = 0.0
    """It must last this long; a value that stops coming does not end it."""
    limits_of_profile: bool = False
    """Sides that are null come from the device's profile; a resident's own limits always win."""
    during: Window | None = None
    """When it counts; left out: always."""

    @model_validator(mode="after")
    def _has_a_side(self) -> ThresholdRule:
        if not self.limits_of_profile and (self.metric is None or (self.low is None and self.high is None)):
            raise refused("threshold_without_limit")
        ladder = [value for value in (self.far_low, self.low, self.high, self.far_high) if value is not None]
        if sorted(ladder) != ladder or (self.metric is None and ladder):
            raise refused("limits_out_of_order")
        if self.low is not None and self.high is not None and self.high - self.low <= 2 * self.hysteresis:
            raise refused("hysteresis_too_wide")
        return self


class TrendRule(RuleBase):
    """A change over days of one resident's daily value."""

    kind: Literal["trend"] = "trend"
    metric: MetricName
    """What is compared."""
    statistic: Literal["mean", "median", "last", "sum"] = "mean"
    """How a day's readings become its value."""
    during: Window | None = None
    """The part of each day that counts, such as the morning."""
    over_days: Annotated[int, Field(ge=2, le=90)]
    """So many days are compared, today among them."""
    direction: Literal["rise", "fall", "either"]
    """Which change matters."""
    change: Annotated[float, Field(gt=0)]
    """In the metric's unit, or in per cent of the earlier value when `relative`."""
    relative: bool = False
    """`change` is in per cent."""
    at_least_days: Annotated[int, Field(ge=2, le=90)] = 2
    """Days with a value within `over_days`; fewer decide nothing."""

    @model_validator(mode="after")
    def _days_fit(self) -> TrendRule:
        if self.at_least_days > self.over_days:
            raise refused("more_days_than_looked_at")
        return self


class SequenceRule(RuleBase):
    """A, then B within a time; or A, and then no B within a time."""

    kind: Literal["sequence"] = "sequence"
    first: Happening
    """A."""
    then: Happening
    """B."""
    expected: bool
    """True: raised when B follows. False: raised when B does not follow (or never could be seen) in time."""
    within_seconds: Seconds
    """So long after A."""
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
            raise refused("rule_worsens_itself")
        return self


class InactivityRule(RuleBase):
    """Nothing seen for a time, nothing in a window of the day, or too long in one room."""

    kind: Literal["inactivity"] = "inactivity"
    activity: Happening = MOVEMENT
    """What counts as somebody moving about."""
    none_for_seconds: Seconds | None = None
    """Nothing for this long."""
    none_in: Window | None = None
    """"Not up by ten": nothing between `since` and `until`, judged at `until`."""
    longer_than_seconds: Seconds | None = None
    """Together with `rooms`: somebody went in and was seen nowhere else for this long."""
    rooms: tuple[Word, ...] = ()
    """Names of rooms, in the words of the centre; the built-in rules name the usual ones in both languages."""
    during: Window | None = None
    """When it is judged; with `none_for_seconds` time outside does not count, with `longer_than_seconds` a stay that began inside
    counts to its end."""

    @model_validator(mode="after")
    def _one_form(self) -> InactivityRule:
        forms = (self.none_for_seconds, self.none_in, self.longer_than_seconds)
        if sum(form is not None for form in forms) != 1 or bool(self.rooms) != (self.longer_than_seconds is not None):
            raise refused("inactivity_needs_one_form")
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
    """What a device says of itself."""
    off: tuple[SignalType, ...] = ("battery.ok",)
    """What it says when it is well again."""
    low_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    """Null: the profile's limit, or 20 % where it has none."""
    hysteresis_percent: Annotated[float, Field(ge=0, lt=100)] | None = None
    """Well again only this far above; null: the profile's, or 10 %."""


class OutageRule(RuleBase):
    """Many homes of one area silent or on battery at once: one incident."""

    kind: Literal["outage"] = "outage"
    homes_at_least: Annotated[int, Field(ge=2, le=100_000)] = 5
    """So many homes of an area,"""
    share_at_least: Annotated[float, Field(gt=0, le=1)] = 0.3
    """and this share of its watched homes; both must be reached."""
    within_seconds: Seconds = 60.0
    """They fell silent or lost their power within this time."""


class GeofenceRule(RuleBase):
    """A position outside (or inside) places."""

    kind: Literal["geofence"] = "geofence"
    circles: tuple[Circle, ...] = ()
    """Empty: a circle around the home, of `home_radius_metres`."""
    home_radius_metres: Annotated[float, Field(gt=0, le=100_000)] = 500.0
    """Around the home's own place on the map; a home without one is not judged."""
    outside: bool = True
    """False: raised inside the circles."""
    hold_seconds: Annotated[float, Field(ge=0, le=86400)] = 120.0
    """It must last this long."""
    worst_accuracy_metres: Annotated[float, Field(gt=0)] = 200.0
    """A position vaguer than this decides nothing."""
    during: Window | None = None
    """When it counts; left out: always."""


class RoutineRule(RuleBase):
    """Kept for the learned baseline of a resident's days: stored and shown as not evaluated yet."""

    kind: Literal["routine"] = "routine"
    monitor: Literal[True] = True
    """Never shown to operators."""


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
