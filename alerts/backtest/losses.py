"""When one home was without power or voice, from its stored time: the signs that the watch over areas counts.

Power and silence are lived again by the rules in force, as live raises their alerts; a lost connection is what was stored of
it. A sign that a mode kept out of sight counts from the mode's end; what was said in a test or a drill never does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from alerts.backtest.course import Course, Found
from alerts.backtest.sources import Sources
from alerts.backtest.standing import StayedModes
from alerts.findings import Condition
from alerts.lanes import OUTAGE_RULES
from alerts.outages.course import Sign
from alerts.outages.scene import is_gateway
from alerts.rules.absence import RULE as SILENCE
from alerts.rules.context import HomeFacts
from timeseries.ports import CONNECTED

_OFFLINE = "offline"


def signs_of(course: Course, modes: StayedModes, sources: Sources, start: datetime, end: datetime) -> Iterator[Sign | None]:
    """Every sign that touches [start, end), in no order; None now and then."""
    lasting: dict[tuple[str, str], Found] = {}
    for found in course.run(sources, start, end):
        if found is None:
            yield None
        elif found.finding.rule in OUTAGE_RULES and _speaks_for_home(course.home, found):
            key = (found.finding.rule, found.finding.subject)
            if found.finding.condition is Condition.ON:
                lasting.setdefault(key, found)
            elif found.finding.condition is Condition.OFF and key in lasting:
                yield from _shown(lasting.pop(key), found.at, modes, end)
    for found in lasting.values():
        yield from _shown(found, None, modes, end)
    yield from _of_connections(course.home, sources, start, end)


def _speaks_for_home(home: HomeFacts, found: Found) -> bool:
    """A home on battery, or its gateway's silence; other devices fall silent for reasons of their own."""
    facts = home.devices.get(found.finding.device_id or 0)
    return found.finding.rule != SILENCE or (facts is not None and is_gateway(facts.profile))


def _shown(found: Found, until: datetime | None, modes: StayedModes, end: datetime) -> Iterator[Sign]:
    """The stretches of a condition in which no mode muted it."""
    if modes.is_practice(found.finding, found.at):
        return
    last = end if until is None else until
    edges = [found.at, *(at for at in modes.edges() if found.at < at < last), last]
    for since, then in pairwise(edges):
        if modes.because(found.finding, since) is None:
            ends = None if then == last and until is None else then
            yield Sign(found.finding.home_id or 0, found.at, ends, found.finding.rule, since)


def _of_connections(home: HomeFacts, sources: Sources, start: datetime, end: datetime) -> Iterator[Sign]:
    """Devices of their own, not behind a gateway, that said good-bye or whose will was told."""
    own = [facts.id for facts in home.devices.values() if facts.parent_id is None]
    since: dict[int, datetime] = {}
    for one in sources.readings.scan(own, frozenset({CONNECTED}), start, end) if own else ():
        if not one.value:
            since.setdefault(one.device_id, one.at)
        elif one.device_id in since:
            at = since.pop(one.device_id)
            yield Sign(home.id, at, one.at, _OFFLINE, at)
    for at in since.values():
        yield Sign(home.id, at, None, _OFFLINE, at)


__all__ = ["signs_of"]
