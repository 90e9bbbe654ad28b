"""The rules of a worker's homes that wait: due rows, looked at each second, never held in memory only.

A due timer is judged by what is known of its home by then; what it finds and what it waits for next are committed
together. Stored readings are read before that, while no transaction is open: one that needs them is judged after those that
need none, and a store that is away or hangs is only waited for. A process that dies leaves the row as it was. One that
cannot be judged is set aside and looked at again later; it never stops the next. After a start, and after our own
connection was away, the lanes get a moment to drain what waited in the broker, and nobody is called inactive until the
grace is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from alerts import rule_timers
from alerts.findings import Finding, Outcome
from alerts.leases import LeaseLostError
from alerts.poison import STORE_IS_AWAY, Failed, set_aside
from alerts.rule_timers import DueRow
from alerts.rules.context import Broken, TimerChange
from alerts.rules.memory import HomeMemory
from alerts.ruleset.model import RuleTimer
from alerts.ruleset.schemas import InactivityRule
from core.failpoints import reach
from ingest.book import HomePage
from ingest.broken_rules import set_aside_rules
from ingest.live_rules import Evaluators
from ingest.outlived import outlived
from ingest.read_ahead import LET_BE, AwayMark, NotReadError, ReadAhead
from ingest.tools import Tools
from timeseries.ports import StoreAwayError

log = structlog.get_logger()

_BATCH = 500
_BEGINNINGS = 500
CATCH_UP = timedelta(seconds=5)
"""How long after a start, a new connection or a step of the clock due timers are left to the lanes and the pager."""
_LATER = LET_BE
_READS = 4
"""A rule asks for readings three times at most: to look back, for what came meanwhile, to compare days. What is left then
comes with the next look."""


@dataclass(slots=True)
class _Found:
    """What some due timers, or some homes at their start, lead to."""

    findings: list[Finding] = field(default_factory=list)
    timers: dict[int, list[TimerChange]] = field(default_factory=dict)
    learnt: dict[int, HomeMemory] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)
    """Rows that need readings nobody read yet."""


class RuleTimers:
    """Polls `rule_timers` for one partition, and gives new homes the timers they must have."""

    def __init__(self, tools: Tools, *, grace_seconds: float) -> None:
        self._tools = tools
        self._grace = timedelta(seconds=grace_seconds)
        self._grace_until = tools.clock.now() + self._grace
        self._quiet_until = tools.clock.now() + CATCH_UP
        self._foreign: set[int] = set()
        self._away = AwayMark(tools.clock)

    def our_ears_were_closed(self) -> None:
        """Our own connection was away: what waited in the broker is heard first."""
        now = self._tools.clock.now()
        self._grace_until, self._quiet_until = now + self._grace, now + CATCH_UP

    def clock_stepped(self) -> None:
        """The pager moves the stored dues with the clock; it goes first."""
        self._quiet_until = self._tools.clock.now() + CATCH_UP

    def tick(self) -> list[Outcome]:
        """Judge everything that is due; the outcomes, committed."""
        now = self._tools.clock.now()
        outcomes: list[Outcome] = []
        if now < self._quiet_until:
            return outcomes
        last: DueRow | None = None
        while True:
            with self._tools.database.snapshot() as session:
                rows = rule_timers.due(session, now, after=last, limit=_BATCH)
                mine = [row for row in rows if self._is_mine(session, row.home_id)]
            if mine:
                outcomes += self._judge(mine, now)
            if len(rows) < _BATCH:
                return outcomes
            last = rows[-1]

    def begin(self) -> int:
        """Give homes that are new or changed the timers they must have, and end what nobody can tell the end of any more.

        How many homes were looked at.
        """
        fresh = self._tools.book.take_fresh(_BEGINNINGS)
        try:
            return self._begin([page for home_id in fresh if (page := self._tools.book.page_of(home_id)) is not None])
        except BaseException:
            self._tools.book.put_back(fresh)
            raise

    def _begin(self, pages: Sequence[HomePage]) -> int:
        tools = self._tools
        self._end_outlived([page for page in pages if not page.facts.probe])
        waiting = [page for page in pages if page.facts.devices and not page.facts.probe and tools.rules.index(page).beginning]
        now = tools.clock.now()
        self._recall(waiting, now)
        evaluators = Evaluators(tools.rules, tools.conditions)
        timers: dict[int, list[TimerChange]] = {}
        failed: list[Broken] = []
        for page in waiting:
            evaluator, active = evaluators.of(page)
            found = evaluator.at_start(now, active)
            failed += found.broken
            if found.timers:
                timers[page.id] = list(found.timers)
        broken = tools.rules.broken.due(failed, now)
        if timers or broken:
            with tools.transaction() as session:
                rule_timers.keep(session, timers, now)
                set_aside_rules(session, broken, now)
            tools.rules.broken.learn(broken, now)
        tools.rules.absorb(evaluators.forks, timers, now)
        return len(pages)

    def _end_outlived(self, pages: Sequence[HomePage]) -> None:
        tools = self._tools
        now = tools.clock.now()
        with tools.database.snapshot() as session:
            if not outlived(session, pages, tools.rules, now):
                return
        with tools.transaction() as session:
            stale = set(tools.book.stale(session, [page.id for page in pages]))  # they are fresh again once they were read
            current = [page for page in pages if page.id not in stale]
            outcomes = tools.engine.apply(session, outlived(session, current, tools.rules, now), now)
        tools.conditions.learn(outcomes)
        tools.bus.hint()

    def _judge(self, rows: Sequence[DueRow], now: datetime) -> list[Outcome]:
        try:
            return self._judge_all(rows, now)
        except (*STORE_IS_AWAY, LeaseLostError):
            raise
        except Exception as error:  # noqa: BLE001 one of them is poison: found one by one, which sets it aside
            if len(rows) == 1:
                self._set_aside(rows[0], error, now)
                return []
            log.warning("timers_split", timers=len(rows), error=repr(error))
        return [outcome for row in rows for outcome in self._judge([row], now)]

    def _judge_all(self, rows: Sequence[DueRow], now: datetime) -> list[Outcome]:
        ahead = ReadAhead(self._away, self._tools.rules.history)
        outcomes: list[Outcome] = []
        ids = [row.id for row in rows]
        for _ in range(_READS):
            found = self._commit([row for row in rows if row.id in ids], ahead, now, outcomes)
            ids = found.unread
            if not ids:
                break
            ahead.read()
        return outcomes

    def _commit(self, rows: Sequence[DueRow], ahead: ReadAhead, now: datetime, outcomes: list[Outcome]) -> _Found:
        """Judge those whose readings are known, in one transaction."""
        tools = self._tools
        with tools.transaction() as session:
            stale = tools.book.stale(session, {row.home_id for row in rows})
            if stale:
                tools.book.load(session, stale)
            found = self._evaluate(session, rule_timers.still_due(session, [row.id for row in rows], now), ahead, now)
            applied = tools.engine.apply(session, found.findings, now)
            rule_timers.keep(session, found.timers, now)
            session.flush()
            reach("timers.before_commit")
        reach("timers.after_commit")
        tools.rules.absorb(found.learnt, found.timers, now)
        tools.conditions.learn(applied)
        outcomes += applied
        return found

    def _evaluate(self, session: Session, timers: Sequence[RuleTimer], ahead: ReadAhead, now: datetime) -> _Found:
        tools = self._tools
        found, evaluators = _Found(), Evaluators(tools.rules, tools.conditions, ahead)
        pages = {row.home_id: page for row in timers if (page := tools.book.page_of(row.home_id)) is not None}
        missing = tools.rules.missing(pages.values())
        if missing:
            tools.rules.recall(session, missing, now)
        for row in timers:
            page = pages.get(row.home_id)
            if page is None or (now < self._grace_until and self._waits_for_grace(page, row)):
                rule_timers.postpone(session, row.id, now + _LATER if page is None else self._grace_until)
                continue
            evaluator, active = evaluators.of(page)
            try:
                evaluation = evaluator.on_due(rule_timers.timer_of(row), now, active)
            except NotReadError:
                found.unread.append(row.id)
                continue
            except StoreAwayError:
                rule_timers.postpone(session, row.id, now + _LATER)
                continue
            found.findings += evaluation.findings
            found.timers.setdefault(page.id, []).extend(evaluation.timers)
            evaluator.memory.change(evaluation.timers, now)
        found.learnt = evaluators.forks
        return found

    def _waits_for_grace(self, page: HomePage, row: RuleTimer) -> bool:
        rule = self._tools.rules.index(page).by_code.get(row.rule)
        return rule is not None and isinstance(rule.spec, InactivityRule)

    def _set_aside(self, row: DueRow, error: Exception, now: datetime) -> None:
        """One that cannot be judged: counted and shown, and looked at again."""
        with self._tools.transaction() as session:
            set_aside(session, Failed("rule_timers", f"rule_timers:{row.id}", error), now)
            rule_timers.postpone(session, row.id, now + _LATER)

    def _recall(self, pages: Sequence[HomePage], now: datetime) -> None:
        missing = self._tools.rules.missing(pages)
        if missing:
            with self._tools.database.snapshot() as session:
                self._tools.rules.recall(session, missing, now)

    def _is_mine(self, session: Session, home_id: int) -> bool:
        if home_id in self._foreign:
            return False
        if self._tools.book.page_of(home_id) is None:
            self._tools.book.load_mine(session, home_id)
        if self._tools.book.page_of(home_id) is None:
            self._foreign.add(home_id)
            return False
        return True
