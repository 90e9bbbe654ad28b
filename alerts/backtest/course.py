"""The stored time of one home lived again, with the same evaluator as live: messages, and the timers between them.

The clock moves from message to message and stops at every timer that is due on the way; a message that came in the instant
in which a timer was due is worked on first. What live keeps in its stores is kept here in memory: the home's knowledge, its
timers, which conditions are open, when each device was heard. Nothing is written anywhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.backtest.ears import Deaf, deaf_until
from alerts.backtest.silence import Silences
from alerts.backtest.sources import Entry, Look, Reports, Sources, StoredHistory, StoredSignal
from alerts.conditions import ActiveConditions
from alerts.findings import Finding, Outcome
from alerts.model import Disposition, Severity
from alerts.rules.context import DueTimer, Evaluation, HomeFacts, TimerChange
from alerts.rules.evaluate import HomeEvaluator
from alerts.rules.index import RuleIndex
from alerts.rules.memory import HomeMemory
from alerts.rules.threshold import Measured
from alerts.ruleset.schemas import InactivityRule
from devices.vocabulary import METRICS, SIGNAL_TYPES
from timeseries.ports import CONNECTED

TICK = 200
"""Whoever reads a course may breathe after so many entries."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, when it was made, and how bad its condition was known to be before."""

    at: datetime
    finding: Finding
    before: Severity | None


class Course:
    """One home, its rules, and what is known of it at one moment of its stored time."""

    def __init__(
        self, home: HomeFacts, index: RuleIndex, zone: ZoneInfo, history: StoredHistory, deaf: Sequence[Deaf] = ()
    ) -> None:
        self.home = home
        self.memory = HomeMemory()
        self._index = index
        self._deaf = deaf
        self._evaluator = HomeEvaluator(home, index, self.memory, zone, history)
        self._conditions = ActiveConditions()
        self._silences = Silences(home, index.absences, deaf)
        self._reports = Reports()
        self._dues: list[tuple[datetime, str, str]] = []
        self._now: datetime | None = None

    def run(self, sources: Sources, start: datetime, end: datetime) -> Iterator[Found | None]:
        """Everything found within [start, end); None now and then."""
        self._now = self.memory.readings_since = start
        self._silences.begin(start)
        yield from self._take(self._evaluator.at_start(start, self._active))
        look = Look(self.home.id, sorted(self.home.devices), start, end, self._metrics(), self._signals())
        for count, (at, entry) in enumerate(sources.entries(look)):
            yield from self._wait_until(at)
            self._now = at
            yield from self._work(entry, at)
            if count % TICK == TICK - 1:
                yield None
        yield from self._wait_until(end)
        yield None

    def _work(self, entry: Entry, at: datetime) -> Iterator[Found]:
        facts = self.home.devices.get(entry.device_id)
        if facts is None:
            return
        if isinstance(entry, StoredSignal):
            found = self._evaluator.on_signal(entry, facts, self._active, news=self._reports.is_news(entry))
            if not entry.was_taken:
                found = Evaluation(tuple(one for one in found.findings if not _stands_on(one, entry)), found.timers)
        elif entry.metric in METRICS:
            found = self._evaluator.on_reading(Measured(entry.metric, entry.value, entry.at), facts, self._active)
        else:
            found = Evaluation()
        yield from self._take(found)
        if _is_a_sign_of_life(entry):
            for heard in self._silences.heard(facts, at):
                yield from self._take(self._evaluator.on_heard(heard, at, self._active))

    def _wait_until(self, at: datetime) -> Iterator[Found]:
        """Let the timers due before `at` come, in their order."""
        while True:
            timer = self._next_timer()
            silent_at = self._silences.next_at()
            if timer is not None and timer.due_at < at and (silent_at is None or timer.due_at <= silent_at):
                heapq.heappop(self._dues)
                self._now = max(timer.due_at, self._now or timer.due_at)
                yield from self._take(self._due(timer, self._now))
            elif silent_at is not None and silent_at < at:
                self._now = max(silent_at, self._now or silent_at)
                yield from self._take(Evaluation(tuple(self._silences.judge(self._now, self._active))))
            else:
                return

    def _due(self, timer: DueTimer, now: datetime) -> Evaluation:
        """Judge a timer; nobody is called inactive for an outage of our own."""
        rule = self._index.by_code.get(timer.rule)
        excused = deaf_until(self._deaf, now) if rule is not None and isinstance(rule.spec, InactivityRule) else None
        if excused is not None:
            return Evaluation(timers=(TimerChange(timer.rule, timer.subject, excused, timer.state, timer.armed_at),))
        return self._evaluator.on_due(timer, now, self._active)

    def _next_timer(self) -> DueTimer | None:
        while self._dues:
            due_at, rule, subject = self._dues[0]
            timer = self.memory.armed.get((rule, subject))
            if timer is not None and timer.due_at == due_at:
                return timer
            heapq.heappop(self._dues)  # moved or disarmed since
        return None

    def _take(self, found: Evaluation) -> Iterator[Found]:
        now = self._now
        if now is None:
            return
        for broken in found.broken:
            raise broken.error  # a backtest says that the rule fails
        self._arm(found.timers, now)
        for finding in found.findings:
            before = self._active(finding.rule, finding.subject)
            self._conditions.learn([Outcome(finding, Disposition.RAISED)])
            self._silences.learn(finding, now)
            yield Found(now, finding, before)

    def _arm(self, changes: Sequence[TimerChange], now: datetime) -> None:
        if not changes:
            return
        self.memory.change(changes, now)
        for change in changes:
            if change.due_at is not None:
                heapq.heappush(self._dues, (change.due_at, change.rule, change.subject))

    def _active(self, rule: str, subject: str) -> Severity | None:
        return self._conditions.severity(self.home.id, rule, subject)

    def _metrics(self) -> frozenset[str] | None:
        """The metrics these rules look at in this home; None: every sign of life counts."""
        if self._index.absences:
            return None
        limited = frozenset(metric for facts in self.home.devices.values() for metric in facts.limits)
        return frozenset(metric for metric in METRICS if self._is_looked_at(metric, limited))

    def _is_looked_at(self, metric: str, limited: frozenset[str]) -> bool:
        concerned = self._index.metric(metric)
        others = (concerned.batteries, concerned.geofences, concerned.trends, concerned.patterns)
        if any(others) or concerned.is_remembered:
            return True
        return any(metric in limited or getattr(rule.spec, "metric", None) == metric for rule in concerned.thresholds)

    def _signals(self) -> frozenset[str] | None:
        if self._index.absences:
            return None
        concerned = {name: self._index.signal(name) for name in SIGNAL_TYPES}
        return frozenset(name for name, one in concerned.items() if one.heard or one.is_remembered)


def _is_a_sign_of_life(entry: Entry) -> bool:
    """What the broker had kept from before says nothing of then, and a lost connection is no voice."""
    return not entry.retained if isinstance(entry, StoredSignal) else entry.metric != CONNECTED


def _stands_on(finding: Finding, signal: StoredSignal) -> bool:
    event = finding.event or finding.caused_by
    return event is not None and signal.is_of(event)


__all__ = ["TICK", "Course", "Found"]
