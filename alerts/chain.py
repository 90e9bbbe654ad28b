"""The why-chain of an alert, written as it happens: what raised it, repeated it, made it worse, ended it.

At most a hundred links an alert: of a button pressed all night the first hundred tell enough, its count the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.findings import Finding, Link
from alerts.model import Alert, Evidence

LONGEST_CHAIN = 100


class Effect(StrEnum):
    """What a link did to its alert."""

    RAISED = "raised"
    REPEATED = "repeated"
    WORSENED = "worsened"
    RETURNED = "returned"


def keep_links(session: Session, alert: Alert, finding: Finding, effect: Effect, now: datetime) -> None:
    """Write the links of a finding that did something to an alert; the alert must have its id."""
    links = finding.chain or (plain_link(finding, now),)
    room = LONGEST_CHAIN
    if effect is not Effect.RAISED and not _certainly_fits(alert, links):
        room -= session.scalar(sa.select(sa.func.count()).where(Evidence.alert_id == alert.id)) or 0
    for link in links[-room:] if room > 0 else ():
        session.add(
            Evidence(
                alert_id=alert.id,
                at=link.at,
                what=link.what,
                device_id=link.device_id,
                name=link.name[:60],
                value=link.value,
                effect=effect,
                rule_version=finding.rule_version,
                details=dict(link.details) or None,
            )
        )


def _certainly_fits(alert: Alert, links: Sequence[Link]) -> bool:
    """Signals leave one link each time they come and one when they end: while they are few nothing needs to be counted."""
    return alert.rule_kind == "signal" and len(links) == 1 and 2 * alert.count < LONGEST_CHAIN


def plain_link(finding: Finding, now: datetime) -> Link:
    """The one link of a finding that brought no chain: its signal, its reading, or its silence."""
    event = finding.event or finding.caused_by
    if event is not None:
        return Link("signal", event.happened_at, event.type, event.device_id)
    said = finding.evidence
    value = said.get("value")
    if isinstance(said.get("metric"), str) and isinstance(value, int | float):
        return Link("reading", now, said["metric"], finding.device_id, float(value), _others(said, ("metric", "value")))
    what = "area" if finding.area_id is not None else "silence"
    return Link(what, now, finding.rule, finding.device_id, None, dict(said))


def _others(said: Mapping[str, Any], taken: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in taken}


__all__ = ["LONGEST_CHAIN", "Effect", "keep_links", "plain_link"]
