"""Which modes stood at a home at each moment of its stored time, and so what of a backtest no operator would have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Finding
from alerts.modes.model import Mode, ModeKind
from alerts.modes.suppression import AWAY_MODES, StandingMode, because, emptied, mark_of


@dataclass(frozen=True, slots=True)
class _Stay:
    start_at: datetime
    end_at: datetime
    mode: StandingMode


class StayedModes:
    """The stays of one home that touched a stretch of time."""

    def __init__(self, stays: Sequence[_Stay], residents: Sequence[int]) -> None:
        self._stays = stays
        self._residents = residents

    @classmethod
    def read(cls, session: Session, home_id: int, residents: Sequence[int], start: datetime, end: datetime) -> StayedModes:
        """Read them from the store."""
        query = sa.select(Mode).where(Mode.home_id == home_id, Mode.starts_at < end, Mode.until_at > start)
        stays = [
            _Stay(
                row.starts_at,
                row.until_at if row.ended_at is None else min(row.until_at, row.ended_at),
                StandingMode(row.id, row.home_id, ModeKind(row.mode), row.until_at, row.resident_id, row.device_id),
            )
            for row in session.scalars(query)
        ]
        return cls(stays, residents)

    def because(self, finding: Finding, at: datetime) -> str | None:
        """Why a finding would not have been shown at that moment; None when it would have rung."""
        standing = self._standing(at)
        if any(mode.mode in AWAY_MODES for mode in standing):
            empty = emptied(standing, self._residents)
            standing = [replace(mode, empties_home=empty) if mode.mode in AWAY_MODES else mode for mode in standing]
        reason = because(finding, standing, lane=finding.lane, monitor=finding.monitor)
        return None if reason is None else str(reason)

    def is_practice(self, finding: Finding, at: datetime) -> bool:
        """Whether it would have been marked as a test's or a drill's."""
        return mark_of(finding, self._standing(at)) is not None

    def edges(self) -> Sequence[datetime]:
        """When a stay began or ended, in order."""
        return sorted({at for stay in self._stays for at in (stay.start_at, stay.end_at)})

    def _standing(self, at: datetime) -> list[StandingMode]:
        return [stay.mode for stay in self._stays if stay.start_at <= at < stay.end_at]


__all__ = ["StayedModes"]
