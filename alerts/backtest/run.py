"""A rule run over the stored time of one home: how often, when, and on whom it would have fired.

The run begins earlier than it is asked for, so that what was already so at the start is known and does not count. What
would not have been shown, because of a mode or the monitor, counts and is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from alerts.backtest.course import Course, Found
from alerts.backtest.ears import Deaf, deaf_times
from alerts.backtest.fires import Fire
from alerts.backtest.losses import signs_of
from alerts.backtest.sources import Sources, StoredHistory
from alerts.backtest.standing import StayedModes
from alerts.findings import Condition, Finding
from alerts.lanes import OUTAGE_RULES
from alerts.outages.course import Sign
from alerts.rules.absence import RULE as SILENCE
from alerts.rules.absence import patience_seconds
from alerts.rules.context import HomeFacts
from alerts.rules.index import RuleIndex, index_of
from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.compile import HomeKey, RuleInForce, Ruleset, rule_in_force
from alerts.ruleset.schemas import (
    AbsenceRule,
    GeofenceRule,
    InactivityRule,
    RuleSpec,
    SequenceRule,
    ThresholdRule,
)

LOOK_BACK = timedelta(days=1)
"""How long before its start a run begins at least: a day of a home."""
_LONGEST_LOOK_BACK = timedelta(days=10)
RAISING = frozenset({Condition.MOMENTARY, Condition.ON})


class HomeReader(Protocol):
    """Gives a home as the rules see it today: its people, its devices, its place."""

    def __call__(self, session: Session, home_id: int) -> HomeFacts | None:
        """The home; None where there is none."""
        ...


class Replay:
    """Runs rules over stored homes. Keeps nothing between two but what was read once; one may serve all threads."""

    def __init__(self, sources: Sources, read_home: HomeReader, timezone: str) -> None:
        self._sources = sources
        self._read_home = read_home
        self._zone = ZoneInfo(timezone)
        self._deaf: tuple[datetime, datetime, tuple[Deaf, ...]] | None = None
        self._index: Callable[[tuple[RuleInForce, ...]], RuleIndex] = lru_cache(maxsize=32)(index_of)

    def fires(self, rule: RuleInForce, home_id: int, start: datetime, end: datetime) -> Iterator[Fire | None]:
        """Each time the rule would have raised within [start, end); None now and then."""
        with self._sources.database.snapshot() as session:
            home = self._read_home(session, home_id)
            if home is None:
                return
            modes = StayedModes.read(session, home_id, [one.id for one in home.residents], start, end)
            beside = beside_of(session, rule)
        for found in self._found((shown(rule), *beside), home, start, end):
            if found is None:
                yield None
            elif is_new(found) and is_of(found.finding, rule.spec):
                because = "monitor" if rule.spec.monitor else modes.because(found.finding, found.at)
                yield Fire(found.at, home_id, found.finding.subject, found.finding.severity, because)

    def found(self, rule: RuleInForce, home_id: int, start: datetime, end: datetime) -> Iterator[Found | None]:
        """Everything the rule finds within [start, end); None now and then."""
        with self._sources.database.snapshot() as session:
            home = self._read_home(session, home_id)
            beside = beside_of(session, rule)
        return iter(()) if home is None else self._found((rule, *beside), home, start, end)

    def signs(self, home_id: int, start: datetime, end: datetime) -> Iterator[Sign | None]:
        """What of the home's losses of power and voice rules over areas count within [start, end); None now and then."""
        with self._sources.database.snapshot() as session:
            home = self._read_home(session, home_id)
            if home is None or home.probe:
                return
            in_force = [rule_in_force(session, code) for code in sorted(OUTAGE_RULES)]
            rules = tuple(one for one in in_force if one is not None and one.spec.enabled and not one.spec.monitor)
            begin = start - max((look_back(one.spec, home) for one in rules), default=LOOK_BACK)
            modes = StayedModes.read(session, home_id, [one.id for one in home.residents], begin, end)
        course = self.course(home, Ruleset(rules).for_home(key_of(home)), self._deaf_times(begin, end))
        yield from signs_of(course, modes, self._sources, begin, end)

    def _found(self, wanted: tuple[RuleInForce, ...], home: HomeFacts, start: datetime, end: datetime) -> Iterator[Found | None]:
        rules = () if home.probe else Ruleset(wanted).for_home(key_of(home))
        if wanted[0] not in rules:
            return
        begin = start - look_back(wanted[0].spec, home)
        for found in self.course(home, rules, self._deaf_times(begin, end)).run(self._sources, begin, end):
            if found is None or found.at >= start:
                yield found

    def course(self, home: HomeFacts, rules: tuple[RuleInForce, ...], deaf: tuple[Deaf, ...] = ()) -> Course:
        """A home and rules, ready to be lived again."""
        return Course(home, self._index(rules), self._zone, StoredHistory(self._sources.readings), deaf)

    def _deaf_times(self, start: datetime, end: datetime) -> tuple[Deaf, ...]:
        """Outages of our own; the same for every home of a run, so they are read once."""
        known = self._deaf
        if known is None or known[:2] != (start, end):
            with self._sources.database.snapshot() as session:
                known = self._deaf = (start, end, deaf_times(session, start, end))
        return known[2]


def is_new(found: Found) -> bool:
    """Whether a finding raises what was not raised already."""
    condition = found.finding.condition
    return condition is Condition.MOMENTARY or (condition is Condition.ON and found.before is None)


def is_of(finding: Finding, spec: RuleSpec) -> bool:
    """Whether a finding is this rule's: one that worsens another's alert bears that one's name."""
    return bool(finding.evidence.get("rule", finding.rule) == spec.code)


def shown(rule: RuleInForce) -> RuleInForce:
    """The rule switched on, and as if it were shown: what the monitor would have kept is marked, not missed."""
    spec = rule.spec
    if spec.kind == "routine" or (spec.enabled and not spec.monitor):
        return rule
    return RuleInForce(spec.model_copy(update={"enabled": True, "monitor": False}), rule.version)


def beside_of(session: Session, rule: RuleInForce) -> tuple[RuleInForce, ...]:
    """Rules that must run beside this one: whether a gateway is silent is what the rule `silence` says."""
    if not isinstance(rule.spec, AbsenceRule | InactivityRule) or rule.code == SILENCE:
        return ()
    silence = rule_in_force(session, SILENCE)
    return () if silence is None else (shown(silence),)


def as_tried(spec: RuleSpec) -> RuleInForce:
    """A rule as it would be in force: version 0 when it is a built-in one unchanged."""
    return RuleInForce(spec, 0 if builtin_specs().get(spec.code) == spec else 1)


def key_of(home: HomeFacts) -> HomeKey:
    """What of a home decides whether a rule applies to it."""
    residents = frozenset(one.id for one in home.residents)
    return HomeKey(home.area_path, home.code, residents, frozenset(facts.profile for facts in home.devices.values()))


def look_back(spec: RuleSpec, home: HomeFacts) -> timedelta:
    """How much earlier a run must begin, so that what the rule waits for or remembers is known at its start."""
    seconds = 0.0
    match spec:
        case ThresholdRule() | GeofenceRule():
            seconds = spec.hold_seconds
        case SequenceRule():
            seconds = spec.within_seconds
        case InactivityRule():
            seconds = (spec.none_for_seconds or 0) + (spec.longer_than_seconds or 0)
        case AbsenceRule():
            rule = RuleInForce(spec)
            seconds = max((patience_seconds(facts, rule) or 0 for facts in home.devices.values()), default=0)
        case _:
            pass
    return min(LOOK_BACK + timedelta(seconds=2 * seconds), _LONGEST_LOOK_BACK)


__all__ = [
    "LOOK_BACK",
    "RAISING",
    "HomeReader",
    "Replay",
    "as_tried",
    "beside_of",
    "is_new",
    "is_of",
    "key_of",
    "look_back",
    "shown",
]
