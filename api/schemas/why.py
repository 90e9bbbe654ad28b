"""Why there is an alert, and what happens when its case is lived again."""

from __future__ import annotations

from pydantic import JsonValue

from alerts.ruleset.schemas import RuleSpec
from api.schemas.base import InstantOut, Out, SeverityName
from api.schemas.devices import ReadingOut


class Sentence(Out):
    """One sentence in both languages."""

    zh: str
    en: str


class WhyRule(Out):
    """The rule in the version that made the alert; version 0 is the built-in one. `name` and `spec` are null for Yinling's own."""

    code: str
    version: int
    name: Sentence | None
    kind: str
    spec: RuleSpec | None


class WhyLinkOut(Out):
    """One thing the rule looked at; health values are null for whoever may not see them.

    `what` is `signal`, `reading`, `silence` or `area`; `effect` is `raised`, `repeated`, `worsened` or `returned`.
    """

    at: InstantOut
    what: str
    name: str
    effect: str
    device_id: int | None
    device_name: str | None
    room: str | None
    value: float | None
    details: dict[str, JsonValue]


class WhySeries(Out):
    """A line of the picture, with the limits it was judged by."""

    device_id: int
    device_name: str
    room: str | None
    metric: str
    unit: str
    points: list[ReadingOut]
    low: float | None
    high: float | None


class WhySignal(Out):
    """A mark in the picture: what a device of the home told."""

    at: InstantOut
    type: str
    device_id: int
    device_name: str
    room: str | None


class WhyOut(Out):
    """Why there is an alert: `at` is when it was raised, `start` and `end` what the picture shows."""

    sentence: Sentence
    rule: WhyRule
    links: list[WhyLinkOut]
    series: list[WhySeries]
    signals: list[WhySignal]
    at: InstantOut
    start: InstantOut
    end: InstantOut
    health_hidden: bool


class ReplayFound(Out):
    """A time at which the case, lived again, raises."""

    at: InstantOut
    severity: SeverityName


class ReplayOut(Out):
    """Whether the stored case leads to the same alert again, and every time it does around it."""

    agrees: bool
    found: list[ReplayFound]
