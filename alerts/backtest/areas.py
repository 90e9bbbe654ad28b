"""A rule over areas, run over the stored time of their homes: first what each home lost, then the areas, all at once.

What was read of the homes is written down with the run, so that a process that dies leaves it to the next one, which goes
on with the home that was not done. The second part reads nothing of the past and is done anew after a death.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.backtest import store
from alerts.backtest.fires import Fire, HomeTally, Tally
from alerts.backtest.nearby import real_incidents
from alerts.backtest.run import shown
from alerts.backtest.store import Held
from alerts.outages.course import PastOutage, Sign, TownCourse
from alerts.outages.plan import AreaNode
from alerts.outages.scene import Census
from alerts.ruleset.compile import RuleInForce
from core.database import Database
from people.model import Area, Home


class Losses:
    """What is known so far of when each home of a run was lost."""

    def __init__(self, signs: Sequence[Sign] = ()) -> None:
        self.signs = list(signs)

    def add(self, signs: Sequence[Sign]) -> None:
        """A home is read."""
        self.signs += signs

    def written(self) -> list[list[Any]]:
        """As JSON."""
        return [
            [one.home_id, *(None if at is None else at.isoformat() for at in (one.at, one.until, one.shown_at)), one.because]
            for one in self.signs
        ]

    @classmethod
    def read(cls, written: Sequence[Sequence[Any]] | None) -> Losses:
        """What was written down, or nothing."""
        at = datetime.fromisoformat
        return cls(
            [
                Sign(home_id, at(lost_at), None if until is None else at(until), because, at(shown_at))
                for home_id, lost_at, until, shown_at, because in written or ()
            ]
        )


def count_outages(database: Database, held: Held, rule: RuleInForce, losses: Losses, tally: Tally) -> Iterator[None]:
    """Run the rule over the areas of the run and count what it finds; None after each moment, so that the run may breathe."""
    with database.snapshot() as session:
        course = _course(session, held, shown(rule))
    yield from course.run(losses.signs, held.end_at)
    found = [one for one in course.found if one.at >= held.start_at]
    with database.snapshot() as session:
        homes = list(_homes(session, held, rule, found, tally))
    areas = HomeTally(tally.last_home_id, "", "")
    for one in found:
        areas.add(_fire(rule, one, one.at, None), tally.zone)
    tally.close_areas(areas, homes)


def _course(session: Session, held: Held, rule: RuleInForce) -> TownCourse:
    """The areas and homes as they are today, those of the run only."""
    path = store.path_of(session, held)
    rows = session.execute(sa.select(Area.id, Area.code, Area.path))
    areas = {row.id: AreaNode(row.id, row.code, row.path) for row in rows if path is None or row.path.startswith(path)}
    homes = session.execute(sa.select(Home.id, Home.area_id).where(Home.area_id.in_(areas), ~Home.is_probe))
    area_of: Mapping[int, int] = {home_id: area_id for home_id, area_id in homes if area_id is not None}
    return TownCourse(areas, Census().watched(session, held.end_at), area_of, [rule])


def _homes(session: Session, held: Held, rule: RuleInForce, found: Sequence[PastOutage], tally: Tally) -> Iterator[HomeTally]:
    """Each home that was part of one, with its real incidents."""
    for home_id in sorted({home_id for one in found for home_id in one.homes}):
        row = session.get_one(Home, home_id)
        home = HomeTally(home_id, row.code, row.name, real_incidents(session, home_id, held.start_at, held.end_at))
        for one in found:
            if home_id in one.homes:
                home.add(_fire(rule, one, one.homes[home_id], home_id), tally.zone)
        yield home


def _fire(rule: RuleInForce, one: PastOutage, at: datetime, home_id: int | None) -> Fire:
    return Fire(at, home_id, one.subject, rule.spec.severity, "monitor" if rule.spec.monitor else None)


__all__ = ["Losses", "count_outages"]
