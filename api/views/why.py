"""Why there is an alert, as an answer."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alerts.why import Series, Why, read_signals
from alerts.why_sentence import HEALTH, WhyLink
from api.schemas.devices import ReadingOut
from api.schemas.why import Sentence, WhyLinkOut, WhyOut, WhyRule, WhySeries, WhySignal
from devices.model import Device
from devices.vocabulary import METRICS


def why_view(session: Session, why: Why, series: list[Series], *, health: bool) -> WhyOut:
    """The whole answer."""
    signals = read_signals(session, why)
    devices = _devices(session, [*(one.device_id for one in series), *(one.device_id for one in signals)])
    return WhyOut(
        sentence=Sentence(zh=why.sentence[0], en=why.sentence[1]),
        rule=WhyRule(
            code=why.alert.rule,
            version=why.alert.rule_version,
            name=None if why.name is None else Sentence(zh=why.name[0], en=why.name[1]),
            kind=why.rule_kind,
            spec=why.spec,
        ),
        links=[_link(link) for link in why.links],
        series=[_series(one, devices[one.device_id]) for one in series if one.device_id in devices],
        signals=[
            WhySignal(
                at=row.received_at,
                type=row.type,
                device_id=row.device_id,
                device_name=devices[row.device_id].name,
                room=devices[row.device_id].room,
            )
            for row in reversed(signals)
        ],
        at=why.alert.raised_at,
        start=why.start,
        end=why.end,
        health_hidden=not health and any(link.name in HEALTH for link in why.links),
    )


def _link(link: WhyLink) -> WhyLinkOut:
    return WhyLinkOut(
        at=link.at,
        what=link.what,
        name=link.name,
        effect=link.effect,
        device_id=link.device_id,
        device_name=link.device,
        room=link.room,
        value=link.value,
        details=dict(link.details),
    )


def _series(one: Series, device: Device) -> WhySeries:
    return WhySeries(
        device_id=device.id,
        device_name=device.name,
        room=device.room,
        metric=one.metric,
        unit=METRICS[one.metric].unit if one.metric in METRICS else "",
        points=[ReadingOut(at=point.at, value=point.value) for point in one.points],
        low=one.low,
        high=one.high,
    )


def _devices(session: Session, ids: Iterable[int]) -> dict[int, Device]:
    return {device.id: device for device in session.scalars(sa.select(Device).where(Device.id.in_(set(ids))))}
