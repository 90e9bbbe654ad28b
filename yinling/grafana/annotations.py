"""An annotation for each incident, on every dashboard that asks for them by tag.

What is written: number, kind, severity, the home's code, when it opened and when it closed; of trouble of the system what is
wrong, in words. What never is: a name, an address, a value, or what is medical; kinds that say something of a body read
"needs attention", as on a locked screen. Drills are marked so and stay out of the dashboards' lines; tests and the probe's
are left out.

Each annotation carries its incident's number as a tag, and a sync writes only what is missing or different, so it may
be killed anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Incident
from alerts.paging.words import KINDS, PLAIN_KINDS
from alerts.troubles import Pair, plain_trouble_words, subject_in
from people.model import Area, Home
from yinling.grafana.adapter import Grafana
from yinling.grafana.sync import Done, Step

MOST_AT_ONCE = 1000
_NUMBER = "incident:"
_MARKED_PLAIN = "attention"


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one incident should look like in Grafana."""

    number: int
    began_at: datetime
    closed_at: datetime | None
    text: str
    tags: tuple[str, ...]

    @property
    def body(self) -> dict[str, Any]:
        """As Grafana takes it."""
        # Grafana says the same of one without an end; on paper one may end before its device was heard.
        end = max(self.closed_at or self.began_at, self.began_at)
        return {"time": _ms(self.began_at), "timeEnd": _ms(end), "text": self.text, "tags": list(self.tags)}


def wanted_annotations(session: Session, since: datetime, prefix: str, language: str) -> list[Annotation]:
    """Of every incident opened since then, by when it happened, oldest first; probes and tests left out."""
    rows = session.execute(
        sa.select(Incident, Home.code, Area.code)
        .outerjoin(Home, Incident.home_id == Home.id)
        .outerjoin(Area, sa.func.coalesce(Incident.area_id, Home.area_id) == Area.id)
        .where(Incident.opened_at >= since, Incident.probe.is_(False), Incident.test.is_(False))
    ).all()
    found = [_annotation(incident, home, area, prefix, language) for incident, home, area in rows]
    return sorted(found, key=lambda one: one.began_at)


def _annotation(incident: Incident, home: str | None, area: str | None, prefix: str, language: str) -> Annotation:
    kind = _words(incident)[0 if language == "zh-CN" else 1]
    place = home or area or ""
    practice = ("[演练] " if language == "zh-CN" else "[drill] ") if incident.drill else ""
    tags = [
        prefix,
        "drill" if incident.drill else "incident",
        f"{_NUMBER}{incident.number}",
        f"severity:{incident.severity}",
        f"kind:{_MARKED_PLAIN if incident.kind in PLAIN_KINDS else incident.kind}",
    ]
    tags += [f"home:{incident.home_id}"] if incident.home_id is not None else []
    tags += [f"area:{area}"] if area is not None else []
    text = f"{practice}#{incident.number} {kind} · {incident.severity}" + (f" · {place}" if place else "")
    return Annotation(incident.number, incident.began_at, incident.closed_at, text, tuple(tags))


def _words(incident: Incident) -> Pair:
    subject = subject_in(incident.lane)
    if subject is not None:
        return plain_trouble_words(subject)
    return PLAIN_KINDS.get(incident.kind) or KINDS.get(incident.kind) or (incident.kind, incident.kind)


def differs(found: Mapping[str, Any], wanted: Annotation) -> bool:
    """Whether Grafana's copy is another. Pure."""
    end = int(found.get("timeEnd") or found.get("time") or 0)
    same_words = found.get("text") == wanted.text and set(found.get("tags") or []) == set(wanted.tags)
    return not same_words or end != wanted.body["timeEnd"]


def number_of(found: Mapping[str, Any]) -> int | None:
    """The incident an annotation of ours is about."""
    tags = [str(tag).removeprefix(_NUMBER) for tag in found.get("tags") or [] if str(tag).startswith(_NUMBER)]
    return int(tags[0]) if tags and tags[0].isdecimal() else None


class Annotations(Step):
    """Writes them."""

    def __init__(self, grafana: Grafana, prefix: str, *, dry_run: bool) -> None:
        super().__init__(grafana, dry_run=dry_run)
        self._prefix = prefix

    def run(self, wanted: Sequence[Annotation]) -> Iterator[Done]:
        """One line for each that was written; none for those that are there already."""
        yield from self.told("annotation", "/api/annotations", lambda: self._all(wanted))

    def _all(self, wanted: Sequence[Annotation]) -> Iterator[Done]:
        if not wanted:
            return
        present: dict[int, list[Mapping[str, Any]]] = {}
        for found in self._present(_ms(wanted[0].began_at), _ms(wanted[-1].began_at)):
            if (number := number_of(found)) is not None:
                present.setdefault(number, []).append(found)
        for one in wanted:
            there = sorted(present.get(one.number, ()), key=lambda found: int(found["id"]))
            yield from self.told("annotation", one.text, partial(self._one, one, there))

    def _one(self, wanted: Annotation, there: Sequence[Mapping[str, Any]]) -> Iterator[Done]:
        if not there:
            self.write(lambda: self.grafana.annotate(wanted.body))
            yield Done("annotation", wanted.text, "created")
            return
        if differs(there[0], wanted):
            self.write(lambda: self.grafana.change_annotation(int(there[0]["id"]), wanted.body))
            yield Done("annotation", wanted.text, "updated")
        for double in there[1:]:  # two syncs at once wrote it twice
            number = int(double["id"])
            self.write(partial(self.grafana.forget_annotation, number))
            yield Done("annotation", wanted.text, "removed")

    def _present(self, from_ms: int, to_ms: int) -> list[dict[str, Any]]:
        """Ours in a stretch of time; halved where Grafana would give no more at once."""
        found = self.grafana.annotations(self._prefix, from_ms, to_ms, MOST_AT_ONCE)
        if len(found) < MOST_AT_ONCE or from_ms >= to_ms:
            return found
        middle = (from_ms + to_ms) // 2
        both = self._present(from_ms, middle) + self._present(middle + 1, to_ms)
        return list({int(one["id"]): one for one in both}.values())


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


__all__ = ["MOST_AT_ONCE", "Annotation", "Annotations", "differs", "number_of", "wanted_annotations"]
