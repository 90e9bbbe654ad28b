"""Queries about modes, and the rows of what was found and not shown. All inside the caller's transaction.

A mode is over from its `until_at` on, whether or not its end was worked on yet: a pager that is away mutes nothing for
longer than a person said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Condition, Finding
from alerts.modes.model import Mode, ModeKind, Suppressed, SuppressedBecause
from alerts.modes.suppression import AWAY_MODES, StandingMode, emptied
from people.model import Resident

FOLDED_WITHIN = timedelta(minutes=10)
"""What happens and is over at once is one row with a count while it comes again within this, outside of any mode."""

_COLUMNS = (Mode.id, Mode.home_id, Mode.mode, Mode.until_at, Mode.resident_id, Mode.device_id)


def standing_modes(session: Session, home_ids: Collection[int], now: datetime) -> Mapping[int, Sequence[StandingMode]]:
    """The modes that stand now, by home; homes without one are missing. One indexed query where no mode stands."""
    if not home_ids:
        return {}
    query = sa.select(*_COLUMNS).where(Mode.home_id.in_(home_ids), Mode.ended_at.is_(None), Mode.until_at > now)
    found: dict[int, list[StandingMode]] = defaultdict(list)
    for row in session.execute(query.order_by(Mode.id)):
        found[row.home_id].append(
            StandingMode(row.id, row.home_id, ModeKind(row.mode), row.until_at, row.resident_id, row.device_id)
        )
    return {home_id: _judged(session, home_id, modes) for home_id, modes in found.items()}


def _judged(session: Session, home_id: int, modes: list[StandingMode]) -> list[StandingMode]:
    """Each stay with whether it leaves the home empty; residents are only asked for where one of several is away."""
    if not any(mode.mode in AWAY_MODES for mode in modes):
        return modes
    everybody = any(mode.mode in AWAY_MODES and mode.resident_id is None for mode in modes)
    people = () if everybody else session.scalars(sa.select(Resident.id).where(Resident.home_id == home_id)).all()
    empty = emptied(modes, people)
    return [replace(mode, empties_home=empty) if mode.mode in AWAY_MODES else mode for mode in modes]


def note_suppressed(  # noqa: PLR0913, PLR0917 what, why, by which stay, on which alert, when
    session: Session,
    finding: Finding,
    because: SuppressedBecause,
    now: datetime,
    mode_id: int | None = None,
    alert_id: int | None = None,
) -> Suppressed:
    """Keep what was found with its reason; the same condition found again counts on its row."""
    lasting = finding.condition is Condition.ON
    row = _same(session, finding, because, now, mode_id, lasting=lasting)
    if row is not None:
        row.count += 1
        row.last_at = now
        row.alert_id = alert_id or row.alert_id
        return row
    row = Suppressed(
        at=now,
        last_at=now,
        count=1,
        because=because,
        home_id=finding.home_id,
        device_id=finding.device_id,
        resident_id=finding.resident_id,
        rule=finding.rule,
        rule_kind=finding.rule_kind,
        rule_version=finding.rule_version,
        subject=finding.subject,
        kind=finding.kind,
        severity=finding.severity,
        lane=finding.lane,
        lasting=lasting,
        mode_id=mode_id,
        alert_id=alert_id,
        evidence=dict(finding.evidence) or None,
    )
    session.add(row)
    session.flush()
    return row


def _same(  # noqa: PLR0913 the same
    session: Session, finding: Finding, because: SuppressedBecause, now: datetime, mode_id: int | None, *, lasting: bool
) -> Suppressed | None:
    """The row this finding counts on: of a lasting condition until it is over, of a mode while that stands."""
    query = sa.select(Suppressed).where(
        Suppressed.home_id == finding.home_id,
        Suppressed.rule == finding.rule,
        Suppressed.subject == finding.subject,
        Suppressed.because == because,
        Suppressed.mode_id.is_(None) if mode_id is None else Suppressed.mode_id == mode_id,
    )
    if lasting:
        query = query.where(Suppressed.lasting, Suppressed.ended_at.is_(None))
    elif mode_id is None:
        query = query.where(~Suppressed.lasting, Suppressed.last_at > now - FOLDED_WITHIN)
    else:
        query = query.where(~Suppressed.lasting)
    return session.scalar(query.order_by(Suppressed.id.desc()).limit(1))


def end_suppressed(session: Session, home_id: int | None, rule: str, subject: str, now: datetime) -> None:
    """A lasting condition is over, or shown from now on."""
    ended = sa.update(Suppressed).where(
        Suppressed.home_id == home_id,
        Suppressed.rule == rule,
        Suppressed.subject == subject,
        sa.and_(Suppressed.lasting, Suppressed.ended_at.is_(None)),
    )
    session.execute(ended.values(ended_at=now).execution_options(synchronize_session=False))


def end_monitored(session: Session, rule: str, now: datetime) -> None:
    """A rule is not only watched any more: what it found in silence is no longer known, so that what is still so is raised."""
    ended = sa.update(Suppressed).where(
        Suppressed.rule == rule,
        Suppressed.because == SuppressedBecause.MONITOR,
        sa.and_(Suppressed.lasting, Suppressed.ended_at.is_(None)),
    )
    session.execute(ended.values(ended_at=now).execution_options(synchronize_session=False))


def end_by_mode(session: Session, mode_id: int, alert_id: int, now: datetime) -> bool:
    """A stay no longer mutes an alert; whether it was what did."""
    ended = sa.update(Suppressed).where(
        Suppressed.mode_id == mode_id, Suppressed.alert_id == alert_id, Suppressed.ended_at.is_(None)
    )
    returning = ended.values(ended_at=now).returning(Suppressed.id).execution_options(synchronize_session=False)
    return bool(session.execute(returning).all())


__all__ = ["FOLDED_WITHIN", "end_by_mode", "end_monitored", "end_suppressed", "note_suppressed", "standing_modes"]
