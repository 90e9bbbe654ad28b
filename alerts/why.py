"""Why there is an alert: its rule in the version that made it, its links, one sentence, and the series to draw.

Everything is read from what was kept when it happened: the evidence rows, the version of the rule, the readings around
them. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.model import Alert, Evidence, Incident, SignalRecord
from alerts.ruleset.builtin import builtin_specs
from alerts.ruleset.schemas import RuleSpec
from alerts.ruleset.store import find_version
from alerts.ruleset.yaml_form import ADAPTER
from alerts.system import RULE
from alerts.why_sentence import HEALTH, WhyFacts, WhyLink, sentence
from alerts.why_words import Pair
from devices.model import Device
from people.model import Area
from timeseries.ports import Point, ReadingStore

POINTS = 400
MOST_SIGNALS = 200
_LEAST_MARGIN = timedelta(minutes=30)
_MOST_MARGIN = timedelta(days=2)
_POSITION = "position"
_DRAWN_WITH = {"motion.seen": "motion", "presence.on": "presence", "presence.off": "presence"}
"""Signals whose metric is worth a line in the picture."""


@dataclass(frozen=True, slots=True)
class Why:
    """The answer, whole; whoever may not see health values is given `without_health`."""

    alert: Alert
    rule_kind: str
    name: Pair | None
    spec: RuleSpec | None
    sentence: Pair
    links: tuple[WhyLink, ...]
    start: datetime
    end: datetime

    @property
    def shows_health(self) -> bool:
        """Whether there is a health value among the links."""
        return any(link.what == "reading" and link.name in HEALTH for link in self.links)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of the picture, with the limits it was judged by."""

    device_id: int
    metric: str
    points: Sequence[Point]
    low: float | None
    high: float | None


def read_why(session: Session, alert: Alert, timezone: str, *, health: bool) -> Why:
    """Why this alert; without health values where `health` is false."""
    links = _links(session, alert)
    spec = spec_of(session, alert)
    name = None if spec is None else (spec.name.zh, spec.name.en)
    # An alert from before rules were data bears no kind; one that worsens another's bears its own.
    rule_kind = spec.kind if spec is not None and alert.rule_kind == "signal" else alert.rule_kind
    facts = WhyFacts(
        rule_kind=rule_kind,
        rule_name=name,
        version=alert.rule_version,
        alert_kind=alert.kind,
        at=alert.raised_at,
        links=links,
        zone=ZoneInfo(timezone),
        spec=spec,
        area=_area(session, alert),
        count=alert.count,
        health=health,
        trouble=alert.subject if alert.rule == RULE else None,
    )
    start, end = _span(alert, links)
    shown = links if health else tuple(_without_value(link) for link in links)
    return Why(alert, rule_kind, name, spec, sentence(facts), shown, start, end)


def spec_of(session: Session, alert: Alert) -> RuleSpec | None:
    """What the rule said in the version that made the alert; None for Yinling's own findings."""
    code = (alert.evidence or {}).get("rule", alert.rule)
    if alert.rule_version:
        version = find_version(session, code, alert.rule_version)
        return None if version is None else ADAPTER.validate_python(version.spec)
    return builtin_specs().get(code)


def read_series(readings: ReadingStore, why: Why, *, health: bool) -> list[Series]:
    """The series the rule looked at, around the alert; health values only where they may be seen."""
    wanted: dict[tuple[int, str], WhyLink] = {}
    for link in why.links:
        metric = _DRAWN_WITH.get(link.name, link.name if link.what == "reading" else None)
        if link.device_id is not None and metric is not None and metric != _POSITION and (health or metric not in HEALTH):
            wanted[link.device_id, metric] = link
    if not wanted:
        return []
    devices, metrics = sorted({device for device, _ in wanted}), sorted({metric for _, metric in wanted})
    found = readings.read_many(devices, metrics, why.start, why.end, POINTS)
    return [
        Series(device, metric, found.get((device, metric), []), _side(link.details, "low"), _side(link.details, "high"))
        for (device, metric), link in sorted(wanted.items())
    ]


def read_signals(session: Session, why: Why) -> Sequence[SignalRecord]:
    """What the home's devices told around the alert, the latest first, as marks in the picture."""
    query = (
        sa.select(SignalRecord)
        .where(SignalRecord.home_id == why.alert.home_id)
        .where(SignalRecord.received_at >= why.start, SignalRecord.received_at < why.end)
        .order_by(SignalRecord.received_at.desc(), SignalRecord.id.desc())
        .limit(MOST_SIGNALS)
    )
    return [] if why.alert.home_id is None else session.scalars(query).all()


def _links(session: Session, alert: Alert) -> tuple[WhyLink, ...]:
    rows = session.scalars(sa.select(Evidence).where(Evidence.alert_id == alert.id).order_by(Evidence.id)).all()
    ids = {row.device_id for row in rows if row.device_id is not None}
    devices = {device.id: device for device in session.scalars(sa.select(Device).where(Device.id.in_(ids)))}
    return tuple(_link(row, devices) for row in rows)


def _link(row: Evidence, devices: Mapping[int, Device]) -> WhyLink:
    """A link with its device as it was called then, or as it is called now."""
    details = dict(row.details or {})
    device = None if row.device_id is None else devices.get(row.device_id)
    name, room = details.pop("device", None), details.pop("room", None)
    return WhyLink(
        at=row.at,
        what=row.what,
        name=row.name,
        effect=row.effect,
        device_id=row.device_id,
        device=name or (None if device is None else device.name),
        room=room if room is not None or device is None else device.room,
        value=row.value,
        details={**details, "room": room} if row.what == "silence" and room is not None else details,
    )


def _without_value(link: WhyLink) -> WhyLink:
    if link.name not in HEALTH:
        return link
    return replace(link, value=None, details={})


def _area(session: Session, alert: Alert) -> str | None:
    if alert.home_id is not None or alert.incident_id is None:
        return None
    query = sa.select(Area.name).join(Incident, Incident.area_id == Area.id)
    return session.scalar(query.where(Incident.id == alert.incident_id))


def _span(alert: Alert, links: Sequence[WhyLink]) -> tuple[datetime, datetime]:
    """What the picture shows: from a while before the first link to a while after the alert."""
    times = [alert.happened_at, alert.raised_at, *(link.at for link in links if link.effect in {"raised", "worsened"})]
    first, last = min(times), max(times)
    margin = min(max((last - first) / 2, _LEAST_MARGIN), _MOST_MARGIN)
    return first - margin, last + margin


def _side(details: Mapping[str, Any], name: str) -> float | None:
    value = details.get(name)
    return float(value) if isinstance(value, int | float) else None


__all__ = ["Series", "Why", "read_series", "read_signals", "read_why", "spec_of"]
