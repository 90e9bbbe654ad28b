"""Who is most at risk in a home without power or voice: oxygen, then falls, then living alone, then age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from people.model import Resident

_OXYGEN, _FALLS, _ALONE = 8000, 4000, 2000
_VERY_OLD_YEARS = 80
_OLDEST_YEARS = 150
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Person:
    """What of a resident makes the risk."""

    on_oxygen: bool
    falls_easily: bool
    lives_alone: bool
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Risk:
    """A score for ordering, and its reasons by code: `oxygen`, `falls`, `alone`, `age`."""

    score: int = 0
    reasons: tuple[str, ...] = ()


def risk_of(people: Iterable[Person], today: date) -> Risk:
    """The risk of a home: each reason outweighs all that come after it, and years only order equals."""
    known = list(people)
    ages = [_years(one.birth_date, today) for one in known if one.birth_date is not None]
    oldest = max(ages, default=0)
    weights = {
        "oxygen": _OXYGEN * any(one.on_oxygen for one in known),
        "falls": _FALLS * any(one.falls_easily for one in known),
        "alone": _ALONE * (len(known) == 1 and known[0].lives_alone),
        "age": oldest,
    }
    reasons = tuple(code for code, weight in weights.items() if weight > 0 and (code != "age" or oldest >= _VERY_OLD_YEARS))
    return Risk(sum(weights.values()), reasons)


def _years(born: date, today: date) -> int:
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return min(max(years, 0), _OLDEST_YEARS)


def risks_of(session: Session, home_ids: Sequence[int], now: datetime) -> Mapping[int, Risk]:
    """The risk of each home, in one query a few hundred."""
    people: dict[int, list[Person]] = {home_id: [] for home_id in home_ids}
    columns = (Resident.home_id, Resident.on_oxygen, Resident.falls_easily, Resident.lives_alone, Resident.birth_date)
    for start in range(0, len(home_ids), _CHUNK):
        query = sa.select(*columns).where(Resident.home_id.in_(home_ids[start : start + _CHUNK]))
        for home_id, on_oxygen, falls_easily, lives_alone, born in session.execute(query):
            people[home_id].append(Person(on_oxygen, falls_easily, lives_alone, born))
    return {home_id: risk_of(known, now.date()) for home_id, known in people.items()}


__all__ = ["Person", "Risk", "risk_of", "risks_of"]
