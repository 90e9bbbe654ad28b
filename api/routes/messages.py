"""What arrived and was not understood, and what the broker refused: shown, so that nobody has to guess why a device is dumb."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from api.callers import allowed
from api.cursors import read_cursor, write_cursor
from api.deps import Using
from api.errors import refusals
from api.schemas.devices import RefusalList, RefusalOut, UnknownMessageList, UnknownMessageOut
from core.errors import InvalidInputError
from devices.model import Device
from ingest.model import BrokerRefusal, UnknownMessage, UnknownTopic
from people.model import Home
from people.rights import Caller, Capability

router = APIRouter(tags=["messages"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_UNKNOWN))]
PAYLOAD_SHOWN = 4096
"""Characters of a payload that are shown; a gateway's device list can be a megabyte."""


@router.get("/messages/unknown", responses=refusals(InvalidInputError("invalid_cursor")))
def list_unknown_messages(
    caller: Seer, deps: Using, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> UnknownMessageList:
    """Topics with something not understood, the latest first, with the newest payload of each.

    Whoever is limited to areas or homes sees those of their homes; what no home can be told of, only who sees all.
    """
    before = read_cursor(cursor, int, int)
    query = (
        sa.select(UnknownTopic, Home.code, Device.code)
        .outerjoin(Home, Home.id == UnknownTopic.home_id)
        .outerjoin(Device, Device.id == UnknownTopic.device_id)
        .order_by(UnknownTopic.last_at.desc(), UnknownTopic.id.desc())
    )
    if not caller.scope.whole_centre:
        query = query.where(caller.scope.of_home(UnknownTopic.home_id))
    if before is not None:
        place = (sa.cast(UnknownTopic.last_at, sa.BigInteger), UnknownTopic.id)
        query = query.where(sa.tuple_(*place) < sa.tuple_(before[0], before[1]))
    with deps.database.snapshot() as session:
        rows = session.execute(query.limit(limit + 1)).all()
        payloads = _newest_payloads(session, [topic.id for topic, _, _ in rows[:limit]])
    items = [_unknown(topic, home, device, payloads.get(topic.id)) for topic, home, device in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return UnknownMessageList(
        items=items, next=None if last is None else write_cursor(round(last.last_at.timestamp() * 1_000_000), last.id)
    )


def _newest_payloads(session: Session, topic_ids: Sequence[int]) -> dict[int, bytes]:
    newest = sa.select(sa.func.max(UnknownMessage.id)).where(UnknownMessage.unknown_topic_id.in_(topic_ids))
    newest = newest.group_by(UnknownMessage.unknown_topic_id)
    query = sa.select(UnknownMessage.unknown_topic_id, UnknownMessage.payload).where(UnknownMessage.id.in_(newest))
    return dict(session.execute(query).all())


def _unknown(topic: UnknownTopic, home: str | None, device: str | None, payload: bytes | None) -> UnknownMessageOut:
    shown, encoding = (None, None) if payload is None else show_payload(payload)
    return UnknownMessageOut(
        id=topic.id,
        topic=topic.topic,
        reason=topic.reason,
        detail=topic.detail,
        count=topic.count,
        home=home,
        device=device,
        first_at=topic.first_at,
        last_at=topic.last_at,
        payload=shown,
        encoding=encoding,
    )


def show_payload(payload: bytes) -> tuple[str, Literal["text", "base64"]]:
    """The beginning of a payload, as text where it is printable text and in base64 where it is not."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return base64.b64encode(payload[:PAYLOAD_SHOWN]).decode(), "base64"
    if any(not letter.isprintable() and letter not in "\r\n\t" for letter in text[:PAYLOAD_SHOWN]):
        return base64.b64encode(payload[:PAYLOAD_SHOWN]).decode(), "base64"
    return text[:PAYLOAD_SHOWN], "text"


@router.get("/broker/refusals", responses=refusals())
def list_refusals(caller: Seer, deps: Using, limit: Annotated[int, Query(ge=1, le=500)] = 200) -> RefusalList:
    """Connections and publications the broker refused, the latest first."""
    query = sa.select(BrokerRefusal, Device.code).outerjoin(Device, Device.id == BrokerRefusal.device_id)
    query = query.order_by(BrokerRefusal.last_at.desc(), BrokerRefusal.id.desc()).limit(limit)
    if not caller.scope.whole_centre:
        query = query.where(caller.scope.of_home(Device.home_id))
    with deps.database.snapshot() as session:
        rows = session.execute(query).all()
    return RefusalList(
        items=[
            RefusalOut(
                client=refusal.client,
                reason=refusal.reason,
                detail=refusal.detail,
                count=refusal.count,
                device=device,
                first_at=refusal.first_at,
                last_at=refusal.last_at,
            )
            for refusal, device in rows
        ]
    )
