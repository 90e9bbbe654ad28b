"""Answers about the centre as a whole: its figures, the probe, and whether its processes work."""

from __future__ import annotations

from typing import Literal

from api.schemas.base import InstantOut, Out

ProbeOutcome = Literal["sent", "arrived", "late", "lost"]


class OpenCounts(Out):
    """Open incidents by severity."""

    critical: int
    high: int
    medium: int
    low: int
    info: int


class Answered(Out):
    """How fast incidents of 24 hours were first acknowledged: counts, their total, and percentiles in seconds.

    Drills, probes and tests are not in it; incidents still waiting count in `total` once they are older than the limit.
    What was answered on paper and entered afterwards is in none of the figures: paper has minutes, written by hand, and the
    limits are seconds. `entered_afterwards` says how many those are. `alarms` is how many calls there were in all, each in the
    24 hours in which it happened: with those of paper, and with those that ended without anybody's answer.
    """

    within_15: int
    within_60: int
    within_180: int
    total: int
    median_seconds: float | None
    percentile_90_seconds: float | None
    percentile_99_seconds: float | None
    alarms: int = 0
    entered_afterwards: int = 0


class BusiestArea(Out):
    """The area with the most open incidents; drills are not counted."""

    code: str
    name: str
    open: int


class ProbeState(Out):
    """The last synthetic alarm that has an outcome."""

    outcome: ProbeOutcome
    latency_milliseconds: float | None
    at: InstantOut


class HourCount(Out):
    """Alarms of one hour, by when they happened."""

    hour_start: InstantOut
    count: int


class Overview(Out):
    """The centre on one screen: `answered` over the last 24 hours, `answered_yesterday` over the 24 hours before those."""

    homes: int
    devices: int
    silent_devices: int
    open: OpenCounts
    answered: Answered
    answered_yesterday: Answered
    busiest_area: BusiestArea | None
    probe: ProbeState | None
    fallback_configured: bool
    last_closed_at: InstantOut | None
    watching_operators: int
    unknown_messages: int
    spool_bytes: int
    curve: list[HourCount]


class ProbeItem(Out):
    """One synthetic alarm."""

    sent_at: InstantOut
    arrived_at: InstantOut | None
    outcome: ProbeOutcome
    latency_milliseconds: float | None


class ProbeList(Out):
    """The newest first."""

    items: list[ProbeItem]


class Health(Out):
    """A process answers."""

    status: Literal["ok"]


class Readiness(Out):
    """Whether the whole path of an alarm works: `ok`, or the reason, per check."""

    ready: bool
    checks: dict[str, str]
