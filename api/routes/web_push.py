"""Browsers that want pages: the key they subscribe with, and their subscriptions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from alerts.channels.keys import load_or_create_keys
from api.callers import Ready
from api.deps import Using
from api.errors import refusals
from api.schemas.reach import ContactPointOut, WebPushKey
from api.views.reach import point_view
from core.errors import ConflictError, InvalidInputError
from people.reach import service
from people.reach.schemas import Subscription

router = APIRouter(tags=["reach"])


@router.get("/web-push/key", responses=refusals())
def read_web_push_key(_caller: Ready, deps: Using) -> WebPushKey:
    """The centre's public key."""
    return WebPushKey(key=load_or_create_keys(deps.settings).vapid_public)


@router.post(
    "/web-push/subscriptions",
    status_code=201,
    responses=refusals(
        InvalidInputError("push_service_unknown"), ConflictError("no_contact_of_yours"), ConflictError("too_many_contact_points")
    ),
)
def create_web_push_subscription(wanted: Subscription, caller: Ready, deps: Using) -> ContactPointOut:
    """Page this browser too; again renews its keys. A family's browser belongs to the contact with their number."""
    with deps.database.transaction() as session:
        owner = service.subscriber_of(session, caller)
        point = service.subscribe(session, owner, wanted, deps.settings.web_push_hosts, deps.clock.now(), caller)
        return point_view(point)


@router.delete("/web-push/subscriptions", status_code=204, responses=refusals(ConflictError("no_contact_of_yours")))
def remove_web_push_subscription(endpoint: Annotated[str, Query(max_length=1000)], caller: Ready, deps: Using) -> None:
    """Page this browser no more; nothing happens when it was not."""
    with deps.database.transaction() as session:
        service.unsubscribe(session, service.subscriber_of(session, caller), endpoint, deps.clock.now(), caller)
