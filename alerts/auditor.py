"""The auditor: looks over the shoulder of the clocks, with a loop and questions of its own.

An incident of the operators that waits without a clock or is kept from them, work that is overdue by more than ten seconds,
and a step of a policy without its pages are set right, told on the timeline, and raised as an incident of the system;
meanwhile the outside watcher hears nothing of us. What it found must still be so at its next look, so that it never races
work under way. Killed between two looks, the next process finds the same.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from alerts.audience import OPERATORS, for_operators, hidden_from_operators
from alerts.batch import JOINABLE
from alerts.changes import record_incident
from alerts.clocks import work_alone
from alerts.due import CLOCKS
from alerts.escalation.pages import is_critical
from alerts.escalation.rounds import arm, is_ringing, read_policy
from alerts.escalation.store import policy_for
from alerts.metrics import AUDITS
from alerts.model import Alert, Incident, IncidentState, Severity, TimelineEntry
from alerts.paging.model import Page
from alerts.presence import is_watched
from alerts.ringing import ring_interval, widen
from alerts.system import RULE, clear_system, raise_system
from alerts.timeline import Act, tell
from alerts.troubles import Trouble
from alerts.work import Desk
from core.config import Settings
from core.failpoints import reach

log = structlog.get_logger()

AUDIT_SECONDS = 5.0
OVERDUE = timedelta(seconds=10)
WHAT = Trouble.AUDITOR
_LOOKS = 200
"""Rows of each kind looked at, and repaired, at once."""
_SLICE = 500
_NOT_CLOSED = Incident.state != IncidentState.CLOSED
"""Said beside a state, so that the index of what is not closed is used."""
_STALE_SECONDS = 60.0
_TOLD_STEP = (Act.ESCALATED, Act.NOBODY_ON_DUTY, Act.NOBODY_TO_PAGE, Act.REPAIRED)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is not as it should be: what, of which row, and what made it stand out."""

    what: str
    """`no_clock`, `overdue`, `pages_missing`, `page_overdue`."""
    row_id: int
    mark: str
    """Changes when the row was worked on meanwhile."""


class Auditor:
    """Call `tick` every few seconds from a thread of its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._suspected: frozenset[Flaw] = frozenset()
        self._looked_at_seconds: float | None = None
        self._found = False
        self._lock = threading.Lock()

    @property
    def is_content(self) -> bool:
        """Whether its last look is fresh and found nothing: only then may the outside watcher hear of us."""
        seconds = self._looked_at_seconds
        fresh = seconds is not None and self._desk.clock.monotonic_seconds() - seconds < _STALE_SECONDS
        return fresh and not self._found and not self._suspected

    def tick(self) -> int:
        """Look, and repair what was already so at the last look; how much was repaired."""
        with self._lock:
            now = self._desk.clock.now()
            with self._desk.database.snapshot() as session:
                seen = frozenset(self._look(session, now, self._desk.settings))
                raised = _is_raised(session)
            certain = sorted(seen & self._suspected, key=lambda one: (one.what, one.row_id))
            self._suspected = seen - frozenset(certain)
            self._found = bool(certain)
            AUDITS.labels("flaw" if certain else "nothing").inc()
            if certain:
                self._repair(certain)
            elif raised and not seen:
                self._desk.act(lambda session, at: clear_system(session, WHAT, at, self._desk.settings))
            self._looked_at_seconds = self._desk.clock.monotonic_seconds()
            return len(certain)

    @staticmethod
    def _look(session: Session, now: datetime, settings: Settings) -> Iterator[Flaw]:
        yield from _without_clock(session)
        yield from _without_escalation(session, settings)
        yield from _overdue(session, now)
        yield from _pages_overdue(session, now)
        yield from _pages_missing(session, now)

    def _repair(self, flaws: list[Flaw]) -> None:
        """Raise one incident for all, then set right what can be, each in a transaction of its own.

        In this order a death in between leaves the flaw, which is found again.
        """
        details = {"found": len(flaws), "what": sorted({flaw.what for flaw in flaws}), "first": flaws[0].row_id}
        self._desk.act(lambda session, at: raise_system(session, WHAT, Severity.HIGH, details, at, self._desk.settings))
        for flaw in flaws[:_LOOKS]:
            log.warning("audit_flaw", what=flaw.what, row=flaw.row_id, mark=flaw.mark)
            if flaw.what == "overdue":
                name, _, _ = flaw.mark.partition(":")
                work_alone(self._desk, next(clock for clock in CLOCKS if clock.name == name), flaw.row_id)
            elif flaw.what != "page_overdue":
                self._desk.act(_repair_of(self._desk, flaw))
                reach("auditor.after_repair")


def _without_clock(session: Session) -> Iterator[Flaw]:
    """What waits for the operators must ring, and nothing of theirs may be kept from them.

    What somebody took must come back when they do nothing.
    """
    silent = sa.and_(
        _NOT_CLOSED, Incident.state == IncidentState.OPEN, Incident.ring_due_at.is_(None), ~Incident.test, for_operators()
    )
    forgotten = sa.and_(_NOT_CLOSED, Incident.state == IncidentState.ACKNOWLEDGED, Incident.claim_due_at.is_(None))
    hidden = sa.and_(Incident.state.in_(JOINABLE), ~Incident.test, hidden_from_operators())
    for state in (silent, forgotten, hidden):
        query = sa.select(Incident.id, Incident.version).where(state, ~Incident.probe).order_by(Incident.id).limit(_LOOKS)
        for row_id, version in session.execute(query):
            yield Flaw("no_clock", row_id, str(version))


def _without_escalation(session: Session, settings: Settings) -> Iterator[Flaw]:
    """A danger to life that asks for somebody must have somebody coming to be asked, whatever its row says of a policy."""
    asks = sa.or_(Incident.state == IncidentState.OPEN, Incident.ring_due_at.is_not(None))
    query = sa.select(Incident).where(
        _NOT_CLOSED,
        asks,
        Incident.severity == Severity.CRITICAL,
        Incident.escalation_due_at.is_(None),
        ~Incident.probe,
        ~Incident.test,
    )
    for incident in session.scalars(query.order_by(Incident.id).limit(_LOOKS)).all():
        if policy_for(session, incident, settings) is not None:
            yield Flaw("no_clock", incident.id, str(incident.version))


def _overdue(session: Session, now: datetime) -> Iterator[Flaw]:
    for clock in CLOCKS:
        key: Any = clock.column
        table: Any = clock.of
        query = sa.select(table.id, key).where(key < now - OVERDUE).order_by(key).limit(_LOOKS)
        for row_id, due_at in session.execute(query):
            yield Flaw("overdue", row_id, f"{clock.name}:{due_at.isoformat()}")


def _pages_overdue(session: Session, now: datetime) -> Iterator[Flaw]:
    """Pages nobody sends. Claiming them here would send nothing: the incident and the silence outside say it."""
    query = sa.select(Page.id, Page.due_at).where(Page.state.in_(("pending", "claimed")), Page.due_at < now - OVERDUE)
    for row_id, due_at in session.execute(query.order_by(Page.due_at).limit(_LOOKS)):
        yield Flaw("page_overdue", row_id, due_at.isoformat())


def _pages_missing(session: Session, now: datetime) -> Iterator[Flaw]:
    """Steps whose time is over without a page or a word of why; everything that asks for somebody, a slice at a time."""
    asks = sa.or_(Incident.state == IncidentState.OPEN, Incident.ring_due_at.is_not(None))
    query = sa.select(Incident).where(_NOT_CLOSED, asks, ~Incident.probe).order_by(Incident.id).limit(_SLICE)
    after_id = 0
    while rows := session.scalars(query.where(Incident.id > after_id)).all():
        after_id = rows[-1].id
        owed = {one.id: steps for one in rows if (steps := _steps_owed(one, now))}
        answered = _steps_answered(session, list(owed))
        for incident in (one for one in rows if one.id in owed):
            missing = [step for step in owed[incident.id] if not answered(incident, step)]
            if missing:
                yield Flaw("pages_missing", incident.id, _mark(incident, missing[0]))
        session.expunge_all()


def _steps_owed(incident: Incident, now: datetime) -> list[int]:
    """The steps of this round that must have been taken by now."""
    frozen = read_policy(incident)
    from_at = incident.escalation_from_at
    if frozen is None or from_at is None or not is_ringing(incident) or not frozen.covers(incident.severity):
        return []
    taken = min(incident.escalation_step, len(frozen.spec.steps))
    late = [step for step in range(len(frozen.spec.steps)) if frozen.due_at(step, from_at) < now - OVERDUE]
    return [step for step in late if step < taken or incident.escalation_due_at is None]


def _steps_answered(session: Session, ids: list[int]) -> Callable[[Incident, int], bool]:
    """Whether a step of an incident's round has all its pages, or its timeline says that it was taken or set right."""
    counted = sa.select(Page.incident_id, Page.round, Page.step, sa.func.count()).where(
        Page.incident_id.in_(ids), Page.step.is_not(None)
    )
    rows = session.execute(counted.group_by(Page.incident_id, Page.round, Page.step))
    pages = {(incident_id, round_, step): count for incident_id, round_, step, count in rows}
    told = session.execute(
        sa.select(TimelineEntry.incident_id, TimelineEntry.act, TimelineEntry.details).where(
            TimelineEntry.incident_id.in_(ids), TimelineEntry.act.in_(_TOLD_STEP)
        )
    ).all()
    asked: Counter[tuple[int, int, int]] = Counter()
    for row in told:
        details = row.details or {}
        if row.act == Act.ESCALATED:
            asked[row.incident_id, details.get("round", 0), details.get("step", -1)] += details.get("pages", 0)
    said = {(row.incident_id, (row.details or {}).get("step")) for row in told if row.act == Act.NOBODY_ON_DUTY}
    nobody = {row.incident_id for row in told if row.act == Act.NOBODY_TO_PAGE}
    again = {
        (row.incident_id, details.get("mark"))
        for row in told
        if row.act == Act.REPAIRED and (details := row.details or {}).get("what") == "pages_missing"
    }

    def answered(incident: Incident, step: int) -> bool:
        if (incident.id, _mark(incident, step)) in again:
            return True  # asked again once; who has the shift now may be fewer
        place = (incident.id, incident.escalation_round, step)
        written = pages.get(place, 0)
        return written >= max(asked[place], 1) or (not written and ((incident.id, step) in said or incident.id in nobody))

    return answered


def _mark(incident: Incident, step: int) -> str:
    return f"{incident.escalation_round}:{step}"


def _repair_of(desk: Desk, flaw: Flaw) -> Callable[[Session, datetime], None]:
    def act(session: Session, now: datetime) -> None:
        incident = session.get(Incident, flaw.row_id, populate_existing=True)
        if incident is None:
            return
        if flaw.what == "pages_missing":
            incident.escalation_step = int(flaw.mark.partition(":")[2])
            incident.escalation_due_at = now
        elif _is_hidden(session, incident):
            widen(session, incident, {OPERATORS}, now, desk.settings, watched=is_watched(session, now))
        elif incident.state == IncidentState.ACKNOWLEDGED and incident.claim_due_at is None:
            incident.claim_due_at = now + timedelta(seconds=desk.settings.claim_expires_seconds)
        elif incident.state == IncidentState.OPEN and incident.ring_due_at is None:
            incident.ring_due_at = now + ring_interval(incident.severity, desk.settings)
            arm(session, incident, now, desk.settings, watched=is_watched(session, now))
        elif is_ringing(incident) and is_critical(incident) and incident.escalation_due_at is None:
            arm(session, incident, now, desk.settings, watched=is_watched(session, now))
        tell(session, incident, Act.REPAIRED, now, what=flaw.what, mark=flaw.mark)
        record_incident(session, incident, now)

    return act


def _is_hidden(session: Session, incident: Incident) -> bool:
    return session.scalar(sa.select(Incident.id).where(Incident.id == incident.id, hidden_from_operators())) is not None


def _is_raised(session: Session) -> bool:
    query = sa.select(Alert.id).where(
        Alert.home_id.is_(None), Alert.rule == RULE, Alert.subject == WHAT, Alert.closed_at.is_(None), Alert.condition_active
    )
    return session.scalar(query.limit(1)) is not None


__all__ = ["AUDIT_SECONDS", "OVERDUE", "WHAT", "Auditor", "Flaw"]
