"""Modes of homes and devices: away, hospital, test, drill, out of service. Every one has an end."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from alerts.acts.by import By
from alerts.mode_ends import end_stay, set_mode
from alerts.modes.model import Mode, ModeKind
from alerts.modes.service import Wanted
from alerts.timeline import Actor
from api.callers import allowed
from api.cursors import read_cursor, write_cursor
from api.deps import Using
from api.errors import NO_HOME, refusals
from api.schemas.base import Id
from api.schemas.modes import ModeCreate, ModeList, ModeName, ModeOut
from api.views.modes import mode_views
from core.errors import ForbiddenError, InvalidInputError, NotFoundError
from devices.model import Device, DeviceState
from people import audit, store
from people.model import Home
from people.rights import Caller, Capability

router = APIRouter(tags=["modes"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_HOMES))]
Setter = Annotated[Caller, Depends(allowed(Capability.SET_MODES, Capability.SET_AWAY, Capability.SET_TEST))]
Keeper = Annotated[Caller, Depends(allowed(Capability.SET_MODES, Capability.SET_TEST))]

NO_MODE = NotFoundError("mode_not_found")
_NEEDED = {
    ModeKind.AWAY: Capability.SET_AWAY,
    ModeKind.HOSPITAL: Capability.SET_AWAY,
    ModeKind.TEST: Capability.SET_TEST,
    ModeKind.DRILL: Capability.SET_MODES,
    ModeKind.OUT_OF_SERVICE: Capability.SET_MODES,
}
_PAST = 50
"""Stays of one home that are shown when the ended ones are asked for too."""


@router.get("/modes", responses=refusals(InvalidInputError("invalid_cursor")))
def list_modes(
    caller: Keeper,
    deps: Using,
    mode: ModeName | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ModeList:
    """What stands now in the homes of the caller, newest first."""
    after = read_cursor(cursor, int)
    query = sa.select(Mode).where(Mode.ended_at.is_(None), caller.scope.of_home(Mode.home_id)).order_by(Mode.id.desc())
    if mode is not None:
        query = query.where(Mode.mode == mode)
    if after is not None:
        query = query.where(Mode.id < after[0])
    with deps.database.snapshot() as session:
        found = session.scalars(query.limit(limit + 1)).all()
        items = mode_views(session, found[:limit])
    return ModeList(items=items, next=write_cursor(items[-1].id) if len(found) > limit else None)


@router.get("/homes/{code}/modes", responses=refusals(NO_HOME))
def list_modes_of_home(
    code: str, caller: Seer, deps: Using, *, ended: Annotated[bool, Query(description="Also those that are over.")] = False
) -> ModeList:
    """The modes that stand at a home, newest first."""
    with deps.database.snapshot() as session:
        home = store.find_home(session, code, caller.scope)
        query = sa.select(Mode).where(Mode.home_id == home.id).order_by(Mode.id.desc())
        query = query.limit(_PAST) if ended else query.where(Mode.ended_at.is_(None))
        return ModeList(items=mode_views(session, session.scalars(query).all()), next=None)


@router.post(
    "/homes/{code}/modes",
    status_code=201,
    responses=refusals(
        NO_HOME,
        InvalidInputError("mode_end_out_of_range"),
        InvalidInputError("mode_needs_device"),
        InvalidInputError("mode_takes_no_device"),
        InvalidInputError("mode_takes_no_resident"),
        InvalidInputError("unknown_resident"),
        InvalidInputError("unknown_device"),
    ),
)
def set_mode_of_home(code: str, wanted: ModeCreate, caller: Setter, deps: Using) -> ModeOut:
    """Begin a stay; where the same one stands already it gets this end and this reason."""
    kind = ModeKind(wanted.mode)

    def run(session: Session, by: By) -> ModeOut:
        home = store.find_home(session, code, caller.scope)
        _check_right(caller, kind)
        _check_subject(session, home, wanted)
        stay = Wanted(home.id, kind, wanted.until, wanted.reason, wanted.resident_id, wanted.device_id)
        mode = set_mode(session, stay, by)
        details = {"mode": wanted.mode, "until": wanted.until.isoformat(), "device": wanted.device_id}
        audit.write(session, by.now, caller, "mode.set", subject=f"mode:{mode.id}", home_id=home.id, **details)
        return mode_views(session, [mode])[0]

    return deps.desk.do(Actor(caller.user_id, caller.name), run)


@router.delete("/homes/{code}/modes/{mode_id}", responses=refusals(NO_HOME, NO_MODE))
def end_mode_of_home(code: str, mode_id: Id, caller: Setter, deps: Using) -> ModeOut:
    """End a stay now; what it kept out of sight and is still so is shown. Ending it again changes nothing."""

    def run(session: Session, by: By) -> ModeOut:
        home = store.find_home(session, code, caller.scope)
        mode = session.scalar(sa.select(Mode).where(Mode.id == mode_id, Mode.home_id == home.id))
        if mode is None:
            raise NO_MODE
        _check_right(caller, ModeKind(mode.mode))
        if mode.ended_at is None:
            end_stay(session, mode, by.now, by.settings, by.actor)
            audit.write(session, by.now, caller, "mode.ended", subject=f"mode:{mode.id}", home_id=home.id, mode=mode.mode)
        return mode_views(session, [mode])[0]

    return deps.desk.do(Actor(caller.user_id, caller.name), run)


def _check_right(caller: Caller, kind: ModeKind) -> None:
    if not caller.can(_NEEDED[kind]):
        raise ForbiddenError


def _check_subject(session: Session, home: Home, wanted: ModeCreate) -> None:
    """Resident and device are of this home."""
    if wanted.resident_id is not None and wanted.resident_id not in {resident.id for resident in home.residents}:
        raise InvalidInputError("unknown_resident", resident=wanted.resident_id)
    if wanted.device_id is not None:
        here = sa.select(Device.id).where(
            Device.id == wanted.device_id, Device.home_id == home.id, Device.state != DeviceState.RETIRED
        )
        if session.scalar(here) is None:
            raise InvalidInputError("unknown_device", device=wanted.device_id)
