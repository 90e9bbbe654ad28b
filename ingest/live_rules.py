"""The rules a worker runs and what it knows of its homes: one index for all homes alike, one memory for each home.

Rules are read again when their revision changes; a memory is read from the stores when its home is first needed after a
start: its timers, its newest signals, and the last value of each metric a rule compares. Both are copies.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts import rule_timers
from alerts.conditions import ActiveConditions
from alerts.model import Disposition, Severity, SignalRecord
from alerts.rules.context import ActiveLookup, History, NoHistory, TimerChange
from alerts.rules.evaluate import HomeEvaluator
from alerts.rules.index import RuleIndex, index_of
from alerts.rules.memory import HomeMemory, Seen
from alerts.ruleset.compile import HomeKey, RuleInForce, Ruleset, builtin_rules, rules_in_force
from alerts.ruleset.store import revision_of
from core.clock import credible_instant, from_epoch_milliseconds
from devices.model import Device
from ingest.book import HomePage
from ingest.broken_rules import BrokenRules

NEWEST_SIGNALS = 300
"""Read again of each home; whatever is older is overlaid by so much newer that no rule asks for it."""
_CHUNK = 400


class _InUse:
    """One set of rules with its indexes."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._by_home: dict[int, tuple[HomePage, RuleIndex]] = {}
        self._by_rules: dict[int, tuple[tuple[RuleInForce, ...], RuleIndex]] = {}

    def index(self, page: HomePage) -> RuleIndex:
        known = self._by_home.get(page.id)
        if known is not None and known[0] is page:
            return known[1]
        rules = self.ruleset.for_home(key_of(page))
        shared = self._by_rules.get(id(rules))
        if shared is None:
            shared = self._by_rules[id(rules)] = (rules, index_of(rules))
        self._by_home[page.id] = (page, shared[1])
        return shared[1]


class LiveRules:
    """Rules and memories of one partition. Safe between threads."""

    def __init__(self, zone: ZoneInfo, history: History | None = None) -> None:
        self.zone = zone
        self.history = history or NoHistory()
        self.broken = BrokenRules()
        self._in_use = _InUse(Ruleset(builtin_rules()))
        self._memories: dict[int, HomeMemory] = {}
        self._lock = threading.Lock()

    def reload(self, session: Session) -> bool:
        """Read the rules again when they changed; whether they did."""
        if revision_of(session) == self._in_use.ruleset.revision:
            return False
        self._in_use = _InUse(rules_in_force(session))
        return True

    def index(self, page: HomePage) -> RuleIndex:
        """The rules of a home, by what they look at."""
        return self._in_use.index(page)

    def is_in_force(self, page: HomePage, code: str) -> bool:
        """Whether a rule still runs at a home and is shown; one whose row cannot be read is not taken for switched off."""
        rule = self.index(page).by_code.get(code)
        return code in self._in_use.ruleset.broken if rule is None else not rule.spec.monitor

    def missing(self, pages: Iterable[HomePage]) -> list[HomePage]:
        """Those of which nothing is in memory yet."""
        return [page for page in pages if page.id not in self._memories]

    def recall(self, session: Session, pages: Sequence[HomePage], now: datetime) -> None:
        """Fill the memories of homes from the stores."""
        for start in range(0, len(pages), _CHUNK):
            chunk = pages[start : start + _CHUNK]
            ids = [page.id for page in chunk]
            timers = rule_timers.of_homes(session, ids)
            values = _last_values(session, ids)
            for page in chunk:
                memory = HomeMemory()
                memory.armed = {timer.key: timer for timer in timers.get(page.id, ())}
                evaluator = self.evaluator(page, memory)
                _recall_signals(session, evaluator, page)
                for device_id, metric, at, value in values.get(page.id, ()):
                    evaluator.recall_reading(device_id, metric, at, value)
                memory.readings_since = now
                with self._lock:
                    self._memories.setdefault(page.id, memory)

    def evaluator(self, page: HomePage, memory: HomeMemory, history: History | None = None) -> HomeEvaluator:
        """The evaluator of a home over a memory."""
        return HomeEvaluator(page.facts, self.index(page), memory, self.zone, history or self.history)

    def fork(self, page: HomePage) -> HomeMemory:
        """A memory of the home to evaluate with."""
        memory = self._memories.get(page.id)
        return HomeMemory() if memory is None else memory.fork()

    def absorb(self, forks: Mapping[int, HomeMemory], changes: Mapping[int, Iterable[TimerChange]], now: datetime) -> None:
        """Take over what was evaluated and committed, by home id."""
        for home_id, fork in forks.items():
            with self._lock:
                memory = self._memories.setdefault(home_id, HomeMemory())
            memory.absorb(fork, changes.get(home_id, ()), now)

    def shift(self, step: timedelta) -> None:
        """The wall clock was stepped: what is remembered happened as long ago as before."""
        with self._lock:
            self._memories = {home_id: memory.shifted(step) for home_id, memory in self._memories.items()}


class Evaluators:
    """The evaluators of one batch, made when their home is first met."""

    def __init__(self, rules: LiveRules, conditions: ActiveConditions, history: History | None = None) -> None:
        self._rules = rules
        self._history = history
        self._conditions = conditions
        self._by_home: dict[int, tuple[HomeEvaluator, ActiveLookup]] = {}

    def of(self, page: HomePage) -> tuple[HomeEvaluator, ActiveLookup]:
        """The evaluator of a home, and what is open there."""
        known = self._by_home.get(page.id)
        if known is None:
            evaluator = self._rules.evaluator(page, self._rules.fork(page), self._history)
            known = self._by_home[page.id] = (evaluator, _active(self._conditions, page.id))
        return known

    @property
    def forks(self) -> dict[int, HomeMemory]:
        """What the batch learnt, by home id."""
        return {home_id: evaluator.memory for home_id, (evaluator, _) in self._by_home.items()}


def _active(conditions: ActiveConditions, home_id: int) -> ActiveLookup:
    def severity(rule: str, subject: str) -> Severity | None:
        return conditions.severity(home_id, rule, subject)

    return severity


def key_of(page: HomePage) -> HomeKey:
    """What of a home decides which rules apply to it."""
    facts = page.facts
    residents = frozenset(one.id for one in facts.residents)
    return HomeKey(facts.area_path, page.code, residents, frozenset(one.profile for one in facts.devices.values()))


def _recall_signals(session: Session, evaluator: HomeEvaluator, page: HomePage) -> None:
    query = (
        sa.select(SignalRecord.device_id, SignalRecord.type, SignalRecord.device_at, SignalRecord.received_at)
        .where(SignalRecord.home_id == page.id, SignalRecord.disposition != Disposition.STALE_RETAINED)
        .order_by(SignalRecord.received_at.desc())
        .limit(NEWEST_SIGNALS)
    )
    for row in reversed(session.execute(query).all()):
        facts = page.facts.devices.get(row.device_id)
        if facts is not None:
            at = min(credible_instant(row.device_at, row.received_at), row.received_at)
            evaluator.recall_signal(Seen(at, row.device_id, row.type), facts)


def _last_values(session: Session, home_ids: Sequence[int]) -> dict[int, list[tuple[int, str, datetime, float]]]:
    found: dict[int, list[tuple[int, str, datetime, float]]] = {}
    query = sa.select(Device.home_id, Device.id, Device.last_values).where(Device.home_id.in_(home_ids))
    for row in session.execute(query):
        for metric, said in (row.last_values or {}).items():
            at = _instant(said)
            if at is not None:
                found.setdefault(row.home_id, []).append((row.id, metric, at, float(said["value"])))
    return found


def _instant(said: Any) -> datetime | None:
    at, value = (said.get("at"), said.get("value")) if isinstance(said, dict) else (None, None)
    if not isinstance(at, int | float) or not isinstance(value, int | float):
        return None
    return from_epoch_milliseconds(at)
