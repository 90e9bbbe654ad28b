"""The centre on one screen, and the probe's last runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from alerts.model import Incident, ProbeRun
from alerts.presence import count_watching
from api.callers import allowed
from api.deps import Deps, Using
from api.errors import refusals
from api.figures import FIGURES_OVER, alarm_curve, answered, busiest_area, open_counts
from api.schemas.overview import Overview, ProbeItem, ProbeList, ProbeState
from api.status import gather, gauge_sum
from api.views.devices import silent_devices
from api.visibility import visible_devices
from devices.model import Device, DeviceState
from ingest.model import UnknownTopic
from people.model import Home
from people.rights import Caller, Capability

router = APIRouter(tags=["centre"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_OVERVIEW))]
SPOOL_GAUGE = "yinling_spool_bytes"


@router.get("/centre/overview", responses=refusals())
async def read_overview(caller: Seer, deps: Using) -> Overview:
    """The figures of the caller's scope: the last 24 hours, and what is so now."""
    spool_bytes = gauge_sum(await gather(deps), SPOOL_GAUGE)
    return await run_in_threadpool(_overview, deps, caller, int(spool_bytes))


def _overview(deps: Deps, caller: Caller, spool_bytes: int) -> Overview:
    now = deps.clock.now()
    with deps.database.snapshot() as session:
        in_use = sa.select(sa.func.count()).select_from(Device).where(visible_devices(caller), Device.state != DeviceState.RETIRED)
        unknown = sa.select(sa.func.count()).select_from(UnknownTopic)
        if not caller.scope.whole_centre:
            unknown = unknown.where(caller.scope.of_home(UnknownTopic.home_id))
        last_closed = sa.select(sa.func.max(Incident.closed_at, type_=Incident.closed_at.type)).where(
            Incident.probe.is_(False), sa.or_(caller.scope.of_home(Incident.home_id), Incident.home_id.is_(None))
        )
        return Overview(
            homes=session.scalar(sa.select(sa.func.count()).select_from(Home).where(caller.scope.homes())) or 0,
            devices=session.scalar(in_use) or 0,
            silent_devices=session.scalar(in_use.where(silent_devices(now))) or 0,
            open=open_counts(session, caller),
            answered=answered(session, caller, now, now),
            answered_yesterday=answered(session, caller, now, now - FIGURES_OVER),
            busiest_area=busiest_area(session, caller),
            probe=_probe_state(session),
            fallback_configured=bool(deps.settings.fallback_urls),
            last_closed_at=session.scalar(last_closed),
            watching_operators=count_watching(session, now),
            unknown_messages=session.scalar(unknown) or 0,
            spool_bytes=spool_bytes,
            curve=alarm_curve(session, caller, now),
        )


def _probe_state(session: Session) -> ProbeState | None:
    run = session.scalar(sa.select(ProbeRun).where(ProbeRun.outcome != "sent").order_by(ProbeRun.id.desc()).limit(1))
    return None if run is None else ProbeState(outcome=run.outcome, latency_milliseconds=run.latency_milliseconds, at=_when(run))


def _when(run: ProbeRun) -> datetime:
    return run.arrived_at or run.due_at


@router.get("/probe", responses=refusals())
def list_probe_runs(_caller: Seer, deps: Using, limit: Annotated[int, Query(ge=1, le=1440)] = 120) -> ProbeList:
    """The last synthetic alarms, newest first."""
    with deps.database.snapshot() as session:
        runs = session.scalars(sa.select(ProbeRun).order_by(ProbeRun.id.desc()).limit(limit)).all()
    return ProbeList(
        items=[
            ProbeItem(
                sent_at=run.sent_at, arrived_at=run.arrived_at, outcome=run.outcome, latency_milliseconds=run.latency_milliseconds
            )
            for run in runs
        ]
    )
