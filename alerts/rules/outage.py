"""Many homes of one area silent, without power or cut off at once: one finding of the area with its list. Pure.

The pager counts, for no worker knows more homes than its own. A cluster is the most homes that were lost within the rule's
time of each other; it must reach both the number and the share of the watched homes. While an outage is open further homes
join it however late they are lost, and it is over when fewer than half of the number needed are still lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.findings import Condition, Finding, Link
from alerts.ruleset.compile import RuleInForce
from alerts.ruleset.schemas import OutageRule

_MOST_LINKS = 90


@dataclass(frozen=True, slots=True)
class LostHome:
    """A home of the area from which something essential went away."""

    home_id: int
    at: datetime
    """When, by our clock."""
    because: str
    """`silence`, `power` or `offline`."""


_WORST_FIRST = ("power", "silence", "offline")


def surest_of(signs: Iterable[LostHome]) -> list[LostHome]:
    """Each home once: when it was lost first, and the surest sign of it."""
    of_home: dict[int, list[LostHome]] = {}
    for one in signs:
        of_home.setdefault(one.home_id, []).append(one)
    return [
        LostHome(home_id, min(one.at for one in found), min((one.because for one in found), key=_WORST_FIRST.index))
        for home_id, found in of_home.items()
    ]


def needed_homes(spec: OutageRule, watched: int) -> int:
    """How many homes of `watched` must be lost."""
    return max(spec.homes_at_least, -(-int(watched * spec.share_at_least * 1_000_000) // 1_000_000))


def cluster_of(spec: OutageRule, watched: int, lost: Iterable[LostHome]) -> tuple[LostHome, ...]:
    """The homes lost together, by time; none when they are too few to be an outage."""
    first = {one.home_id: one for one in sorted(lost, key=lambda one: one.at, reverse=True)}
    ordered = sorted(first.values(), key=lambda one: (one.at, one.home_id))
    within = timedelta(seconds=spec.within_seconds)
    best: Sequence[LostHome] = ()
    start = 0
    for end, last in enumerate(ordered):
        while last.at - ordered[start].at > within:
            start += 1
        if end + 1 - start > len(best):
            best = ordered[start : end + 1]
    return tuple(best) if len(best) >= needed_homes(spec, watched) else ()


def is_over(spec: OutageRule, watched: int, still_lost: int) -> bool:
    """Whether an open outage has ended."""
    return still_lost * 2 < needed_homes(spec, watched)


def finding_of_outage(  # noqa: PLR0913 an area, its homes and what is so
    rule: RuleInForce,
    area_id: int,
    area_code: str,
    lost: Sequence[LostHome],
    now: datetime,
    *,
    condition: Condition,
    watched: int,
) -> Finding:
    """The finding of an area: on with its homes, or off with those that are still lost."""
    spec = rule.spec
    counted = {"homes": len(lost), "watched": watched}
    links = [Link("area", one.at, one.because, None, None, {"home_id": one.home_id}) for one in lost[:_MOST_LINKS]]
    return Finding(
        home_id=None,
        device_id=None,
        rule=spec.code,
        subject=f"area:{area_code}",
        kind=spec.raises,
        severity=spec.severity,
        condition=condition,
        lane=f"outage:area:{area_id}",
        evidence={**counted, "within_seconds": getattr(spec, "within_seconds", None)},
        rule_kind=spec.kind,
        rule_version=rule.version,
        monitor=spec.monitor,
        playbook=spec.playbook,
        audience=spec.audience,
        chain=(*links, Link("area", now, "outage", None, float(len(lost)), counted)),
        area_id=area_id,
    )


__all__ = ["LostHome", "cluster_of", "finding_of_outage", "is_over", "needed_homes", "surest_of"]
