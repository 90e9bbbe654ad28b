"""What the kinds of rules are given and what they answer: plain values, shared by live evaluation and by backtests.

A rule that has to wait answers with a `TimerChange`; whoever evaluates keeps it with the message (live: a row of
`rule_timers`, committed in the same transaction) and comes back with a `DueTimer` when its time is over. A process that
dies in between has lost nothing: the row is there, or the message comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from alerts.facts import DeviceFacts
from alerts.findings import Finding
from alerts.model import Severity

ActiveLookup: TypeAlias = Callable[[str, str], Severity | None]
"""(rule, subject) of the home at hand: the severity of its open condition, or None."""

TimerKey: TypeAlias = tuple[str, str]
"""(rule code, subject), unique within a home."""

SLEEP = (time(22, 0), time(6, 30))
DAYLIGHT = (time(6, 0), time(19, 0))


@dataclass(frozen=True, slots=True)
class ResidentFacts:
    """A resident as the rules see one."""

    id: int
    rule_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Own values, `{rule code: {parameter: value}}`, over the rule's."""


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """A home as the rules see it: its people, its devices, its place and its day."""

    id: int
    code: str
    devices: Mapping[int, DeviceFacts] = field(default_factory=dict)
    residents: tuple[ResidentFacts, ...] = ()
    area_path: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    sleep: tuple[time, time] = SLEEP
    daylight: tuple[time, time] = DAYLIGHT
    probe: bool = False
    own_codes: frozenset[str] = field(init=False, default=frozenset())
    """Rules for which somebody here has own values."""
    tells_position: bool = field(init=False, default=False)
    """Whether a device here can say where it is."""
    personal: dict[tuple[int, int | None], tuple[Any, Any]] = field(default_factory=dict, compare=False, repr=False)
    """Rules with own values laid over them, made once for each (rule, resident)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "own_codes", frozenset(code for one in self.residents for code in one.rule_values))
        object.__setattr__(self, "tells_position", any("longitude" in one.metrics for one in self.devices.values()))

    @property
    def subject(self) -> str:
        """How alerts about the home as a whole name it."""
        return f"home:{self.code}"


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A rule that waited, and whose time is over or will be at `due_at`."""

    rule: str
    subject: str
    armed_at: datetime
    due_at: datetime
    state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> TimerKey:
        """What it is unique by within its home."""
        return (self.rule, self.subject)


@dataclass(frozen=True, slots=True)
class TimerChange:
    """A timer to arm or to move; to disarm when `due_at` is None."""

    rule: str
    subject: str
    due_at: datetime | None
    state: Mapping[str, Any] = field(default_factory=dict)
    armed_at: datetime | None = None
    """None keeps the old one's, or means now for a new one."""

    @property
    def key(self) -> TimerKey:
        """What it is unique by within its home."""
        return (self.rule, self.subject)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that could not judge: it found nothing, and took nothing else of its message with it."""

    rule: str
    home: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one signal, reading, due timer or start leads to."""

    findings: tuple[Finding, ...] = ()
    timers: tuple[TimerChange, ...] = ()
    broken: tuple[Broken, ...] = ()
    """Rules that failed on it; whoever evaluates sets them aside."""

    def __add__(self, other: Evaluation) -> Evaluation:
        if not other:
            return self
        if not self:
            return other
        return Evaluation(self.findings + other.findings, self.timers + other.timers, self.broken + other.broken)

    def __bool__(self) -> bool:
        return bool(self.findings or self.timers or self.broken)


NOTHING = Evaluation()


class History(Protocol):
    """Stored readings, for what looks back over days and for what memory does not reach."""

    def points(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime
    ) -> Sequence[tuple[int, str, datetime, float]]:
        """(device, metric, at, value) within [start, end), oldest first; none left out."""
        ...


class NoHistory:
    """Nothing is stored: rules that look back decide nothing."""

    def points(
        self, device_ids: Sequence[int], metrics: Sequence[str], start: datetime, end: datetime
    ) -> Sequence[tuple[int, str, datetime, float]]:
        """None."""
        del device_ids, metrics, start, end
        return ()


@dataclass(frozen=True, slots=True)
class Day:
    """The zone and the rhythm that windows of the day are meant in."""

    zone: ZoneInfo
    sleep: tuple[time, time] = SLEEP
    daylight: tuple[time, time] = DAYLIGHT


__all__ = [
    "DAYLIGHT",
    "NOTHING",
    "SLEEP",
    "ActiveLookup",
    "Broken",
    "Day",
    "DueTimer",
    "Evaluation",
    "History",
    "HomeFacts",
    "NoHistory",
    "ResidentFacts",
    "TimerChange",
    "TimerKey",
]
